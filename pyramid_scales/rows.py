"""The tree as flat rows: what the template loops over, once, without recursion.

A text of the application enters here as it is and leaves escaped for HTML. All texts of a tree are
treated together, list by list: a few calls for a page, not a few for each statistic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import values
from .address import Address
from .keys import sort_key
from .plain_text import escape_all, segments
from .snapshot import Kind, Node, Path

EMPTY_KEY = '""'
"""What stands for a key without text."""

_DIVIDER, _UNIT = "\x1f", "\x1e"
_UNSENDABLE = {0x1F: " ", 0x1E: " ", 0: "\N{REPLACEMENT CHARACTER}"}
_FOLDED = frozenset((Kind.PMF, Kind.METER))
_MOST_DEPTH = 3
_MOST_LEAVES = 40


@dataclass(frozen=True, slots=True)
class Leaves:
    """The statistics directly in a container, as columns of texts that are safe in HTML."""

    href: str
    """What an address of each begins with; its part of ``ends`` and ``/suffix`` follow."""
    suffix: str
    ends: Sequence[str]
    names: Sequence[str]
    types: Sequence[str]
    exact: Sequence[str]
    human: Sequence[str]
    """The values rounded, grouped or in a unit; ``""`` where the exact text reads well."""

    def laid(self, row: Sequence[str], more: Sequence[str]) -> str:
        """The columns between the pieces of markup that the template gives.

        ``row``: before the address, name, type and exact text, and after it. ``more``, where a human text
        follows: instead of the first and the last of these, and after that text. A loop in the template
        would say the same at three times the cost.
        """
        start, to_name, to_type, to_exact, end = row
        other, before, after = more
        start, other, to_name = start + self.href, other + self.href, f"/{self.suffix}{to_name}"
        columns = zip(self.ends, self.names, self.types, self.exact, self.human)
        return "".join(
            [
                f"{other}{at}{to_name}{name}{to_type}{kind}{to_exact}{exact}{before}{human}{after}"
                if human
                else f"{start}{at}{to_name}{name}{to_type}{kind}{to_exact}{exact}{end}"
                for at, name, kind, exact, human in columns
            ]
        )


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
    leaves: Leaves | None


END = Level("", "", "", False, False, False, "", None)
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
    return Gathered(places, keys, found)


def _add_leaves(node: Node, keys: list[str], found: list[Any]) -> None:
    data = node.data
    if node.kind is Kind.LIST:
        data = node.leaves()
    elif node.children:
        data = {key: value for key, value in data.items() if key not in node.children}
    ordered = sorted_keys(node, data)
    keys += ordered
    found += [data[key] for key in ordered]


def sorted_keys(node: Node, keys: Any) -> list[str]:
    """``keys`` of a node by type name, then numbers by value and the rest by text."""
    if not node.order:
        return sorted(keys, key=int) if node.kind is Kind.LIST else sorted(keys)
    return sorted(keys, key=lambda key: sort_key(key, node.order))


def levels(found: Gathered, path: Path, plan: Plan) -> Iterator[Level]:
    """The rows of the tree: a level where a container begins, :data:`END` where it ends."""
    texts = values.texts_of(found)
    exact = texts.exact if texts.safe else escape_all(texts.exact)
    # Most keys stand in many containers.
    different = list(dict.fromkeys(found.keys))
    name_of = dict(zip(different, [name or EMPTY_KEY for name in escape_all(different)]))
    end_of = dict(zip(different, segments(different)))
    names = [name_of[key] for key in found.keys]
    ends = [end_of[key] for key in found.keys]
    own = [place.path[-1] if place.path else "" for place in found.places if place is not None]
    own_names = iter(list(zip(escape_all(own), segments(own))))
    suffix, *hrefs = escape_all([plan.suffix, plan.address.base, plan.address.to(path)])
    for place in found.places:
        if place is None:
            hrefs.pop()
            yield END
            continue
        where, here, link, part = place
        key, end = next(own_names)
        depth = len(where) - len(path)
        href = f"{hrefs[-1]}{end}/" if depth else hrefs[-1]
        amount = part.stop - part.start
        columns = (ends[part], names[part], texts.types[part], exact[part], texts.human[part])
        leaves = Leaves(href, suffix, *columns) if amount else None
        if not link:
            hrefs.append(href)
        is_open = plan.unfold or not depth or _opens(here, depth, amount)
        near = bool(plan.approximate) and where in plan.approximate
        said = values.digest(place, found, texts)
        yield Level(href + suffix, key or EMPTY_KEY, said, is_open, link, near, here.kind.value, leaves)


def _opens(node: Node, depth: int, amount: int) -> bool:
    return depth <= _MOST_DEPTH and amount <= _MOST_LEAVES and node.kind not in _FOLDED


def shape(found: Gathered) -> str:
    """A short text that stays the same in a process while the tree keeps its levels, keys and types.

    From ``hash()``, which Python keeps with each key: it differs between processes that were not forked
    from one, and then the browser gets the tree anew.
    """
    places = [place and (place.path, place.link, place.leaves.stop) for place in found.places]
    marks = [tuple(place.node.marks.items()) for place in found.places if place and place.node.marks]
    parts = (tuple(places), tuple(found.keys), tuple(map(type, found.values)), tuple(marks))
    return f"{hash(parts) & 0xFFFFFFFFFFFFFFFF:x}"


def bare(found: Gathered) -> str:
    """The values alone, in the order of the rows: what a closed level says of itself (but for the first),
    exact text of each leaf. U+001F divides them. The script rounds and groups by itself, as ``values``
    does; what it can't know, a text with a unit, follows its exact text after U+001E."""
    texts = values.texts_of(found, only_units=True)
    every = texts.exact if texts.safe else _sendable(texts.exact)
    said: list[str] = []
    for number, place in enumerate(found.places):
        if place is not None:
            if number and not place.link:
                said.append(values.digest(place, found, texts))
            exact, human = every[place.leaves], texts.human[place.leaves]
            said += map(f"{{}}{_UNIT}{{}}".format, exact, human) if any(human) else exact
    return _DIVIDER.join(said)


def _sendable(texts: Sequence[str]) -> Sequence[str]:
    """The texts without the characters that have a meaning here, or none in HTML."""
    joined = "".join(texts)
    if not any(char in joined for char in map(chr, _UNSENDABLE)):
        return texts
    return [text.translate(_UNSENDABLE) for text in texts]
