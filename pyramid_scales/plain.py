"""From whatever an application keeps in its tree to what JSON holds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from itertools import compress, repeat
from operator import is_
from typing import Any

_PLAIN = frozenset((int, float, str, bool, type(None)))
_NUMBERS = frozenset((int, float, bool))


def copied(behind: dict[Any, Any]) -> dict[Any, Any]:
    """A copy in one step, which no other thread can divide; a subclass may iterate as it likes."""
    if type(behind) in (dict, defaultdict):
        return dict(behind)
    return dict(list(dict.items(behind)))


def odd_keys(data: dict[str, Any]) -> list[str]:
    """The keys whose values are not what JSON holds; every loop over the values is one in C."""
    values = data.values()
    kinds = set(map(type, values))
    if kinds <= _NUMBERS:
        return [] if int not in kinds or _fits(values) else _keys_of(data, {int})
    odd = kinds - _PLAIN
    if int in kinds and not _fits(compress(values, map(is_, map(type, values), repeat(int)))):
        odd.add(int)
    return _keys_of(data, odd) if odd else []


def _keys_of(data: dict[str, Any], types: set[type]) -> list[str]:
    return list(compress(data, map(types.__contains__, map(type, data.values()))))


def _fits(integers: Iterable[int]) -> bool:
    """Whether none of them is so long that Python refuses to write it (above 4,300 digits)."""
    try:
        # The cheapest loop that refuses an integer beyond the range of a float.
        math.hypot(*integers)
    except OverflowError:
        return False
    return True


def leaf(value: Any) -> tuple[Any, str]:
    """What JSON shows of a leaf, and the name of its type where that is another."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = int(value)
        try:
            str(number)
        except ValueError:
            return hex(number), "int"
        return number, "" if type(value) is int else type(value).__name__
    if type(value) in _PLAIN:
        return value, ""
    if isinstance(value, float):
        return float(value), type(value).__name__
    if isinstance(value, str):
        return str.__str__(value), type(value).__name__
    return str.__str__(repr(value) if isinstance(value, bytes) else str(value)), type(value).__name__
