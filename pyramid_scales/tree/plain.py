"""From whatever an application keeps in its tree to what JSON holds."""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from typing import Any

from ..keys import has_text_keys, name_of, with_text_keys

_MISSING = object()
_PLAIN = frozenset((int, float, str, bool, type(None)))
_NUMBERS = frozenset((int, float, bool))


def copied(behind: dict[Any, Any]) -> dict[Any, Any]:
    """A copy in one step, which no other thread can divide; a subclass may iterate as it likes."""
    if type(behind) in (dict, defaultdict, OrderedDict):
        return dict(behind)
    return dict(list(dict.items(behind)))


def only(behind: dict[Any, Any], text: str) -> dict[Any, Any]:
    """The one entry whose key has this text, if there is one; others are looked at only if they must be."""
    try:
        # Not [] or .get of a subclass: those invent entries.
        value = dict.get(behind, text, _MISSING)
    except Exception:
        # A key of the same hash that can't be compared.
        value = _MISSING
    if value is not _MISSING:
        return {text: value}
    data, _ = with_text_keys(copied(behind))
    return {text: data[text]} if text in data else {}


def items_of(behind: list[Any] | tuple[Any, ...]) -> list[Any]:
    """A copy in one step, as it is stored; a subclass may iterate as it likes, and for ever."""
    if isinstance(behind, list):
        return list.copy(behind)
    return list(tuple.__getitem__(behind, slice(None)))


def is_plain(data: dict[Any, Any]) -> bool:
    """Whether all keys are text and all values are what JSON holds; the loops are in C."""
    values = data.values()
    try:
        types = set(map(type, values))
    except Exception:
        # A class that can't be hashed or compared.
        return False
    if not types <= _PLAIN or not has_text_keys(data):
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
    try:
        return [
            key
            for key, value in data.items()
            if type(value) not in _PLAIN or (type(value) is int and value.bit_length() >= 1024)
        ]
    except Exception:
        return list(data)


def leaf(value: Any) -> tuple[Any, str]:
    """What JSON shows of a leaf, and the name of its type where that is another."""
    # By its true type: isinstance() would ask the value for its __class__.
    cls = type(value)
    if issubclass(cls, int) and cls is not bool:
        number = int.__int__(value)
        try:
            str(number)
        except ValueError:
            return hex(number), "int"
        return number, "" if cls is int else name_of(cls)
    if cls in _PLAIN:
        return value, ""
    if issubclass(cls, float):
        return float.__float__(value), name_of(cls)
    if issubclass(cls, str):
        return str.__str__(value), name_of(cls)
    return str.__str__(bytes.__repr__(value) if issubclass(cls, bytes) else str(value)), name_of(cls)
