"""What a worker tells the others of its application's own statistics: a tree of nodes as JSON, and back.

The values are plain Python values with no hook to hear of a write, so each worker writes them down now
and then. Only workers of one machine and one version of this package read it; anything else is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..snapshot import Kind, Node, Path

VERSION = 1


@dataclass(frozen=True, slots=True)
class Published:
    """The content of a worker's file."""

    tree: Node
    """The application's statistics in this worker, callables left out."""
    carried: Node | None = None
    """Totals of the slot's earlier workers, which count on top of ``tree``."""
    fell: frozenset[Path] = frozenset()
    """Integers that were seen to decrease, and so are no counters."""
    process: Mapping[str, int | float] = field(default_factory=dict)


def name_of(slot: int) -> str:
    """The name of the file of a slot's worker."""
    return f"stats-{slot:04d}.json"


def encode(published: Published) -> bytes:
    """The file's content."""
    document = {
        "version": VERSION,
        "tree": encode_node(published.tree),
        "carried": encode_node(published.carried) if published.carried is not None else None,
        "fell": sorted(published.fell),
        "process": dict(published.process),
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def decode(content: bytes) -> Published | None:
    """The inverse of :func:`encode`; ``None`` for whatever it did not write."""
    try:
        document = json.loads(content)
        if document["version"] != VERSION:
            return None
        carried = document["carried"]
        return Published(
            decode_node(document["tree"]),
            decode_node(carried) if carried is not None else None,
            frozenset(tuple(path) for path in document["fell"]),
            dict(document["process"]),
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def encode_node(node: Node) -> dict[str, Any]:
    """A node as JSON values. Computed values are left out: each worker computes its own."""
    data = node.data
    if node.children or node.computed:
        pairs = enumerate(data) if node.kind is Kind.LIST else data.items()
        data = {str(key): None if str(key) in node.children else value for key, value in pairs}
        data = {key: value for key, value in data.items() if key not in node.computed}
    coded: dict[str, Any] = {"kind": node.kind.value, "data": data}
    children = {key: encode_node(child) for key, child in node.children.items() if key not in node.computed}
    extras = {"children": children, "marks": node.marks, "order": _order(node), "collapsed": node.collapsed}
    return coded | {key: value for key, value in extras.items() if value}


def decode_node(coded: Mapping[str, Any]) -> Node:
    """The inverse of :func:`encode_node`; raises ``LookupError`` and the like for anything else."""
    kind = Kind(coded["kind"])
    children = {key: decode_node(child) for key, child in coded.get("children", {}).items()}
    data = coded["data"]
    if kind is Kind.LIST:
        values = data.items() if isinstance(data, dict) else enumerate(data)
        data = [children[str(key)].data if str(key) in children else value for key, value in values]
    else:
        data = dict(data)
        for key, child in children.items():
            if key in data:
                data[key] = child.data
    order = {key: (pair[0], pair[1]) for key, pair in coded.get("order", {}).items()}
    return Node(data, kind, children, bool(coded.get("collapsed")), dict(coded.get("marks", {})), order=order)


def _order(node: Node) -> dict[str, tuple[str, Any]]:
    """What sorts the keys; a key that JSON can't hold is sorted by its text."""
    plain = (int, float, str, type(None))
    order = node.order.items()
    return {key: (name, value if isinstance(value, plain) else key) for key, (name, value) in order}
