"""Bucket boundaries, and the words of a series: pure arithmetic. What they tell is read by :mod:`.readout`.

A series is a block of words (see :mod:`.words`), in private memory or in a file that other processes read.
The count of a series *is* the sum of its buckets: there is no second word that could disagree. Everything
is an integer; durations are nanoseconds.

Order in a block::

    buckets …, sum, last
    ring: RING times (number, count, sum)
    copies: COPIES times (minute, buckets …, sum)

``last``, ``number`` and ``minute`` hold the number plus one, so that zeroed memory means "nothing yet".
Each record of the ring and of the copies has its number in front, voided first and written last: whoever
reads the block meanwhile sees no record, or a complete one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import isqrt
from typing import Any

from ..snapshot import SLICE_NS, SLICES
from .words import Words, copied, numbers

VERSION = 1
"""Of the order of the words; a block of another version can't be read."""
MINUTE = 6
"""Slices between two copies of the buckets."""
MINUTES = 5
"""Whole minutes that ``Series.recent`` covers, the current one besides."""
RING = SLICES + 2
"""Notes kept: those of the window, and more, since the next one may just be overwriting the oldest."""
COPIES = MINUTES + 3
"""The same for the copies: those of the window with the current minute, and two more."""

_SCALE = 4
_LOWEST, _HIGHEST = -319, 192  # 2**(-319/16) s is just below 1 µs, 2**(192/16) s is 4096 s


def _exponential_bound(index: int) -> int:
    """``2 ** (index / 16)`` seconds in whole nanoseconds, rounded down, free of rounding errors.

    These are the boundaries of OpenTelemetry's exponential histogram of scale 4
    (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram).
    """
    power: int = 10 ** (9 << _SCALE)
    root = power << index if index >= 0 else power >> -index
    for _ in range(_SCALE):
        root = isqrt(root)
    return root


def make_bounds(le_seconds: Iterable[float]) -> tuple[int, ...]:
    """Inclusive upper bounds of the buckets, nanoseconds, ascending.

    The union of OpenTelemetry's exponential buckets of scale 4 (percentiles within 2.2 %) from 1 µs
    to 4096 s and of ``le_seconds``, which become exact.
    """
    exact = {round(bound * 1e9) for bound in le_seconds}
    return tuple(sorted(exact.union(map(_exponential_bound, range(_LOWEST, _HIGHEST + 1)))))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each word of a series stands in its block; made by :meth:`of`."""

    bounds: tuple[int, ...]
    """Inclusive upper bounds of the buckets, nanoseconds."""
    le: tuple[int, ...]
    """Those of them that the settings name."""
    buckets: int
    """How many bucket words there are, one more than bounds; they come first, so the number of a
    bucket is its place."""
    total: int
    """Place of the sum of all durations."""
    last: int
    ring: int
    copies: int
    words: int
    """Length of a block."""
    fingerprint: str
    """Equal where blocks mean the same: version and bounds."""

    @classmethod
    def of(cls, le_seconds: Iterable[float]) -> Layout:
        """The layout of a series whose buckets include the bounds ``le_seconds`` exactly."""
        le = tuple(le_seconds)
        bounds = make_bounds(le)
        buckets = len(bounds) + 1
        ring = buckets + 2
        copies = ring + 3 * RING
        shape = f"{VERSION} {SLICE_NS} {RING} {COPIES} {MINUTE} {bounds}"
        return cls(
            bounds=bounds,
            le=tuple(sorted({round(bound * 1e9) for bound in le})),
            buckets=buckets,
            total=buckets,
            last=buckets + 1,
            ring=ring,
            copies=copies,
            words=copies + (2 + buckets) * COPIES,
            fingerprint=hashlib.sha256(shape.encode()).hexdigest()[:16],
        )

    def note_at(self, number: int) -> int:
        """Place of the note of slice ``number`` in the ring."""
        return self.ring + 3 * (number % RING)

    def copy_at(self, minute: int) -> int:
        """Place of the copy of the buckets at the start of ``minute``."""
        return self.copies + (2 + self.buckets) * (minute % COPIES)

    def forget_time(self, words: Words) -> None:
        """Void what was noted by the clock of another boot of the machine; the totals stay."""
        words[self.last] = 0
        for number in range(RING):
            words[self.note_at(number)] = 0
        for minute in range(COPIES):
            words[self.copy_at(minute)] = 0


def turn(words: Words, layout: Layout, number: int) -> None:
    """Note what a series holds as slice ``number`` begins; to be called under a lock.

    Does nothing in a slice that was noted before, or if the clock went back. Interrupted at any
    place and called again, it ends in the same state.
    """
    if number < words[layout.last]:
        return
    held: Any = copied(words[: layout.total + 1])
    note = layout.note_at(number)
    words[note] = 0
    words[note + 1] = sum(numbers(held[: layout.buckets]))
    words[note + 2] = held[layout.total]
    words[note] = number + 1
    minute = number // MINUTE
    copy = layout.copy_at(minute)
    if words[copy] != minute + 1:
        words[copy] = 0
        words[copy + 1 : copy + 2 + layout.buckets] = held
        words[copy] = minute + 1
    words[layout.last] = number + 1
