"""How the page writes a statistic: its exact text, and beside it the text that people read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from . import units
from .snapshot import Kind, Node, Path

Writer = Callable[[str, Any], str]
"""Key and value of a statistic → the text that people read, ``""`` where the exact one reads well."""

_UNUSUAL = frozenset(("nan", "inf", "-inf"))


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
    if name == "float":
        return units.number(value) if len(text) > 7 else ""
    return units.count(value) if name == "int" and len(text) > 4 else ""


def humans(names: Sequence[str], found: Sequence[Any], texts: Sequence[str]) -> list[str]:
    """:func:`human` of many; what most of them are (short texts, ints, usual floats) takes no call."""
    return [
        ""
        if len(text) < 5
        else f"{value:,}"
        if name == "int"
        else f"{value:.4g}"
        if name == "float" and len(text) > 7 and 1e-4 <= value < 1000
        else human(name, value, text)
        for name, value, text in zip(names, found, texts)
    ]


def digest(node: Node, write: Writer | None) -> str:
    """What a closed level says of itself: the figures of a distribution or meter, else how many it holds."""
    data = node.data
    if node.kind is Kind.PMF:
        return _figures(data, write, (("count", "count"), ("median", "median"), ("99percentile", "99 %")))
    if node.kind is Kind.METER:
        return _figures(data, write, (("count", "count"), ("m1", "m1")))
    amount = len(data) + sum(child.collapsed for child in node.children.values())
    return f"{amount:,}" + (" entry" if amount == 1 else " entries")


def _figures(data: Any, write: Writer | None, wanted: Sequence[tuple[str, str]]) -> str:
    shown = []
    for key, name in wanted:
        value = data.get(key)
        if type(value) in (int, float):
            text = exact([value])[0]
            said = write(key, value) if write else human(type(value).__name__, value, text)
            shown.append(f"{name} {said or text}")
    return " · ".join(shown)


def meaning(path: Path, kind: Kind) -> Writer | None:
    """How to write the values of a container whose units are known, else ``None``."""
    if kind is Kind.STATES:
        return _seconds
    if path[:1] == ("pyramid",):
        return _seconds_but_count if kind is Kind.PMF else _process if path[-1] == "process" else None
    return None


def _seconds(key: str, value: Any) -> str:
    return units.duration(value) if type(value) in (int, float) else ""


def _seconds_but_count(key: str, value: Any) -> str:
    return human("int", value, str(value)) if key == "count" else _seconds(key, value)


def _process(key: str, value: Any) -> str:
    if type(value) not in (int, float):
        return ""
    if "memory" in key or "bytes" in key:
        return units.size(value)
    if "uptime" in key or "seconds" in key or "cpu" in key:
        return units.duration(value)
    return "" if key == "pid" else human(type(value).__name__, value, str(value))
