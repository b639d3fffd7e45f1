"""The text of keys: what JSON, addresses and the page call a key that may be anything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

Order = dict[str, tuple[str, Any]]

name_of: Callable[[type], str] = vars(type)["__name__"].__get__
"""The name of a class, whatever its metaclass makes of the attribute."""


def text_of_key(key: Any) -> str:
    """The text of one key, as ``json.dumps`` writes it; bytes as their literal, the rest as ``str()``."""
    # By its true type: isinstance() would ask the key for its __class__.
    cls = type(key)
    if issubclass(cls, str):
        return str.__str__(key)
    if key is None or cls is bool:
        return {None: "null", True: "true", False: "false"}[key]
    number = _number(key, cls)
    if number is not None:
        return _text_of_int(number) if isinstance(number, int) else _text_of_float(number)
    try:
        return str.__str__(bytes.__repr__(key) if issubclass(cls, bytes) else str(key))
    except (Exception, SystemExit):
        return f"<{name_of(cls)}>"


def with_text_keys(data: dict[Any, Any]) -> tuple[dict[str, Any], Order]:
    """The same values under the texts of their keys, in their order; and how to sort those texts.

    A string keeps its text; another key whose text is taken gets its type behind it, such as ``5 (int)``.
    """
    if has_text_keys(data):
        return data, {}
    taken = {str.__str__(key) for key in data if issubclass(type(key), str)}
    result: dict[str, Any] = {}
    order: Order = {}
    for key, value in data.items():
        text = text_of_key(key)
        cls = type(key)
        if not issubclass(cls, str):
            text = _free_text(text, name_of(cls), taken)
            taken.add(text)
            number = _number(key, cls)
            order[text] = (name_of(cls), text if number is None else number)
        result[text] = value
    return result, order


def has_text_keys(data: dict[Any, Any]) -> bool:
    """Whether all keys are ``str`` and of no subclass; the loop is in C."""
    try:
        return list(map(type, data)).count(str) == len(data)
    except Exception:
        # A class that can't be compared.
        return False


def sort_key(text: str, order: Order) -> tuple[str, float, str]:
    """Sorts keys of mixed types: by type, then numbers as numbers, then by text."""
    kind, key = order.get(text, ("str", text))
    is_number = isinstance(key, (int, float)) and key == key and abs(key) < 1e300
    return (kind, float(key) if is_number else 0.0, text)


def _free_text(text: str, kind: str, taken: set[str]) -> str:
    if text not in taken:
        return text
    text = f"{text} ({kind})"
    number = 2
    while text in taken:
        text = f"{text.rpartition(' (')[0]} ({kind} {number})"
        number += 1
    return text


def _number(key: Any, cls: type) -> int | float | None:
    """The number that a key is, without what a subclass makes of it; ``None`` for what is no number."""
    if issubclass(cls, int):
        return int.__int__(key)
    return float.__float__(key) if issubclass(cls, float) else None


def _text_of_float(number: float) -> str:
    return float.__repr__(number) if math.isfinite(number) else json.dumps(number)


def _text_of_int(number: int) -> str:
    try:
        return str(number)
    except ValueError:
        # Above 4,300 digits Python refuses the decimal text.
        return hex(number)
