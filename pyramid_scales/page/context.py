"""What one rendering of the page depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..address import Address
from ..lookup import Leaf
from ..snapshot import Node, Path, Snapshot


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

    @property
    def kept(self) -> dict[str, str]:
        """The parameters that every link keeps."""
        wanted = {"scope": self.scope, "refresh": self.refresh}
        return {name: text for name, text in wanted.items() if text}

    @property
    def asked(self) -> dict[str, str]:
        """The parameters that tell what is shown, ``refresh`` aside."""
        wanted = {name: getattr(self, name) for name in ("query", "scope", "sort", "order", "route")}
        return {name: text for name, text in wanted.items() if text}
