"""The words of a series: a run of whole numbers below 2**64.

In a file that is mapped they are a ``memoryview`` that was ``cast(FORMAT)``; in private memory a list, whose
numbers are read and written in half the time. Both are indexed, sliced and assigned to alike; what is here
is for the rest. What is read of them is a copy: a list, or an ``array`` of bytes as they were.

Each copy is made in one call, so that no record of this process falls between two of the words.
"""

from __future__ import annotations

import sys
from array import array
from typing import TypeAlias

from ..packed import FORMAT, Row

Words: TypeAlias = "list[int] | memoryview"
Copy: TypeAlias = "list[int] | Row"
NONE: Words = []
"""No words."""
_SIZE = 8
_LOWEST = 0 if sys.byteorder == "little" else _SIZE - 1
"""The place of the lowest byte of a word."""
_MARKS = bytes([0, *[1] * 255])
"""Makes a 1 of each byte that is not zero."""


def copied(words: Words) -> Copy:
    """A copy, as a list or an array."""
    return words[:] if isinstance(words, list) else array(FORMAT, words.tobytes())


def row(words: Copy) -> Row:
    """The same as an array, which is no copy of one."""
    return array(FORMAT, words) if isinstance(words, list) else words


def occupied(words: Copy) -> tuple[int, Row]:
    """The place of the first word that is not zero, and a copy of all from there to the last."""
    found = row(words)
    raw = found.tobytes()
    first, last = _ends(raw[_LOWEST::_SIZE])
    before, behind = raw[: _SIZE * first], raw[_SIZE * (last + 1) :]
    # The lowest byte of a multiple of 256 is zero, too.
    if before != bytes(len(before)) or behind != bytes(len(behind)):
        first, last = (place // _SIZE for place in _ends(raw))
    return first, found[first : last + 1]


def _ends(raw: bytes) -> tuple[int, int]:
    """The places of the first and the last byte that is not zero: far quicker than a loop over words."""
    marks = raw.translate(_MARKS)
    return max(marks.find(1), 0), marks.rfind(1)


def numbers(words: Words | Copy) -> list[int]:
    """A copy, as a list."""
    return words[:] if isinstance(words, list) else words.tolist()
