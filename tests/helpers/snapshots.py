"""Snapshots built by hand, for tests of what is made of a snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recorded import trimmed

from pyramid_scales.snapshot import (
    NO_BUCKETS,
    NO_SLICES,
    Kind,
    Labels,
    Node,
    Requests,
    Series,
    Snapshot,
    Worker,
)

BOUNDS = (1_000_000, 5_000_000, 10_000_000, 100_000_000, 1_000_000_000)
LE = (5_000_000, 100_000_000)
PMF = {
    "count": 7,
    "min": 0.5,
    "max": 9,
    "mean": 2.5,
    "stddev": 0.25,
    "median": 2.0,
    "75percentile": 3.0,
    "95percentile": 4.0,
    "98percentile": 5.0,
    "99percentile": 6.0,
    "999percentile": 7.0,
}


def node(leaves: Mapping[str, Any], kind: Kind = Kind.GROUP, /, **children: Node) -> Node:
    """A container of some leaves and children, as ``tree.read`` makes one."""
    return with_children(leaves, children, kind)


def with_children(leaves: Mapping[str, Any], children: Mapping[str, Node], kind: Kind = Kind.GROUP) -> Node:
    """The same for children whose keys are no names."""
    shown = {key: child.data for key, child in children.items() if not child.collapsed}
    return Node({**leaves, **shown}, kind, dict(children))


def leaf_container(kind: Kind, **values: Any) -> Node:
    return Node(values, kind)


def series(
    pattern: str = "/",
    buckets: Sequence[int] = (0, 1, 2, 3, 0, 4),
    *,
    route: str = "",
    method: str = "GET",
    status: int = 200,
    error: str = "",
) -> Series:
    labels = Labels(route or pattern, pattern, method, status, error)
    return Series(labels, trimmed(buckets), sum(buckets) * 250_000_000, NO_BUCKETS, NO_SLICES)


def requests(*all_series: Series, active: int = 0, max_series: int = 500, **fields: Any) -> Requests:
    return Requests(BOUNDS, LE, all_series, active, now=0, max_series=max_series, **fields)


def worker(slot: int, *, live: bool = True, age: float = 0.0, **process: float) -> Worker:
    return Worker(1000 + slot, live, age, None, slot, process or None)


def snapshot(root: Node | None = None, **fields: Any) -> Snapshot:
    return Snapshot(root or Node({}), **fields)


AWKWARD = ['"', "\\", "\n", "%s", "é", "🎉", "\ud800", "9", "a" * 10_000, "\0", "\r", "a b", "a_b", ""]
HOSTILE_TREE = with_children(
    dict.fromkeys(AWKWARD, 1),
    {
        "d": Node({key: index for index, key in enumerate('"\\\n{},=#\0\r\t é🎉\ud800')}, Kind.DICT),
        '"\n\\': node({"x": math.nan}, p=leaf_container(Kind.PMF, **PMF)),
        "x": node({"count": 1, "total": 2}, x=leaf_container(Kind.METER, count=1)),
        "huge": node({"a": 10**400, "b": -math.inf, "c": 5e-324}),
    },
)
