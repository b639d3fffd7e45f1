"""Bucket boundaries, the words of a series, and what can be computed from them: pure arithmetic.

A series is a block of words (see :mod:`.words`), in private memory or in a file that other processes read.
The count of a series *is* the sum of its buckets: there is no second word that could disagree. Everything
is an integer; durations are nanoseconds.

Order in a block::

    buckets …, sum, last
    ring: RING times (number, count, sum)
    copies: COPIES times (minute, buckets …, sum)

``last``, ``number`` and ``minute`` hold the number plus one, so that zeroed memory means "nothing yet".
Each record of the ring and of the copies has its number in front, written last: whoever reads the block
meanwhile sees the number of long ago, which lies outside every window, or the complete record.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from math import isqrt
from typing import Any

from ..figures.spread import occupied
from ..snapshot import Labels, Series, Slice
from .words import Words, copied, numbers

VERSION = 1
"""Of the order of the words; a block of another version can't be read."""
SLICE_NS = 10_000_000_000
"""A slice of the ring, in nanoseconds."""
SLICES = 90
"""Slices of the longest window: fifteen minutes, the current slice besides."""
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
    words[note + 1] = sum(numbers(held[: layout.buckets]))
    words[note + 2] = held[layout.total]
    words[note] = number + 1
    minute = number // MINUTE
    copy = layout.copy_at(minute)
    if words[copy] != minute + 1:
        words[copy + 1 : copy + 2 + layout.buckets] = held
        words[copy] = minute + 1
    words[layout.last] = number + 1


def read_totals(labels: Labels, words: Words, layout: Layout) -> Series:
    """What a series has recorded for ever, from a copy of the first ``layout.ring`` words of its block: as
    if nothing of it were recent. Raises ``IndexError`` where there are less."""
    buckets = numbers(words[: layout.buckets])
    return Series(labels, buckets, words[layout.total], [0] * len(buckets), (), 0)


def read_series(labels: Labels, words: Words, layout: Layout, now: int) -> Series:
    """The series that a block holds, from a copy of its words.

    ``now`` is the number of the current slice. ``Series.recent`` covers the current minute and the five
    before it. Raises ``ValueError`` or ``IndexError`` for a block of another length.
    """
    if len(words) != layout.words:
        raise ValueError(f"a block has {layout.words} words, not {len(words)}")
    now = max(now, words[layout.last] - 1)
    buckets, total = numbers(words[: layout.buckets]), words[layout.total]
    recent, recent_sum = [0] * layout.buckets, 0
    before = _window(words, layout, now // MINUTE)
    if before is not None:
        # Most buckets are empty, so only the others are looked at. What is recent is never below zero: no
        # recorder leaves such a block, but what is read of a damaged file must not break a page.
        for place in occupied(buckets):
            added = buckets[place] - words[before + place]
            recent[place] = added if added > 0 else 0
        recent_sum = max(total - words[before + layout.buckets], 0)
    return Series(labels, buckets, total, recent, _notes(words, layout, now), recent_sum)


def _notes(words: Words, layout: Layout, now: int) -> tuple[Slice, ...]:
    """The notes of the window, oldest first: as they stand in the ring behind that of ``now``."""
    ring = numbers(words[layout.ring : layout.copies])
    oldest, newest = max(now - SLICES, 0), now + 1
    found = [place for place, number in enumerate(ring[::3]) if oldest < number <= newest]
    behind = bisect_left(found, newest % RING)
    order = [3 * place for place in found[behind:] + found[:behind]]
    return tuple([_new(Slice, (ring[at] - 1, ring[at + 1], ring[at + 2])) for at in order])


_new = tuple.__new__
"""Makes a named tuple in half the time; a page of eight workers may have 400,000 notes."""


def _window(words: Words, layout: Layout, minute: int) -> int | None:
    """Where the copy of buckets and sum stands that was made as the window of :attr:`Series.recent` began;
    ``None`` if nothing has happened in it."""
    for start in range(max(0, minute - MINUTES), minute + 1):
        copy = layout.copy_at(start)
        if words[copy] == start + 1:
            return copy + 1
    return None
