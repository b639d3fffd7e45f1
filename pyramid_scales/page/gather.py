"""A tree gathered into lists: what a page treats all at once, in the order in which it shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..keys import sort_key
from ..snapshot import Kind, Node, Path


class Place(NamedTuple):
    """A container, and which of the tree's keys and values are directly in it."""

    path: Path
    node: Node
    link: bool
    leaves: slice


class Gathered(NamedTuple):
    """All of a tree in the order of the page."""

    places: Sequence[Place | None]
    """Every container; ``None`` where one ends that is no link."""
    keys: list[str]
    values: list[Any]
    kinds: tuple[type, ...]
    """The type of each value."""


def gather(node: Node, path: Path, closed: frozenset[Path] = frozenset()) -> Gathered:
    """Everything from ``node`` down. Unless it is ``node``, a container that is collapsed, or in ``closed``
    because it is shown elsewhere, is named but not entered."""
    places: list[Place | None] = []
    keys: list[str] = []
    found: list[Any] = []
    stack: list[tuple[Path, Node] | None] = [(path, node)]
    while stack:
        item = stack.pop()
        if item is None:
            places.append(None)
            continue
        where, parent = item
        link = (parent.collapsed or where in closed) and where != path
        start = len(keys)
        if not link:
            _add_leaves(parent, keys, found)
            stack.append(None)
            if parent.children:
                below = reversed(sorted_keys(parent, parent.children))
                stack.extend([((*where, key), parent.children[key]) for key in below])
        places.append(Place(where, parent, link, slice(start, len(keys))))
    return Gathered(places, keys, found, tuple(map(type, found)))


def _add_leaves(node: Node, keys: list[str], found: list[Any]) -> None:
    data = node.data
    if node.kind is Kind.LIST:
        data = node.leaves()
    elif node.children:
        data = {key: value for key, value in data.items() if key not in node.children}
    ordered = sorted_keys(node, data)
    keys += ordered
    found += map(data.__getitem__, ordered)


def sorted_keys(node: Node, keys: Any) -> list[str]:
    """``keys`` of a node by type name, then numbers by value and the rest by text.

    The figures of a distribution and of a meter have an order of their own, from count to 999percentile.
    """
    if node.kind is Kind.PMF or node.kind is Kind.METER:
        return list(keys)
    if not node.order:
        return sorted(keys, key=int) if node.kind is Kind.LIST else sorted(keys)
    return sorted(keys, key=lambda key: sort_key(key, node.order))


def shape(found: Gathered) -> str:
    """A short text that stays the same in a process while the tree keeps its levels, keys and types.

    From ``hash()``, which Python keeps with each key: it differs between processes that were not forked
    from one, and then the browser gets the tree anew.
    """
    places = [place and (place.path, place.link, place.leaves.stop) for place in found.places]
    marks = [tuple(place.node.marks.items()) for place in found.places if place and place.node.marks]
    parts = (tuple(places), tuple(found.keys), found.kinds, tuple(marks))
    return f"{hash(parts) & 0xFFFFFFFFFFFFFFFF:x}"
