"""The words of a series: a run of whole numbers below 2**64.

In a file that is mapped they are a ``memoryview`` that was ``cast(FORMAT)``; in private memory a list, whose
numbers are read and written in half the time. Both are indexed, sliced and assigned to alike; what is here
is for the rest. What is read of them is a copy: a list, or an ``array`` of bytes as they were.

Each copy is made in one call, so that no record of this process falls between two of the words.
"""

from __future__ import annotations

import struct
from array import array
from typing import Literal, TypeAlias

Words: TypeAlias = "list[int] | memoryview"

FORMAT: Literal["L", "Q"] = "L" if struct.calcsize("L") == 8 else "Q"
"""64 bits either way; Python writes large numbers faster as the C language's ``long``."""
Copy: TypeAlias = "list[int] | array[int]"
NONE: Words = []
"""No words."""


def copied(words: Words) -> Copy:
    """A copy, as a list or an array."""
    return words[:] if isinstance(words, list) else array(FORMAT, words.tobytes())


def occupied(words: Copy) -> tuple[int, list[int]]:
    """The place of the first word that is not zero, and a copy of all from there to the last."""
    if isinstance(words, list):
        first = next((place for place, word in enumerate(words) if word), 0)
        behind = next((place for place, word in enumerate(reversed(words)) if word), len(words))
        return first, words[first : len(words) - behind]
    # As a single large number, whose lowest and highest bits tell where to look: half the time of a loop.
    bits = int.from_bytes(words, "little")
    first = max((bits & -bits).bit_length() - 1, 0) // 64
    return first, words[first : (bits.bit_length() + 63) // 64].tolist()


def numbers(words: Words | Copy) -> list[int]:
    """A copy, as a list."""
    return words[:] if isinstance(words, list) else words.tolist()
