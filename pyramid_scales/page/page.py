"""The page for people: a snapshot and what was asked of it → HTML.

Pure: all that the page shows stands in its :class:`PageContext`. ``rows`` flattens the tree, ``traffic``
and ``route_page`` arrange the figures of requests, ``charts`` computes drawings, ``units`` writes numbers;
the templates hold every byte of markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from markupsafe import Markup

from ..address import Address
from ..lookup import Leaf, find
from ..snapshot import Node, Path
from . import columns, explanations, route_page, rows, traffic, values
from .assets import static_files, templates
from .context import BadParameter, PageContext
from .gather import Gathered, gather
from .gather import shape as shape_of
from .head import head, path_text

__all__ = ["BadParameter", "PageContext", "render", "render_error"]

_LATE = re.compile("<!--(routes|tree|values)-->")
"""Where a large part belongs; escaped texts can't hold it."""
OWN = "pyramid"
"""The key of what this package itself puts in the tree."""


def render(context: PageContext) -> str:
    """The page, or with ``context.fragment`` what of it may have changed; both are HTML.

    Raises :class:`BadParameter` for a parameter that means nothing.
    """
    name = "fragment.jinja2" if context.fragment else "page.jinja2"
    about = explanations.BY_KEY
    shown = {"page": context, "about": about, **_frame(context.address), **head(context), **_figures(context)}
    # The tree can be megabytes, and each template around it would copy it: it is put in at the end.
    late = {part: shown[part] for part in ("routes", "tree", "values") if shown[part]}
    shown |= {part: Markup(f"<!--{part}-->") for part in late}
    found: list[str] = []
    for number, piece in enumerate(_LATE.split(templates().get_template(name).render(shown))):
        found += late[piece] if number % 2 else (piece,)
    return "".join(found)


def render_error(status: str, sentences: Sequence[str], address: Address, nearest: Path | None = None) -> str:
    """The page that says what was wrong with a request and what would be right.

    ``status`` is such as ``404 Not Found``; ``nearest`` is what exists and was perhaps meant.
    """
    shown = {"status": status, "sentences": sentences, "home": address.to(), "nearest": None}
    if nearest:
        shown["nearest"] = (path_text(nearest), address.to(nearest))
    # Who may not see the page may not have its files either.
    frame = {} if status.startswith("403") else _frame(address)
    return templates().get_template("error.jinja2").render(frame | shown)


def _frame(address: Address) -> dict[str, Any]:
    """What every page needs: the addresses of our own files."""
    return {
        name.replace(".", "_"): address.static(name, file.version) for name, file in static_files().items()
    }


def _figures(context: PageContext) -> dict[str, Any]:
    """What was asked for: one route, or the tree, at its root below the overview."""
    about = explanations.STATISTICS + (explanations.MERGED if context.snapshot.workers else ())
    nothing: dict[str, Any] = {
        "route": None,
        "traffic": None,
        "routes": None,
        "tree": (),
        "values": None,
        "columns": columns.COLUMNS,
        "legend": about,
    }
    try:
        by = columns.sorting(context.sort, context.order)
    except ValueError as error:
        raise BadParameter(str(error)) from error
    if context.route is not None:
        about = explanations.ROUTE
        return nothing | {"route": _route(context, context.route), "legend": about}
    requests = context.snapshot.requests
    if requests is None or context.path or context.query:
        return nothing | _tree(context, frozenset())
    found = traffic.view_of(requests, by, context)
    about = explanations.OVERVIEW + (explanations.WORKERS if found.workers else ()) + about
    # Rendered apart: each template around it would cost a step for each piece of a row.
    table = templates().get_template("routes.jinja2").render(traffic=found, about=explanations.BY_KEY)
    return nothing | {
        "traffic": found,
        "routes": (table,),
        "legend": about,
        **_tree(context, frozenset([(OWN,)])),
    }


def _route(context: PageContext, name: str) -> route_page.RouteView:
    if context.snapshot.requests is None:
        raise BadParameter(f"There are no figures of the route {name!r}. {context.timing_hint}")
    found = route_page.view_of(
        name, context.snapshot.requests, context.known_routes, context.snapshot.workers
    )
    if found is None:
        raise BadParameter(f"The application has no route {name!r}, and none of this name was requested.")
    return found


def _tree(context: PageContext, closed: frozenset[Path]) -> dict[str, Any]:
    """The statistics, as HTML, as the bare values of a tree that the browser has, or a single one."""
    shown: dict[str, Any] = {
        "leaf": None,
        "tree": (),
        "values": None,
        "shape": "",
        "nothing": False,
        "unused": False,
    }
    found = context.found
    if isinstance(found, Leaf):
        return shown | {"leaf": _leaf(context, found)}
    shown["nothing"] = not found.data and not found.children
    # Our own part is always there; the reader is told what to do to see something of the application's.
    shown["unused"] = not (context.path or context.query) and found.keys() == [OWN]
    gathered = gather(found, context.path, closed)
    shape = shape_of(gathered)
    if context.fragment == shape:
        return shown | {"shape": shape, "values": (escape(rows.bare(gathered), quote=False),)}
    return shown | {"shape": shape, "tree": _rows(context, gathered)}


def _leaf(context: PageContext, leaf: Leaf) -> dict[str, str]:
    if leaf.type_name == "error":
        return {"type": "error", "exact": values.UNREAD, "human": ""}
    text = values.exact([leaf.value])[0]
    *above, key = context.path
    parent = find(context.snapshot.root, tuple(above))
    write = values.meaning(tuple(above), parent.kind) if isinstance(parent, Node) else None
    human = write(key, leaf.value) if write else values.human(leaf.type_name, leaf.value, text)
    return {"type": leaf.type_name, "exact": text, "human": human}


def _rows(context: PageContext, found: Gathered) -> Iterator[str]:
    address = context.address
    suffix = address.to((), **context.kept)[len(address.base) :]
    plan = rows.Plan(address, suffix, context.snapshot.approximate, unfold=bool(context.query))
    return templates().get_template("tree.jinja2").generate(rows=rows.levels(found, context.path, plan))
