"""The page for people: a snapshot and what was asked of it → HTML.

Pure: all that the page shows stands in its :class:`PageContext`. ``rows`` flattens the tree, ``units``
writes numbers for people, ``charts`` computes drawings, the templates hold every byte of markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .address import Address
from .snapshot import Node, Path, Snapshot

if TYPE_CHECKING:
    from .lookup import Leaf


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
    raise NotImplementedError


def render_error(status: str, title: str, sentences: Sequence[str], address: Address) -> str:
    """The page that says what was wrong with a request and what would be right.

    ``status`` is such as ``404 Not Found``.
    """
    raise NotImplementedError
