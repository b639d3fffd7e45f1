"""Many workers' snapshots as one application's: pure.

Requests are summed exactly (:mod:`.requests`); the application's own statistics follow the rules of
:mod:`.stats`. What the package itself mounts under ``pyramid`` is made anew from the merged
requests, never merged as statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..figures.request_tree import as_node
from ..snapshot import Kind, Node, Path, Requests, Snapshot, Worker
from .requests import merge_requests
from .stats import Part, Role, merge_trees

OWN_KEY, REQUESTS_KEY, PROCESS_KEY = "pyramid", "requests", "process"


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """What a slot holds: another worker's figures, or what remains of the answering worker's predecessors."""

    worker: Worker
    requests: Requests | None = None
    root: Node | None = None
    """The worker's own statistics; ``None`` if it has published none.

    With ``mine``, what the others can see of the answering worker's: it is shown in place of newer values, or
    a total would fall when another worker answers next.
    """
    carried: Node | None = None
    """Totals of the slot's earlier workers."""
    fell: frozenset[Path] = field(default_factory=frozenset)
    mine: bool = False
    """The slot of the answering worker, whose requests and statistics are in the own snapshot."""
    notes: Sequence[str] = ()


def merge(
    own: Snapshot,
    others: Sequence[WorkerSnapshot],
    gauges: Sequence[tuple[str, str]] = (),
    path: Path = (),
    in_tree: bool = True,
) -> Snapshot:
    """The snapshot of all workers, as the answering worker shows it.

    ``path`` is the spine that ``own`` was read along. Unless ``in_tree``, nobody will look at the figures of
    requests in the tree. Without ``others`` it is ``own``.
    """
    if not others:
        return own
    requests = _requests(own, others)
    workers = [replace(one.worker, requests=own.requests) if one.mine else one.worker for one in others]
    root, approximate = _tree(own.root, others, gauges, path)
    if requests is not None and in_tree:
        _show_requests(root, requests)
    notes = dict.fromkeys((*own.notes, *(note for other in others for note in other.notes)))
    return replace(
        own,
        root=root,
        requests=requests,
        workers=tuple(workers),
        notes=tuple(notes),
        approximate=own.approximate | approximate,
    )


def _requests(own: Snapshot, others: Sequence[WorkerSnapshot]) -> Requests | None:
    if own.requests is None:
        return None
    found = [other.requests for other in others if other.requests is not None and not other.mine]
    return merge_requests(own.requests, [one for one in found if one.bounds_ns == own.requests.bounds_ns])


def _tree(
    root: Node, others: Sequence[WorkerSnapshot], gauges: Sequence[tuple[str, str]], path: Path
) -> tuple[Node, frozenset[Path]]:
    parts = [Part(Role.OWN, root)]
    for other in others:
        if other.mine and other.root is not None:
            parts[0] = Part(Role.OWN, _as_published(_pruned(other.root, path), root))
        role = Role.LIVE if other.worker.live else Role.DEAD
        if other.root is not None and not other.mine:
            parts.append(Part(role, _pruned(other.root, path)))
        if other.carried is not None:
            parts.append(Part(Role.CARRIED, _pruned(other.carried, path)))
    if len(parts) == 1:
        # The merged requests are put into it, and a snapshot is never changed.
        return replace(root, data=dict(root.data), children=dict(root.children)), frozenset()
    fell = frozenset().union(*(other.fell for other in others))
    return merge_trees(parts, gauges, fell)


def _pruned(node: Node, path: Path) -> Node:
    """Only the spine to ``path``, and all below it."""
    if not path:
        return node
    key = path[0]
    child = node.children.get(key)
    pruned = _pruned(child, path[1:]) if child is not None else None
    if pruned is None:
        return replace(node, data={key: node.data[key]} if key in node.data else {}, children={})
    return replace(node, data={key: pruned.data} if key in node.data else {}, children={key: pruned})


def is_ours(key: str, node: Node) -> bool:
    """Whether a node directly below the root is this package's, which is never published or merged."""
    return key.startswith(OWN_KEY) and not {REQUESTS_KEY, PROCESS_KEY}.isdisjoint(node.children)


def _as_published(published: Node, live: Node) -> Node:
    """What was published, with what never is: computed values, and what this package mounted."""
    if not live.computed and not live.children:
        return published
    node = replace(live, data={}, children={})
    for key in dict.fromkeys((*live.data, *live.children)) if live.kind is not Kind.LIST else ():
        child = live.children.get(key)
        if child is None:
            source = live if key in live.computed else published
            if key in source.data:
                node.data[key] = source.data[key]
            continue
        if key in published.children and key not in live.computed:
            child = _as_published(published.children[key], child)
        elif key not in live.computed and not is_ours(key, child):
            continue
        node.children[key] = child
        if key in live.data:
            node.data[key] = child.data
    return node if live.kind is not Kind.LIST else published


def _show_requests(root: Node, requests: Requests) -> None:
    """Put the figures of all workers where the answering worker's own stood."""
    ours = root.children.get(OWN_KEY)
    if ours is None or REQUESTS_KEY not in ours.children:
        return
    node = as_node(requests)
    data = {**ours.data, REQUESTS_KEY: node.data}
    shown = replace(ours, data=data, children={**ours.children, REQUESTS_KEY: node})
    root.children[OWN_KEY] = shown
    if OWN_KEY in root.data:
        root.data[OWN_KEY] = shown.data
