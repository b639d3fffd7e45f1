"""The tree as flat rows: what the template loops over, once, without recursion.

A text of the application enters here as it is and leaves escaped for HTML (by markupsafe, as the template
engine would, but a whole level at once: a call for each of 10,000 texts would cost more than the page).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from markupsafe import escape

from . import units
from .address import Address, encode_key
from .keys import sort_key
from .snapshot import Kind, Node, Path

EMPTY_KEY = '""'
"""What stands for a key without text."""
UNREAD = "could not be read"
"""What stands for a value that failed; its reason is in the list of problems."""

_SEPARATOR = "\0"
_PLAIN = re.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*").fullmatch
_PLAIN_LEVEL = re.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\0[A-Za-z0-9_-][A-Za-z0-9_.-]*)*").fullmatch
_FOLDED = frozenset((Kind.PMF, Kind.METER))
_MOST_DEPTH = 3
_MOST_LEAVES = 40


Leaf = tuple[str, str, str, str, str]
"""One statistic: its part of the address, key, type, exact value, and the value as people read it (rounded,
grouped, in a unit; ``""`` where the exact text reads well). All safe in HTML."""


class Level(NamedTuple):
    """One container and the leaves directly in it; every text is safe in HTML."""

    href: str
    """Its address without parameters; an address of a leaf begins with it."""
    key: str
    digest: str
    """What a closed level says of itself."""
    open: bool
    link: bool
    """Closed by the application: shown as a link to its own page, without its content."""
    approximate: bool
    kind: str
    leaves: Sequence[Leaf]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the writing of a tree depends on, besides the tree."""

    address: Address
    approximate: frozenset[Path] = frozenset()
    unfold: bool = False
    """Open every level: the reader searched."""
    closed: frozenset[Path] = frozenset()
    """Nodes to show as links (shown elsewhere on the page)."""


def walk(node: Node, path: Path, closed: frozenset[Path] = frozenset()) -> Iterator[tuple[Path, Node] | None]:
    """Every container from ``node`` down in the page's order; ``None`` where one ends.

    A collapsed one is named, not entered (so no ``None`` follows), unless it is ``node`` itself.
    """
    stack: list[tuple[Path, Node] | None] = [(path, node)]
    while stack:
        item = stack.pop()
        yield item
        if item is None or item[0] != path and is_link(item, closed):
            continue
        where, parent = item
        stack.append(None)
        keys = reversed(sorted_keys(parent, parent.children))
        stack.extend(((*where, key), parent.children[key]) for key in keys)


def is_link(item: tuple[Path, Node], closed: frozenset[Path]) -> bool:
    """Whether a container is shown as a link, below the one that was asked for."""
    return item[1].collapsed or item[0] in closed


def sorted_keys(node: Node, keys: Any) -> list[str]:
    """``keys`` of a node by type name, then numbers by value and the rest by text."""
    if not node.order:
        return sorted(keys, key=int) if node.kind is Kind.LIST else sorted(keys)
    return sorted(keys, key=lambda key: sort_key(key, node.order))


def leaves(node: Node) -> tuple[list[str], list[Any]]:
    """Keys and values of the statistics directly in ``node``, in the page's order."""
    if node.kind is Kind.LIST:
        found = node.leaves()
    elif node.children:
        found = {key: value for key, value in node.data.items() if key not in node.children}
    else:
        found = node.data
    keys = sorted_keys(node, found)
    return keys, [found[key] for key in keys]


def levels(node: Node, path: Path, plan: Plan) -> Iterator[Level | None]:
    """The rows of the tree: a level where a container begins, ``None`` where it ends."""
    hrefs = [plan.address.base]
    for item in walk(node, path, plan.closed):
        if item is None:
            hrefs.pop()
            yield None
            continue
        where, found = item
        top = where == path
        href = plan.address.to(where) if top else hrefs[-1] + _segment(where[-1]) + "/"
        link = not top and is_link(item, plan.closed)
        if not link:
            hrefs.append(href)
        yield _level(found, where, href, link, len(where) - len(path), plan)


def _level(node: Node, path: Path, href: str, link: bool, depth: int, plan: Plan) -> Level:
    keys, values = ([], []) if link else leaves(node)
    write = meaning(path, node.kind)
    texts = [path[-1] if path else "", digest(node, write), href]
    key, said, href, *safe = escape_all(texts + keys + exact(values))
    rows = _leaves(node, keys, values, safe, write) if keys else []
    is_open = plan.unfold or not depth or _opens(node, depth, len(keys))
    near = path in plan.approximate
    return Level(href, key or EMPTY_KEY, said, is_open, link, near, node.kind.value, rows)


def _opens(node: Node, depth: int, amount: int) -> bool:
    return depth <= _MOST_DEPTH and amount <= _MOST_LEAVES and node.kind not in _FOLDED


