"""From whatever an application keeps in its tree to what JSON holds."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

_PLAIN = frozenset((int, float, str, bool, type(None)))
_NUMBERS = frozenset((int, float, bool))


def copied(behind: dict[Any, Any]) -> dict[Any, Any]:
    """A copy in one step, which no other thread can divide; a subclass may iterate as it likes."""
    if type(behind) in (dict, defaultdict):
        return dict(behind)
    return dict(list(dict.items(behind)))


def is_plain(data: dict[Any, Any]) -> bool:
    """Whether all keys are text and all values are what JSON holds; the loops are in C."""
    values = data.values()
    types = set(map(type, values))
    if not types <= _PLAIN or list(map(type, data)).count(str) != len(data):
        return False
    if int in types:
        numbers = values if types <= _NUMBERS else [value for value in values if type(value) is int]
        try:
            # The cheapest loop that refuses an integer beyond the range of a float. (Above 4,300 digits
            # Python refuses to write it; what lies between is looked at one by one.)
            math.hypot(*numbers)
        except OverflowError:
            return False
    return True


def odd_keys(data: dict[str, Any]) -> list[str]:
    """The keys whose values are not what JSON holds, or integers that are suspiciously long."""
    return [
        key
        for key, value in data.items()
        if type(value) not in _PLAIN or (type(value) is int and value.bit_length() >= 1024)
    ]


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
