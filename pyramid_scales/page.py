"""The page for people: a snapshot and what was asked of it → HTML.

Pure: all that the page shows stands in its :class:`PageContext`. ``rows`` flattens the tree, ``units``
writes numbers for people, ``charts`` computes drawings, the templates hold every byte of markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from . import rows, units, values
from .address import Address
from .assets import static_files, templates
from .lookup import Leaf
from .snapshot import Node, Path, Snapshot

FORMATS = (
    ("json", "JSON"),
    ("prettyjson", "pretty JSON"),
    ("prometheus", "Prometheus"),
    ("openmetrics", "OpenMetrics"),
)


class BadParameter(ValueError):
    """A parameter of the page that says nothing; its text is a sentence for the reader (a 400)."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """All that one rendering of the page depends on.

    ``sort``, ``order``, ``route``, ``refresh`` and ``fragment`` are the texts of the parameters of
    these names, ``""`` (for ``route``: ``None``) where the request had none; the page judges them.
    """

    snapshot: Snapshot
    found: Node | Leaf
    """What is shown: the node or leaf at ``path``, after the query."""
    path: Path
    address: Address
    query: str = ""
    scope: str = ""
    """``worker`` where only the answering worker was asked for."""
    title: str = ""
    """The application's name, where it is known."""
    host: str = ""
    pid: int = 0
    uptime: float = 0.0
    """Seconds since the answering process started."""
    now: float = 0.0
    """Unix time of the snapshot, seconds."""
    versions: Sequence[tuple[str, str]] = ()
    """(name, version) of what runs here: Python, Pyramid, …"""
    timing_hint: str = ""
    """Why there are no request figures, as a sentence, where ``snapshot.requests`` is ``None``."""
    multiprocess: bool = False
    """Several processes serve this application (``wsgi.multiprocess``)."""
    shared_dir: str | None = None
    known_routes: Sequence[tuple[str, str, str]] = ()
    """(name, pattern, dotted name of the view) of every route of the application."""
    sort: str = ""
    order: str = ""
    route: str | None = None
    refresh: str = ""
    fragment: str = ""
    """Set by the page's own script: asks for what may have changed, not for the whole page."""


def render(context: PageContext) -> str:
    """The page, or with ``context.fragment`` the part of it that may have changed; both are HTML.

    Raises :class:`BadParameter` for a parameter that means nothing.
    """
    return templates().get_template("page.jinja2").render(frame(context.address) | content(context))


def render_error(status: str, title: str, sentences: Sequence[str], address: Address) -> str:
    """The page that says what was wrong with a request and what would be right.

    ``status`` is such as ``404 Not Found``.
    """
    shown = {"status": status, "title": title, "sentences": sentences, "home": address.to()}
    return templates().get_template("error.jinja2").render(frame(address) | shown)


def frame(address: Address) -> dict[str, Any]:
    """What every page needs."""
    return {name.replace(".", "_"): address.static(name, file.version) for name, file in static_files().items()}


def content(context: PageContext) -> dict[str, Any]:
    """What the template of the page prints."""
    address, kept = context.address, _kept(context)
    return {
        "page": context,
        "title": context.title or "scales",
        "crumbs": _crumbs(context, kept),
        "formats": _formats(context),
        "kept": kept,
        "here": address.to(context.path),
        "clear": address.to(context.path, **kept),
        "uptime": units.duration(context.uptime),
        "problems": _problems(context, kept),
        "leaf": None if isinstance(context.found, Node) else _leaf(context.found),
        "tree": _tree(context, kept),
    }


def _kept(context: PageContext) -> dict[str, str]:
    """The parameters that every link keeps."""
    wanted = {"scope": context.scope, "refresh": context.refresh}
    return {name: text for name, text in wanted.items() if text}


def _crumbs(context: PageContext, kept: dict[str, str]) -> list[tuple[str, str]]:
    """Name and address of each step from the root to what is shown."""
    steps = [("scales", context.address.to((), **kept))]
    for depth, key in enumerate(context.path, 1):
        steps.append((key or rows.EMPTY_KEY, context.address.to(context.path[:depth], **kept)))
    return steps


def _formats(context: PageContext) -> list[tuple[str, str]]:
    """Name and address of the same data in each other format."""
    asked = {"query": context.query, "scope": context.scope}
    return [(name, context.address.to(context.path, format=key, **asked)) for key, name in FORMATS]


def _problems(context: PageContext, kept: dict[str, str]) -> list[tuple[str, str, str]]:
    """Address, path and reason of each statistic that could not be read as it is."""
    return [
        (context.address.to(problem.path, **kept), path_text(problem.path), problem.reason)
        for problem in context.snapshot.problems
    ]


def path_text(path: Path) -> str:
    """A path as one line of text."""
    return "/".join(key or rows.EMPTY_KEY for key in path) or "/"


def _leaf(leaf: Leaf) -> dict[str, str]:
    if leaf.type_name == "error":
        return {"type": "error", "exact": rows.UNREAD, "human": ""}
    text = values.exact([leaf.value])[0]
    return {"type": leaf.type_name, "exact": text, "human": values.human(leaf.type_name, leaf.value, text)}


def _tree(context: PageContext, kept: dict[str, str]) -> Markup:
    """The tree as HTML; rendered apart, since each level of including templates costs a step for each row."""
    if not isinstance(context.found, Node):
        return Markup()
    suffix = context.address.to((), **kept)[len(context.address.base) :]
    near = context.snapshot.approximate
    plan = rows.Plan(context.address, suffix, near, unfold=bool(context.query))
    levels = rows.levels(context.found, context.path, plan)
    return Markup(templates().get_template("tree.jinja2").render(rows=levels))
