"""Rows of whole numbers, added and subtracted as one large integer each, in which a place has 64 bits.

That takes a third of the time of a loop, and a page of eight workers adds up hundreds of rows. While no
number that is added reaches :data:`LIMIT`, nothing is ever carried from one place to the next.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

Row: TypeAlias = "array[int]"

FORMAT: Literal["L", "Q"] = "L" if struct.calcsize("L") == 8 else "Q"
"""64 bits either way; Python writes large numbers faster as the C language's ``long``."""
LIMIT = 2**48
"""No number of a row is as large; so 65,000 rows may be added."""
_BITS = 64
_LITTLE = sys.byteorder == "little"


def added(starts: Sequence[int], rows: Sequence[Row]) -> tuple[int, Row]:
    """The sum of one or more rows, each of which begins at a place of its own: its first place, and the row
    from there to the last number that is not zero."""
    first = min(starts)
    total = sum([_packed(row) << _BITS * (start - first) for start, row in zip(starts, rows, strict=True)])
    return first, _unpacked(total, -(-total.bit_length() // _BITS))


def difference(later: Row, earlier: Row) -> Row:
    """``later - earlier``, two rows of one length, place by place; 0 where it would be negative.

    No number of ``later`` reaches :data:`LIMIT`.
    """
    marks, taken = _marks(len(later)), _packed(earlier)
    # A place from which too much is taken borrows its mark.
    marked = (_packed(later) | marks) - taken
    if taken & marks or marked & marks != marks:
        return array(FORMAT, [max(more - less, 0) for more, less in zip(later, earlier, strict=True)])
    return _unpacked(marked ^ marks, len(later))


@lru_cache(maxsize=256)
def _marks(places: int) -> int:
    """The highest bit of each place."""
    return int.from_bytes(bytes([0] * 7 + [0x80]) * places, "little")


def _packed(row: Row) -> int:
    return int.from_bytes(row if _LITTLE else row[::-1], sys.byteorder)


def _unpacked(number: int, places: int) -> Row:
    row = array(FORMAT, number.to_bytes(8 * places, sys.byteorder))
    return row if _LITTLE else row[::-1]
