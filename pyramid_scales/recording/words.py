"""The words of a series: a run of whole numbers below 2**64.

In a file that is mapped they are a ``memoryview`` that was ``cast(FORMAT)``; in private memory a list, whose
numbers are read and written in half the time. Both are indexed, sliced and assigned to alike; what is here
is for the rest.

Each copy is made in one call, so that no record of this process falls between two of the words.
"""

from __future__ import annotations

import struct
from typing import Literal, TypeAlias

Words: TypeAlias = "list[int] | memoryview"

FORMAT: Literal["L", "Q"] = "L" if struct.calcsize("L") == 8 else "Q"
"""64 bits either way; Python writes large numbers faster as the C language's ``long``."""
NONE: Words = []
"""No words."""


def copied(words: Words) -> Words:
    """A copy, of the same kind."""
    return words[:] if isinstance(words, list) else memoryview(words.tobytes()).cast(FORMAT)


def numbers(words: Words) -> list[int]:
    """A copy, as a list."""
    return words[:] if isinstance(words, list) else words.tolist()