def _leaves(
    node: Node, keys: list[str], values: list[Any], safe: list[str], write: Callable[[str, Any], str] | None
) -> list[Leaf]:
    types = [type(value).__name__ for value in values]
    shown = safe[len(keys) :]
    if node.marks:
        types = escape_all([node.marks.get(key, name) for key, name in zip(keys, types)])
        shown = [UNREAD if name == "error" else text for name, text in zip(types, shown)]
    if write is None:
        human = [human_text(name, value, text) for name, value, text in zip(types, values, shown)]
    else:
        human = [write(key, value) for key, value in zip(keys, values)]
    names = safe[: len(keys)]
    if "" in keys:
        names = [name or EMPTY_KEY for name in names]
    return list(zip(segments(keys), names, types, shown, human))


def exact(values: Sequence[Any]) -> list[str]:
    """Each value as text, unrounded; no number as JavaScript spells it."""
    return [_exact_float(value) if type(value) is float else str(value) for value in values]


def _exact_float(value: float) -> str:
    return repr(value) if math.isfinite(value) else units.unusual(value)


def human_text(name: str, value: Any, text: str) -> str:
    """How people read a value of no known meaning, or ``""`` where its exact text will do."""
    if name == "float":
        return units.number(value) if len(text) > 7 else ""
    return units.count(value) if name == "int" and len(text) > 4 else ""


def digest(node: Node, write: Callable[[str, Any], str] | None) -> str:
    """What a closed level says of itself: the figures of a distribution or meter, else how many it holds."""
    data = node.data
    if node.kind is Kind.PMF:
        return _figures(data, write, (("count", "count"), ("median", "median"), ("99percentile", "99 %")))
    if node.kind is Kind.METER:
        return _figures(data, write, (("count", "count"), ("m1", "m1")))
    amount = len(node.children.keys() | data.keys()) if isinstance(data, dict) else len(data)
    return f"{amount:,}" + (" entry" if amount == 1 else " entries")


def _figures(data: Any, write: Callable[[str, Any], str] | None, wanted: Sequence[tuple[str, str]]) -> str:
    shown = []
    for key, name in wanted:
        value = data.get(key)
        if type(value) in (int, float):
            text = exact([value])[0]
            human = write(key, value) if write else human_text(type(value).__name__, value, text)
            shown.append(f"{name} {human or text}")
    return " · ".join(shown)


def meaning(path: Path, kind: Kind) -> Callable[[str, Any], str] | None:
    """How to write the values of a container whose units are known, else ``None``."""
    if kind is Kind.STATES:
        return _seconds
    if path[:1] == ("pyramid",):
        return _seconds_but_count if kind is Kind.PMF else _process if path[-1] == "process" else None
    return None


def _seconds(key: str, value: Any) -> str:
    return units.duration(value) if type(value) in (int, float) else ""


def _seconds_but_count(key: str, value: Any) -> str:
    return human_text("int", value, str(value)) if key == "count" else _seconds(key, value)


def _process(key: str, value: Any) -> str:
    if type(value) not in (int, float):
        return ""
    if "memory" in key or "bytes" in key:
        return units.size(value)
    if "uptime" in key or "seconds" in key or "cpu" in key:
        return units.duration(value)
    return "" if key == "pid" else human_text(type(value).__name__, value, str(value))


def escape_all(texts: Sequence[str]) -> list[str]:
    """Each text, escaped for HTML; what HTML cannot carry (NUL) becomes U+FFFD."""
    safe = str(escape(_SEPARATOR.join(texts))).split(_SEPARATOR)
    if len(safe) == len(texts):
        return safe
    return [str(escape(text.replace(_SEPARATOR, "\N{REPLACEMENT CHARACTER}"))) for text in texts]


def segments(keys: Sequence[str]) -> Sequence[str]:
    """The part of the address that each key is; percent-encoded, so safe in HTML too."""
    return keys if _PLAIN_LEVEL(_SEPARATOR.join(keys)) else [_segment(key) for key in keys]


def _segment(key: str) -> str:
    return key if _PLAIN(key) else encode_key(key)


def shape(node: Node, path: Path, closed: frozenset[Path] = frozenset()) -> str:
    """A short text that stays the same while the tree keeps its levels, keys and types."""
    seen = blake2b(digest_size=8)
    for item in walk(node, path, closed):
        if item is None:
            seen.update(b"\0)")
            continue
        keys, values = leaves(item[1])
        types = [type(value).__name__ for value in values]
        parts = [*item[0][-1:], "(", *keys, *types, *map(str, item[1].marks.items())]
        seen.update(_SEPARATOR.join(parts).encode("utf-8", "backslashreplace"))
    return seen.hexdigest()
