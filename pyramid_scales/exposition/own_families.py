"""What we know ourselves as families of metrics: requests, processes, and how we are doing.

Processes have the names that prometheus_client gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..lookup import Leaf
from ..snapshot import Node, Path, Snapshot, Worker
from .families import Family, LabelPairs, Metric, Value
from .request_families import Histogram, histogram, others

OURS = "pyramid"
REQUESTS = (OURS, "requests")
ROUTES = (*REQUESTS, "routes")
PROCESS = (OURS, "process")

_SERIES = Metric(
    "pyramid_scales_series", "gauge", "Series of requests in use; the most that any one worker has."
)
_WORKERS = Metric("pyramid_scales_workers", "gauge", "Live workers that this page speaks for.")
_AGE = Metric(
    "pyramid_scales_snapshot_age_seconds",
    "gauge",
    "Age of the oldest statistics that a live worker contributed to this page.",
    "seconds",
)
_UNREADABLE = Metric(
    "pyramid_scales_unreadable_statistics", "gauge", "Statistics that could not be read, or not as they are."
)
_EXTRA = {
    metric.name: metric
    for metric in [
        Metric(
            "pyramid_scales_last_render_seconds",
            "gauge",
            "Seconds that rendering the page before this one took.",
            "seconds",
        ),
    ]
}
_PROCESS = {
    "cpu_seconds": Metric(
        "process_cpu_seconds", "counter", "Total user and system CPU time spent in seconds.", "seconds"
    ),
    "max_fds": Metric("process_max_fds", "gauge", "Maximum number of open file descriptors."),
    "open_fds": Metric("process_open_fds", "gauge", "Number of open file descriptors."),
    "resident_memory_bytes": Metric(
        "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", "bytes"
    ),
    "start_time_seconds": Metric(
        "process_start_time_seconds",
        "gauge",
        "Start time of the process since unix epoch in seconds.",
        "seconds",
    ),
    "virtual_memory_bytes": Metric(
        "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", "bytes"
    ),
}
"""By the key of our figure (see process.py)."""


def find(
    snapshot: Snapshot, path: Path, node: Node | Leaf, extra: Mapping[str, Value] | None = None
) -> list[Family | Histogram]:
    """Our families for ``node`` at ``path`` of the snapshot: those whose branch of the tree it holds.

    A query may have taken branches and routes away; the figures of ourselves go with the first of them.
    """
    whole = node is node_at(snapshot.root, path)
    families: list[Family | Histogram] = []
    if snapshot.requests is not None and _holds(path, node, REQUESTS, whole):
        routes = _routes(path, node, whole)
        families += [
            histogram(snapshot.requests, routes),
            *([] if routes is not None else others(snapshot.requests)),
        ]
    if _holds(path, node, PROCESS, whole):
        process = node_at(snapshot.root, PROCESS)
        families += of_processes(process.data if process else {}, snapshot.workers)
    if whole and path in ((), (OURS,)):
        families += of_ourselves(snapshot, extra or {})
    return families


def node_at(root: Node, path: Path) -> Node | None:
    """The node at ``path`` below ``root``, if there is one."""
    node: Node | None = root
    for key in path:
        node = node.children.get(key) if node else None
    return node


def _holds(path: Path, node: Node | Leaf, branch: Path, whole: bool) -> bool:
    if path[: len(branch)] == branch:
        return True
    if branch[: len(path)] != path or not isinstance(node, Node):
        return False
    return whole or node_at(node, branch[len(path) :]) is not None


def _routes(path: Path, node: Node | Leaf, whole: bool) -> frozenset[str] | None:
    """The keys of the routes that are left; ``None`` for all."""
    if path[:3] == ROUTES and len(path) > 3:
        return frozenset((path[3],))
    if whole or path != ROUTES[: len(path)] or not isinstance(node, Node):
        return None
    kept = node_at(node, ROUTES[len(path) :])
    return frozenset(kept.children) if kept else None


def of_processes(figures: Mapping[str, Value], workers: Sequence[Worker]) -> list[Family]:
    """The families of this process, from its ``figures``; or of all live ``workers``, if there are any.

    Then each series carries the number of the worker's slot as ``worker``: a sum of CPU time over workers
    would fall whenever one of them ends, and Prometheus would take that for a restart of all.
    """
    known: list[tuple[LabelPairs, Mapping[str, Value]]] = [((), figures)]
    if workers:
        known = [
            ((("worker", str(worker.slot)),), worker.process)
            for worker in sorted(workers, key=lambda worker: worker.slot or 0)
            if worker.live and worker.process and worker.slot is not None
        ]
    families = [
        metric.family([(labels, values[key]) for labels, values in known if _is_number(values.get(key))])
        for key, metric in _PROCESS.items()
    ]
    return [family for family in families if family.samples]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


def of_ourselves(snapshot: Snapshot, extra: Mapping[str, Value]) -> list[Family]:
    """The families that tell how we are doing; ``extra`` holds further gauges by name."""
    live = [worker for worker in snapshot.workers if worker.live]
    recorded = [worker.requests for worker in live if worker.requests is not None]
    if snapshot.requests is not None and not recorded:
        recorded = [snapshot.requests]
    families = [
        _WORKERS.single(len(live) if snapshot.workers else 1),
        _AGE.single(max([worker.age for worker in live], default=0.0)),
        _UNREADABLE.single(len(snapshot.problems)),
    ]
    if recorded:
        families.append(_SERIES.single(max(len(requests.series) for requests in recorded)))
    return families + [
        _EXTRA.get(name, Metric(name, "gauge", "A figure of pyramid_scales.")).single(value)
        for name, value in extra.items()
    ]
