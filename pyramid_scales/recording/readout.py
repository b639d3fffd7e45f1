"""What a block of words tells of its series: all that was recorded, and what of it lately. Pure.

Whoever reads a block of another process may find it half written, or damaged: what was recorded lately is
never below zero, and nothing but the documented errors is raised.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import compress
from operator import ne
from typing import Any, TypeAlias

from ..packed import FORMAT, LIMIT, difference
from ..snapshot import NO_BUCKETS, NO_SLICES, SLICES, Buckets, Labels, Series, Slices
from .histogram import MINUTE, MINUTES, RING, Layout
from .words import Copy, numbers, occupied, row

More: TypeAlias = "Callable[[int, int], Copy]"
_NEVER = 2**64 - 1
"""The number of no slice."""


class Extent(IntEnum):
    """How much a reader wants to see of the series of requests. Each part takes time."""

    NOTHING = 0
    TOTALS = 1
    """As if all had been recorded long ago."""
    RATES = 2
    """What was lately, as well: how many requests, and how long they took."""
    MEANS = 3
    """How long those of each half minute took, as well."""


class Window:
    """What is lately: the same for all series of a page."""

    __slots__ = ("layout", "means", "minutes", "now", "numbers", "oldest")

    def __init__(self, layout: Layout, now: int, extent: Extent = Extent.MEANS) -> None:
        """``now`` is the number of the current slice."""
        self.layout = layout
        self.now = now
        self.means = extent >= Extent.MEANS
        self.oldest = now - SLICES
        expected = [number if number > 0 else _NEVER for number in range(self.oldest + 1, now + 3)]
        self.numbers: dict[type, Copy] = {list: expected, array: array(FORMAT, expected)}
        """What stands in front of each note that is one."""
        self.minutes = range(max(now // MINUTE - MINUTES, 0), now // MINUTE + 2)
        """Those of ``Series.recent``; the next one may just have begun."""


def read_totals(labels: Labels, words: Copy, layout: Layout) -> Series:
    """What a series has recorded for ever, from a copy of the first ``layout.ring`` words of its block: as
    if nothing of it were recent. Raises ``IndexError`` where there are less."""
    buckets = _buckets(words[: layout.buckets])
    return Series(labels, buckets, words[layout.total], NO_BUCKETS, NO_SLICES, 0)


def read_series(labels: Labels, words: Copy, window: Window, more: More) -> Series:
    """The series of a block, of whose words ``words`` are a copy of the first ``layout.copies``.

    ``more(start, stop)`` copies others of its words. What belongs to a slice that has just begun is counted
    to the current one. ``Series.recent`` covers the current minute and the five before it. Raises
    ``ValueError`` or ``IndexError`` for another number of words.
    """
    layout = window.layout
    if len(words) != layout.copies:
        raise ValueError(f"a block begins with {layout.copies} words, not {len(words)}")
    buckets = _buckets(words[: layout.buckets])
    total = words[layout.total]
    if words[layout.last] <= window.oldest:
        return Series(labels, buckets, total, NO_BUCKETS, NO_SLICES, 0)
    slices = _slices(words, window, buckets.total, total)
    recent, recent_sum = _recent(words, window, more, buckets)
    return Series(labels, buckets, total, recent, slices, recent_sum)


def _buckets(words: Copy) -> Buckets:
    first, amounts = occupied(words)
    total = sum(amounts)
    return Buckets(first, amounts, total) if total < LIMIT else NO_BUCKETS


def _recent(words: Copy, window: Window, more: More, now: Buckets) -> tuple[Buckets, int]:
    """What has been added to the buckets and to the sum of durations in the window of
    :attr:`Series.recent`."""
    before = _before(words, window, more)
    if before is None:
        return NO_BUCKETS, 0
    first, amounts, _ = now
    added = difference(amounts, row(before[1 + first : 1 + first + len(amounts)]))
    place = window.layout.total
    return Buckets(first, added, sum(added)), max(words[place] - before[1 + place], 0)


def _before(words: Copy, window: Window, more: More) -> Copy | None:
    """The copy, with its number, that was made as the window began; ``None`` if nothing has happened in it.
    One is made with the first note of a minute."""
    layout = window.layout
    for minute in window.minutes:
        for number in range(MINUTE * minute, MINUTE * (minute + 1)):
            if words[layout.note_at(number)] == number + 1:
                place = layout.copy_at(minute)
                copy = more(place, place + layout.buckets + 2)
                if copy[0] == minute + 1:
                    return copy
                break
    return None


def _slices(words: Copy, window: Window, amount: int, total: int) -> Slices:
    """What the series held when each slice of the window began, from the notes of the ring."""
    layout = window.layout
    oldest = layout.note_at(window.oldest)
    # That of the oldest slice first, then those up to the current one; at last that of the slice after it, or
    # one of long ago.
    notes: Any = words[oldest : layout.copies] + words[layout.ring : oldest]  # type: ignore[operator]
    noted, expected = notes[::3], window.numbers[type(notes)]
    # Mostly all slices have a note up to the last one that has.
    newest = words[layout.last] - window.oldest
    missing = list(range(newest, RING))
    if noted[:newest] != expected[:newest]:
        missing = list(compress(range(RING), map(ne, noted, expected)))
        if len(missing) == RING:
            return NO_SLICES
    missing.reverse()
    counts = _held(numbers(notes[1::3]), missing, amount)
    sums_ns = _held(numbers(notes[2::3]), missing, total)[::3] if window.means else ()
    return Slices(counts, sums_ns)


def _held(column: list[int], missing: Sequence[int], total: int) -> list[int]:
    """What there was when each slice began. In one without a note nothing happened, so there was what there
    was at the beginning of the next; behind the last one, what there is now."""
    column.append(total)
    # The note of the current slice, or of the next, may have been made after the rest was read.
    for place in (SLICES, SLICES + 1):
        column[place] = min(column[place], total)
    for place in missing:
        column[place] = column[place + 1]
    del column[SLICES + 1 :]
    return column
