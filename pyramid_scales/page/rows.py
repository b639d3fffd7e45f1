"""The tree as flat rows: what the template loops over, once, without recursion.

A text of the application enters here as it is and leaves escaped for HTML. All texts of a tree are
treated together, list by list: a few calls for a page, not a few for each statistic.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..address import Address
from ..snapshot import Kind, Path
from . import values
from .gather import Gathered, Place
from .plain_text import escape_all, segments

EMPTY_KEY = '""'
"""What stands for a key without text."""

_PIECES = json.JSONEncoder(check_circular=False, separators=("\x1f", ":"))
_FOLDED = frozenset((Kind.PMF, Kind.METER))
_MOST_DEPTH = 3
_MOST_LEAVES = 40
_FEW = 12


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


class Columns(NamedTuple):
    """All leaves of a tree, as columns of texts that are safe in HTML."""

    ends: Sequence[str]
    names: Sequence[str]
    types: Sequence[str]
    exact: Sequence[str]
    human: Sequence[str]


def levels(found: Gathered, path: Path, plan: Plan) -> Iterator[Level]:
    """The rows of the tree: a level where a container begins, :data:`END` where it ends."""
    texts = values.texts_of(found)
    columns = _columns(found, texts)
    own = [place.path[-1] if place.path else "" for place in found.places if place is not None]
    own_texts = iter(list(zip(_names(own), segments(own))))
    top = found.places[0]
    # On a page of their own there is room for some of what is folded elsewhere.
    folded = frozenset() if path and top and len(top.node.children) <= _FEW else _FOLDED
    suffix, *hrefs = escape_all([plan.suffix, plan.address.to(path)])
    for place in found.places:
        if place is None:
            hrefs.pop()
            yield END
            continue
        key, end = next(own_texts)
        depth = len(place.path) - len(path)
        href = f"{hrefs[-1]}{end}/" if depth else hrefs[-1]
        if not place.link:
            hrefs.append(href)
        part = place.leaves
        leaves = (
            Leaves(href, suffix, *(column[part] for column in columns)) if part.start < part.stop else None
        )
        yield Level(
            href=href + suffix,
            key=key,
            digest=values.digest(place),
            open=plan.unfold or not depth or _opens(place, depth, folded if depth == 1 else _FOLDED),
            link=place.link,
            approximate=bool(plan.approximate) and place.path in plan.approximate,
            kind=place.node.kind.value,
            leaves=leaves,
        )


def _columns(found: Gathered, texts: values.Texts) -> Columns:
    # Most keys stand in many containers.
    keys = list(dict.fromkeys(found.keys))
    names, ends = dict(zip(keys, _names(keys))), dict(zip(keys, segments(keys)))
    return Columns(
        [ends[key] for key in found.keys],
        [names[key] for key in found.keys],
        texts.types,
        texts.exact if texts.safe else escape_all(texts.exact),
        texts.human,
    )


def _names(keys: Sequence[str]) -> Sequence[str]:
    nameless, *names = escape_all([EMPTY_KEY, *keys])
    return [name or nameless for name in names]


def _opens(place: Place, depth: int, folded: frozenset[Kind]) -> bool:
    amount = place.leaves.stop - place.leaves.start
    return depth <= _MOST_DEPTH and amount <= _MOST_LEAVES and place.node.kind not in folded


def bare(found: Gathered) -> str:
    """The values alone, in the order of the rows: what a closed level says of itself (but for the first), and
    each leaf. U+001F divides them, and each is JSON: a number or a text; or, since the script rounds and
    groups by itself as ``values`` does but knows no units, an object of an exact and a human text."""
    said: list[Any] = []
    plain = values.PLAIN.issuperset(found.kinds)
    for number, place in enumerate(found.places):
        if place is not None:
            if number and not place.link:
                said.append(values.digest(place))
            said += values.bare(place, found, plain)
    text = _PIECES.encode(said)
    if "\\ud" in text or "\\u0000" in text or "\\r" in text:
        text = _PIECES.encode([_sendable(each) if type(each) is str else each for each in said])
    return text[1:-1]


def _sendable(text: str) -> str:
    """What a page shows of a text that UTF-8 or HTML can't carry."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "backslashreplace").decode()
