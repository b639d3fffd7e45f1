"""The application's own statistics of many workers as one tree: pure, one rule for each type.

=========================  =======================================================================
integers                   sum, over dead and earlier workers too; unless named in ``scales.gauges``
                           or seen to decrease: then over the living workers
floats                     mean of the living workers
PMF                        count: sum over all; min and max over all; the rest from the living
                           workers' quantiles, weighted by their counts (approximate)
meters                     count: sum over all; rates: sum over the living
text, booleans, None       as they are where equal, else all of them, listed
lists, computed values     this worker's, where it has them
=========================  =======================================================================

The shape of the tree stays that of one process: what only totals of the dead would fill is there,
what only a dead worker's gauge or text would fill is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import IntEnum
from fnmatch import fnmatchcase
from statistics import fmean
from typing import Any, NamedTuple

from ..snapshot import Kind, Node, Path
from .pmf import merge_pmfs

_Data = Mapping[str, Any]
_WHOLE = frozenset((Kind.PMF, Kind.METER, Kind.LIST))
"""Kinds that are merged as a whole, not key by key."""


def _sum(values: Sequence[Any]) -> Any:
    """The sum of numbers; ``nan`` where neither a float can hold it nor Python write it."""
    try:
        found = sum(values)
        str(found)
    except (OverflowError, ValueError):
        return math.nan
    return found


def _mean(values: Sequence[Any]) -> float:
    """The mean of numbers; ``nan`` where there is none, as of the two infinities."""
    try:
        return fmean(values)
    except (OverflowError, ValueError):
        return math.nan


_REDUCE: Mapping[str, Callable[[Sequence[Any]], Any]] = {"sum": _sum, "mean": _mean, "max": max, "min": min}


class Role(IntEnum):
    """Whose values they are; the answering worker's come first."""

    OWN = 0
    LIVE = 1
    DEAD = 2
    CARRIED = 3


class Part(NamedTuple):
    """One worker's node at the place that is being merged."""

    role: Role
    node: Node


class _Merger:
    """One merge: the rules for gauges, and the nodes whose figures are not this worker's own alone."""

    def __init__(self, gauges: Sequence[tuple[str, str]], fell: Collection[Path]) -> None:
        self.approximate: set[Path] = set()
        self._gauges = [(glob.strip("/").split("/"), how) for glob, how in gauges]
        self._fell = fell

    def node(self, parts: Sequence[Part], path: Path) -> Node:
        """The node at ``path`` over all workers that have one of the same sort."""
        first = parts[0].node
        parts = [part for part in parts if _sort(part.node.kind) is _sort(first.kind)]
        if first.kind in _WHOLE:
            return self._whole(parts, path)
        merged = Node({}, first.kind, {}, first.collapsed, {}, first.computed)
        for part in parts:
            merged.order.update(part.node.order)
        for key in dict.fromkeys(key for part in parts for key in (*part.node.data, *part.node.children)):
            self._key(merged, key, parts, path)
        if any(part.role is not Role.OWN for part in parts) and len(merged.data) > len(merged.children):
            self.approximate.add(path)
        return merged

    def _key(self, merged: Node, key: str, parts: Sequence[Part], path: Path) -> None:
        children = [Part(role, node.children[key]) for role, node in parts if key in node.children]
        if children and (key in parts[0].node.children or key not in parts[0].node.data):
            child = children[0].node if key in merged.computed else self.node(children, (*path, key))
            if children[0].role > Role.LIVE and not (child.data or child.children):
                return
            merged.children[key] = child
            if not child.collapsed:
                merged.data[key] = child.data
            return
        leaves = [(role, node) for role, node in parts if key in node.data and key not in node.children]
        value = self._leaf(key, leaves, path)
        if value is not _NOTHING:
            merged.data[key] = value
            if key in leaves[0][1].marks:
                merged.marks[key] = leaves[0][1].marks[key]

    def _leaf(self, key: str, leaves: Sequence[tuple[Role, Node]], path: Path) -> Any:
        first = leaves[0][1].data[key]
        if leaves[0][0] is Role.OWN and (len(leaves) == 1 or key in leaves[0][1].computed):
            return first
        living = [node.data[key] for role, node in leaves if role <= Role.LIVE]
        values = living or [node.data[key] for _, node in leaves]
        if not all(type(value) in (int, float) for value in values):
            return _listed(living) if living else _NOTHING
        how = self._rule((*path, key))
        if how:
            return _REDUCE[how](living) if living else _NOTHING
        if float in map(type, values):
            return _mean(living) if living else _NOTHING
        return _sum([node.data[key] for _, node in leaves if type(node.data[key]) is int])

    def _rule(self, path: Path) -> str:
        """How a gauge is merged; ``""`` for what is not known to be one."""
        for glob, how in self._gauges:
            if len(glob) == len(path) and all(map(fnmatchcase, path, glob)):
                return how
        return "sum" if path in self._fell else ""

    def _whole(self, parts: Sequence[Part], path: Path) -> Node:
        first = parts[0]
        if len(parts) == 1 and first.role is Role.OWN:
            return first.node
        self.approximate.add(path)
        if first.node.kind is Kind.LIST:
            return first.node if first.role <= Role.LIVE else Node([], Kind.LIST)
        living = [part.node.data for part in parts if part.role <= Role.LIVE]
        everyone = [part.node.data for part in parts]
        merge = merge_pmfs if first.node.kind is Kind.PMF else _merge_meters
        return Node(merge(everyone, living), first.node.kind, {}, first.node.collapsed)


def merge_trees(
    parts: Sequence[Part], gauges: Sequence[tuple[str, str]], fell: Collection[Path]
) -> tuple[Node, frozenset[Path]]:
    """One tree of many, and the paths of the nodes that are approximate or up to a second old."""
    merger = _Merger(gauges, fell)
    root = merger.node(sorted(parts, key=lambda part: part.role), ())
    return root, frozenset(merger.approximate)


def totals(nodes: Sequence[Node]) -> Node:
    """What remains of workers that are no more: whatever is counted, and nothing else."""
    return merge_trees([Part(Role.CARRIED, node) for node in nodes], (), ())[0]


def _sort(kind: Kind) -> Kind:
    return kind if kind in _WHOLE else Kind.GROUP


def _listed(values: Sequence[Any]) -> Any:
    distinct = list(dict.fromkeys((type(value), value) for value in values))
    if len(distinct) == 1:
        return distinct[0][1]
    return ", ".join(sorted({str(value) for _, value in distinct}))


def _merge_meters(everyone: Sequence[_Data], living: Sequence[_Data]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key in dict.fromkeys(key for meter in everyone for key in meter):
        meters = everyone if key == "count" else living
        values = [meter[key] for meter in meters if key in meter]
        if values and all(type(value) in (int, float) for value in values):
            merged[key] = _sum(values)
        elif values or key == "unit":
            merged[key] = (values or [everyone[0].get("unit")])[0]
    return merged


_NOTHING = object()
