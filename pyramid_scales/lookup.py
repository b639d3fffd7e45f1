"""From a path to what stands there, or to what is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .snapshot import Node, Path


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value."""

    value: Any
    """``int``, ``float``, ``str``, ``bool`` or ``None``."""
    type_name: str
    """The name of its type in the application, or ``error``."""


class Missing(LookupError):
    """Nothing stands at ``path``; ``nearest`` is the longest part of it that exists."""

    def __init__(self, path: Path, nearest: Path) -> None:
        super().__init__(f"nothing stands at {path!r}; {nearest!r} exists")
        self.path = path
        self.nearest = nearest


def leaf_of(node: Node, key: str) -> Leaf:
    """The leaf below ``node`` at ``key``, which exists."""
    value = node.leaf(key)
    return Leaf(value, node.marks.get(key) or type(value).__name__)


def find(root: Node, path: Path) -> Node | Leaf:
    """What stands at ``path``. Raises :class:`Missing`."""
    node = root
    for depth, key in enumerate(path):
        if key in node.children:
            node = node.children[key]
        elif depth == len(path) - 1 and key in node:
            return leaf_of(node, key)
        else:
            raise Missing(path, path[:depth])
    return node
