"""How the page writes statistics: their exact texts, and beside them the texts that people read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from markupsafe import escape

from ..snapshot import Kind, Node, Path
from . import units
from .gather import Gathered, Place

UNREAD = "could not be read"
"""What stands for a value that failed; its reason is in the list of problems."""

Writer = Callable[[str, Any], str]
"""Key and value of a statistic → the text that people read, ``""`` where the exact one reads well."""

_UNUSUAL = frozenset(("nan", "inf", "-inf"))
PLAIN = frozenset((int, float, str))
"""What JSON writes as the page does."""
_SAFE = frozenset((int, float, bool, type(None)))
_PMF = (("count", "count"), ("median", "median"), ("99percentile", "99 %"))
_METER = (("count", "count"), ("m1", "m1"))


class Texts(NamedTuple):
    """The texts of all values of a tree, list beside list."""

    types: Sequence[str]
    """Safe in HTML, as ``human``."""
    exact: Sequence[str]
    human: list[str]
    """Rounded, grouped or in a unit; ``""`` where the exact text reads well."""
    safe: bool
    """No value is text: ``exact`` needs no escaping."""


def texts_of(found: Gathered) -> Texts:
    """The texts of a gathered tree."""
    names = {kind: kind.__name__ for kind in set(found.kinds)}
    types = [names[kind] for kind in found.kinds]
    texts = exact(found.values)
    safe = _SAFE.issuperset(names)
    human = humans(types, found.values, texts)
    for place in found.places:
        if place is None:
            continue
        part = place.leaves
        if place.node.marks:
            safe = False
            keys, marks = found.keys[part], place.node.marks
            types[part] = [str(escape(marks.get(key, name))) for key, name in zip(keys, types[part])]
            texts[part] = _read(place.node, keys, texts[part])
        write = meaning(place.path, place.node.kind)
        if write is not None:
            human[part] = map(write, found.keys[part], found.values[part])
    return Texts(types, texts, human, safe)


def bare(place: Place, found: Gathered, plain: bool) -> Sequence[Any]:
    """The values of a container as they are, if ``plain`` says that the tree holds no others, or their texts;
    where people read them in a unit, each a dictionary of both texts: the second is empty where the exact one
    reads well, which the script would not know."""
    own, write = found.values[place.leaves], meaning(place.path, place.node.kind)
    if plain and write is None and not place.node.marks:
        return own
    keys = found.keys[place.leaves]
    texts = _read(place.node, keys, exact(own))
    if write is None:
        return texts
    written = zip(own, texts, map(write, keys, own))
    return [text if type(value) is str else {text: human} for value, text, human in written]


def _read(node: Node, keys: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    """The texts, and what stands for those that could not be read."""
    return [UNREAD if node.marks.get(key) == "error" else text for key, text in zip(keys, texts)]


def exact(found: Sequence[Any]) -> list[str]:
    """Each value as text, unrounded; no number as JavaScript spells it."""
    texts = list(map(str, found))
    if _UNUSUAL.isdisjoint(texts):
        return texts
    return [_exact(value, text) for value, text in zip(found, texts)]


def _exact(value: Any, text: str) -> str:
    return units.unusual(value) if type(value) is float and not math.isfinite(value) else text


def human(name: str, value: Any, text: str) -> str:
    """How people read a value of no known meaning, or ``""`` where its exact text will do."""
    if isinstance(value, str):
        # An integer beyond what Python writes is text, and a type of any name may be.
        return ""
    if name == "float":
        return units.number(value) if len(text) > 7 else ""
    return units.count(value) if name == "int" and len(text) > 4 else ""


def humans(names: Sequence[str], found: Sequence[Any], texts: Sequence[str]) -> list[str]:
    """:func:`human` of many; what most of them are (short texts, ints, usual floats) takes no call."""
    return [
        (f"{value:,}" if len(text) > 4 else "")
        if name == "int"
        else (f"{value:.4g}" if 1e-4 <= value < 1000 else units.number(value))
        if name == "float" and len(text) > 7
        else ""
        for name, value, text in zip(names, found, texts)
    ]


def digest(place: Place) -> str:
    """What a closed level says of itself: figures of a distribution or meter, else how many it holds."""
    node = place.node
    if node.kind is Kind.PMF:
        return _figures(place, _PMF)
    if node.kind is Kind.METER:
        return _figures(place, _METER)
    amount = len(node.data)
    if node.children:
        amount += sum(child.collapsed for child in node.children.values())
    return f"{amount:,} entry" if amount == 1 else f"{amount:,} entries"


def _figures(place: Place, wanted: Sequence[tuple[str, str]]) -> str:
    said, write = [], meaning(place.path, place.node.kind)
    for key, name in wanted:
        value = place.node.data.get(key)
        if type(value) is float:
            said.append(f"{name} {write(key, value) if write else units.number(value)}")
        elif type(value) is int:
            said.append(f"{name} {units.count(value)}")
    return " · ".join(said)


def meaning(path: Path, kind: Kind) -> Writer | None:
    """How to write the values of a container whose units are known, else ``None``."""
    if kind is Kind.STATES:
        return _seconds
    if path and path[0] == "pyramid":
        return _seconds_but_count if kind is Kind.PMF else _process if path[-1] == "process" else None
    return None


def _seconds(key: str, value: Any) -> str:
    return units.duration(value) if type(value) in (int, float) else ""


def _seconds_but_count(key: str, value: Any) -> str:
    return human("int", value, str(value)) if key == "count" else _seconds(key, value)


def _process(key: str, value: Any) -> str:
    if type(value) not in (int, float):
        return ""
    if key.endswith("_bytes"):
        return units.size(value)
    if key in ("uptime_seconds", "cpu_seconds"):
        return units.duration(value)
    return "" if key in ("pid", "start_time_seconds") else human(type(value).__name__, value, str(value))
