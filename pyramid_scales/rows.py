"""The tree as flat rows: what the template loops over, once, without recursion.

A text of the application enters here as it is and leaves escaped for HTML (by markupsafe, as the template
engine would, but a whole level at once: a call for each of 10,000 texts would cost more than the page).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import escape

from . import values
from .address import Address, encode_key
from .keys import sort_key
from .snapshot import Kind, Node, Path

EMPTY_KEY = '""'
"""What stands for a key without text."""
UNREAD = "could not be read"
"""What stands for a value that failed; its reason is in the list of problems."""

_SEPARATOR = "\0"
_DIVIDER = "\x1f"
_UNSENDABLE = {0x1F: " ", 0: "\N{REPLACEMENT CHARACTER}"}
_PLAIN = re.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*").fullmatch
_PLAIN_LEVEL = re.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\0[A-Za-z0-9_-][A-Za-z0-9_.-]*)*").fullmatch
_SAFE = frozenset((int, float, bool, type(None)))
_FOLDED = frozenset((Kind.PMF, Kind.METER))
_MOST_DEPTH = 3
_MOST_LEAVES = 40


Leaf = tuple[str, str, str, str, str]
"""One statistic: its address, key, type, exact value, and the value as people read it (rounded,
grouped, in a unit; ``""`` where the exact text reads well). All safe in HTML."""


class Level(NamedTuple):
    """One container and the leaves directly in it; every text is safe in HTML."""

    href: str
    """Its address; ``""`` for :data:`END`."""
    key: str
    digest: str
    """What a closed level says of itself."""
    open: bool
    link: bool
    """Closed by the application: shown as a link to its own page, without its content."""
    approximate: bool
    kind: str
    leaves: Sequence[Leaf]


END = Level("", "", "", False, False, False, "", ())
"""Where a container ends."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the writing of a tree depends on, besides the tree."""

    address: Address
    suffix: str
    """What every address ends with: the parameters that links keep."""
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
        if item is None or (item[0] != path and is_link(item, closed)):
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


def levels(node: Node, path: Path, plan: Plan) -> Iterator[Level]:
    """The rows of the tree: a level where a container begins, :data:`END` where it ends."""
    suffix, *hrefs = escape_all([plan.suffix, plan.address.base, plan.address.to(path)])
    for item in walk(node, path, plan.closed):
        if item is None:
            hrefs.pop()
            yield END
            continue
        where, found = item
        depth = len(where) - len(path)
        href = f"{hrefs[-1]}{_segment(where[-1])}/" if depth else hrefs[-1]
        link = depth > 0 and is_link(item, plan.closed)
        if not link:
            hrefs.append(href)
        yield _level(found, where, Link(href, suffix), link, depth, plan)


class Link(NamedTuple):
    """The two ends of an address, safe in HTML; keys go between them."""

    href: str
    suffix: str


def _level(node: Node, path: Path, to: Link, link: bool, depth: int, plan: Plan) -> Level:
    write = values.meaning(path, node.kind)
    (key,) = escape_all(path[-1:] or ("",))
    rows = () if link else _leaves(node, to, write)
    is_open = plan.unfold or not depth or _opens(node, depth, len(rows))
    near = bool(plan.approximate) and path in plan.approximate
    said = values.digest(node, write)
    return Level(to.href + to.suffix, key or EMPTY_KEY, said, is_open, link, near, node.kind.value, rows)


def _opens(node: Node, depth: int, amount: int) -> bool:
    return depth <= _MOST_DEPTH and amount <= _MOST_LEAVES and node.kind not in _FOLDED


def _leaves(node: Node, to: Link, write: values.Writer | None) -> list[Leaf]:
    keys, found = leaves(node)
    if not keys:
        return []
    kinds = list(map(type, found))
    names: Sequence[str] = escape_all(keys)
    texts: Sequence[str] = values.exact(found)
    if not _SAFE.issuperset(kinds):
        texts = escape_all(texts)
    types: Sequence[str] = [kind.__name__ for kind in kinds]
    if node.marks:
        types = escape_all([node.marks.get(key, name) for key, name in zip(keys, types)])
        texts = [UNREAD if name == "error" else text for name, text in zip(types, texts)]
    if "" in keys:
        names = [name or EMPTY_KEY for name in names]
    human = list(map(write, keys, found)) if write else values.humans(types, found, texts)
    addresses = [f"{to.href}{segment}/{to.suffix}" for segment in segments(keys)]
    return list(zip(addresses, names, types, texts, human))


def escape_all(texts: Sequence[str]) -> Sequence[str]:
    """Each text, escaped for HTML; what HTML cannot carry (NUL) becomes U+FFFD."""
    if _are_plain(texts):
        return texts
    safe = str(escape(_SEPARATOR.join(texts))).split(_SEPARATOR)
    if len(safe) == len(texts):
        return safe
    return [str(escape(text.replace(_SEPARATOR, "\N{REPLACEMENT CHARACTER}"))) for text in texts]


def segments(keys: Sequence[str]) -> Sequence[str]:
    """The part of the address that each key is; percent-encoded, so safe in HTML too."""
    return keys if _are_plain(keys) else [_segment(key) for key in keys]


def _are_plain(texts: Sequence[str]) -> bool:
    """Whether every text is plain, and needs neither escaping nor percent-encoding."""
    joined = _SEPARATOR.join(texts)
    return _PLAIN_LEVEL(joined) is not None and joined.count(_SEPARATOR) == len(texts) - 1


def _segment(key: str) -> str:
    return key if _PLAIN(key) else encode_key(key)


def shape(node: Node, path: Path, closed: frozenset[Path] = frozenset()) -> str:
    """A short text that stays the same in a process while the tree keeps its levels, keys and types.

    From ``hash()``, which Python keeps with each key: it differs between processes that were not forked
    from one, and then the browser gets the tree anew.
    """
    seen: list[Any] = [path]
    for item in walk(node, path, closed):
        if item is None or (item[0] != path and is_link(item, closed)):
            seen.append(item and item[0][-1])
            continue
        where, found = item
        keys, held = leaves(found)
        seen += (where[-1:], tuple(keys), tuple(map(type, held)), tuple(found.marks.items()))
    return f"{hash(tuple(seen)) & 0xFFFFFFFFFFFFFFFF:x}"


def bare(node: Node, path: Path, closed: frozenset[Path] = frozenset()) -> str:
    """The values alone, in the order of the rows: what a closed level says of itself (but for the first),
    exact and human text of each leaf. U+001F divides them."""
    found: list[str] = []
    for item in walk(node, path, closed):
        if item is None or (item[0] != path and is_link(item, closed)):
            continue
        where, level = item
        write = values.meaning(where, level.kind)
        if where != path:
            found.append(values.digest(level, write))
        keys, held = leaves(level)
        for pair in zip(*_texts(level, keys, held, write)):
            found += pair
    return _DIVIDER.join(found)


def _texts(
    node: Node, keys: list[str], found: list[Any], write: values.Writer | None
) -> tuple[Sequence[str], Sequence[str]]:
    texts = values.exact(found)
    if not _SAFE.issuperset(map(type, found)):
        texts = [
            text.replace(_DIVIDER, " ").replace(_SEPARATOR, "\N{REPLACEMENT CHARACTER}") for text in texts
        ]
    types = [type(value).__name__ for value in found]
    if node.marks:
        types = [node.marks.get(key, name) for key, name in zip(keys, types)]
        texts = [UNREAD if name == "error" else text for name, text in zip(types, texts)]
    return texts, list(map(write, keys, found)) if write else values.humans(types, found, texts)
