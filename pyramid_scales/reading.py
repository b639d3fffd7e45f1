"""Take the snapshot of an application, and say what else a page needs to know of it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import metadata
from typing import NamedTuple

from pyramid.interfaces import IRoutesMapper
from pyramid.registry import Registry

from .application import Application
from .merge import merge
from .recording.readout import Extent
from .snapshot import Path, Requests, Snapshot
from .tree import process, tree

OWN_ROUTES = frozenset(("scales", "scales_redirect"))


class BadScope(ValueError):
    """``?scope=`` has a value that means nothing; the message says which do."""


def scope(text: str | None) -> str:
    """``worker`` or ``all``. Raises :class:`BadScope`."""
    if text not in (None, "", "all", "worker"):
        raise BadScope(f"There is no scope {text!r}. Use worker for the answering process alone, or all.")
    return text or "all"


class Wanted(NamedTuple):
    """What an answer shows of requests. With hundreds of series, what nobody looks at is most of the work."""

    beside: bool
    """Figures of their own: the page's tables and drawings, the exposition's histogram."""
    in_tree: bool
    """Those that stand in the tree, at ``pyramid/requests``."""
    extent: Extent


def wanted(format: str, path: Path, is_filtered: bool) -> Wanted:
    """What the answer in a format to the address ``path`` shows of requests."""
    if path[:1] not in ((), ("pyramid",)):
        return Wanted(beside=False, in_tree=False, extent=Extent.NOTHING)
    is_json = format in ("json", "prettyjson")
    in_tree = is_json or is_filtered or bool(path)
    # Prometheus has a memory of its own.
    extent = Extent.MEANS if format == "html" else Extent.RATES if in_tree else Extent.TOTALS
    return Wanted(beside=not is_json, in_tree=in_tree, extent=extent)


def take(app: Application, path: Path, scope: str, wanted: Wanted) -> Snapshot:
    """What there is at ``path``, of this worker or of all, as far as it is ``wanted``."""
    merged = app.shared is not None and scope == "all"
    if app.shared is not None:
        app.shared.publish_if_due()
    # First ours: that may adopt a slot, which then is no other's.
    read = app.recorder.requests if app.recorder is not None and (wanted.beside or merged) else None
    requests = read(wanted.extent) if read is not None else None
    now = requests.now if requests is not None else 0
    others = app.shared.others(now, wanted.extent) if app.shared is not None and merged else ()
    # What all workers have replaces it in the tree, so ours need not be computed.
    needless = requests is not None and (others or not wanted.in_tree)
    shown = replace(requests, series=()) if requests is not None and needless else requests
    own = replace(_tree(app, path, shown), requests=requests)
    if app.shared is None:
        return own
    own = replace(own, notes=(*own.notes, *app.shared.notes()))
    return merge.merge(own, others, app.settings.gauges, path, wanted.in_tree)


def _tree(app: Application, path: Path, requests: Requests | None) -> Snapshot:
    mount = app.mount
    if mount is None:
        return Snapshot(*tree.read(path))
    mount.ensure()
    with mount.showing(requests):
        root, problems = tree.read(mount.inward(path))
    return Snapshot(mount.outward(root), problems, notes=[note for note in (*app.notes, mount.note) if note])


def headers(snapshot: Snapshot) -> Mapping[str, str]:
    """How many workers a page shows, and how old the oldest of their snapshots is, in seconds."""
    if not snapshot.workers:
        return {}
    live = [worker for worker in snapshot.workers if worker.live]
    oldest = max((worker.age for worker in live), default=0.0)
    return {"X-Scales-Workers": str(len(live)), "X-Scales-Oldest": f"{oldest:.1f}"}


def uptime() -> float:
    """Seconds since this process started."""
    return float(process.read().get("uptime_seconds", 0.0))


@lru_cache(maxsize=1)
def versions() -> Sequence[tuple[str, str]]:
    """(name, version) of what the page runs on."""
    names = ("pyramid_scales", "pyramid", "scales")
    return (("Python", platform.python_version()), *((name, _version(name)) for name in names))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def known_routes(registry: Registry) -> Sequence[tuple[str, str, str]]:
    """(name, pattern, dotted name of a view) of the application's own routes."""
    mapper = registry.queryUtility(IRoutesMapper)
    views = _views_by_route(registry)
    routes = mapper.get_routes() if mapper is not None else ()
    return [
        (route.name, route.pattern, views.get(route.name, ""))
        for route in routes
        if route.name not in OWN_ROUTES
    ]


def _views_by_route(registry: Registry) -> dict[str, str]:
    entries = registry.introspector.get_category("views") or ()
    introspectables = [entry["introspectable"] for entry in entries]
    return {
        view["route_name"]: _dotted_name(view["callable"])
        for view in introspectables
        if view.get("route_name")
    }


def _dotted_name(view: object) -> str:
    name = getattr(view, "__qualname__", type(view).__qualname__)
    return f"{getattr(view, '__module__', '')}.{name}"
