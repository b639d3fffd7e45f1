"""The text of keys: what JSON, addresses and the page call a key that may be anything."""

from __future__ import annotations

import json
import math
from typing import Any

Order = dict[str, tuple[str, Any]]


def text_of_key(key: Any) -> str:
    """The text of one key, as ``json.dumps`` writes it; bytes as their literal, the rest as ``str()``."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return _text_of_int(int(key))
    if isinstance(key, float):
        return _text_of_float(float(key))
    try:
        return str.__str__(repr(key) if isinstance(key, bytes) else str(key))
    except Exception:
        return f"<{type(key).__name__}>"


def with_text_keys(data: dict[Any, Any]) -> tuple[dict[str, Any], Order]:
    """The same values under the texts of their keys, in their order; and how to sort those texts.

    A string keeps its text; another key whose text is taken gets its type behind it, such as ``5 (int)``.
    """
    if list(map(type, data)).count(str) == len(data):
        return data, {}
    taken = {str.__str__(key) for key in data if isinstance(key, str)}
    result: dict[str, Any] = {}
    order: Order = {}
    for key, value in data.items():
        text = text_of_key(key)
        if not isinstance(key, str):
            text = _free_text(text, type(key).__name__, taken)
            taken.add(text)
            order[text] = (type(key).__name__, key)
        result[text] = value
    return result, order


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


def _text_of_float(number: float) -> str:
    return float.__repr__(number) if math.isfinite(number) else json.dumps(number)


def _text_of_int(number: int) -> str:
    try:
        return str(number)
    except ValueError:
        # Above 4,300 digits Python refuses the decimal text.
        return hex(number)
