"""What series of requests add up to.

Pure arithmetic on :mod:`.snapshot`. Every sum is computed once, and only when somebody asks for it: a
table of routes never pays for the all-time buckets of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from operator import add, sub
from typing import Any, NamedTuple, Protocol

from .snapshot import Labels, Requests, Series

SLICES = 90
"""Slices (of ten seconds) of which notes are kept: fifteen minutes."""

_NOTHING = (0,) * SLICES


class History(NamedTuple):
    """What happened in each of the last 90 slices, oldest first; the last one is the current slice."""

    counts: Sequence[int] = _NOTHING
    errors: Sequence[int] = _NOTHING
    sums_ns: Sequence[int] = _NOTHING


class Totals(Protocol):
    """What is known of one series, or of several together."""

    @property
    def count(self) -> int:
        """Requests, for ever."""

    @property
    def errors(self) -> int:
        """Requests answered with a status of 500 or more, for ever."""

    @property
    def buckets(self) -> Sequence[int]:
        """Requests in each bucket, for ever."""

    @property
    def sum_ns(self) -> int:
        """Time spent in all of them."""

    @property
    def recent(self) -> Sequence[int]:
        """Requests in each bucket over the last five minutes."""

    @property
    def recent_sum_ns(self) -> int | None:
        """Time spent in those; ``None`` where it is not known."""

    @property
    def history(self) -> History:
        """The last fifteen minutes, slice by slice."""


class Single:
    """The totals of one series."""

    def __init__(self, series: Series, now: int) -> None:
        self.series = series
        self.buckets = series.buckets
        self.sum_ns = series.sum_ns
        self.recent = series.recent
        self.recent_sum_ns = series.recent_sum_ns
        self.count = sum(series.buckets)
        self.is_error = series.labels.status >= 500
        self.errors = self.count if self.is_error else 0
        self._now = now

    @cached_property
    def history(self) -> History:
        """What a slice holds is the difference of its note to the next one, or to the total after the last.

        A slice without a note is one in which nothing happened. A difference below zero (the note was
        being written) counts as nothing.
        """
        first = self._now - SLICES + 1
        notes = [note for note in self.series.slices if note.number >= first]
        if not notes:
            return History()
        numbers, counts, sums_ns = zip(*notes, strict=True)
        indexes = [min(number, self._now) - first for number in numbers]
        happened = _placed(indexes, counts, self.count)
        return History(
            happened, happened if self.is_error else _NOTHING, _placed(indexes, sums_ns, self.sum_ns)
        )


class _Joined:
    """The totals of several parts together."""

    def __init__(self, parts: Sequence[Totals]) -> None:
        self._parts = parts

    def _sum(self, value: Callable[[Totals], int]) -> int:
        return sum(map(value, self._parts))

    @cached_property
    def count(self) -> int:
        return self._sum(lambda part: part.count)

    @cached_property
    def errors(self) -> int:
        return self._sum(lambda part: part.errors)

    @cached_property
    def sum_ns(self) -> int:
        return self._sum(lambda part: part.sum_ns)

    @cached_property
    def recent_sum_ns(self) -> int | None:
        sums = [part.recent_sum_ns for part in self._parts]
        return None if None in sums else sum(filter(None, sums))

    @cached_property
    def buckets(self) -> Sequence[int]:
        return added(part.buckets for part in self._parts)

    @cached_property
    def recent(self) -> Sequence[int]:
        return added(part.recent for part in self._parts)

    @cached_property
    def history(self) -> History:
        return History(*map(added, zip(*(part.history for part in self._parts), strict=True)))


def _placed(indexes: Sequence[int], notes: Sequence[int], total: int) -> Sequence[int]:
    """What happened in each slice, from notes of cumulative values and the value that was reached."""
    row = [0] * SLICES
    for index, difference in zip(indexes, map(sub, (*notes[1:], total), notes), strict=True):
        if difference > 0:
            row[index] += difference
    return row


def join(parts: Sequence[Totals]) -> Totals:
    """The totals of ``parts`` (there may be none) together."""
    return parts[0] if len(parts) == 1 else _Joined(parts)


def added(rows: Iterable[Sequence[int]]) -> Sequence[int]:
    """The sum of the rows, element by element; an empty row stands for zeros."""
    rows = list(rows)
    kept = [row for row in rows if row is not _NOTHING and len(row)]
    if len(kept) < 2:
        return (kept or rows or [()])[0]
    # For two rows plain addition takes a third of the time of a sum of columns; for many it is slower.
    return list(map(add, *kept) if len(kept) == 2 else map(sum, zip(*kept, strict=True)))


def by_label(parts: Sequence[Single], label: Callable[[Labels], Any]) -> dict[Any, int]:
    """Requests by one of their labels, sorted by it; those without it (no exception) are left out."""
    counts: dict[Any, int] = defaultdict(int)
    for part in parts:
        counts[label(part.series.labels)] += part.count
    return {value: counts[value] for value in sorted(counts) if value != ""}


class Grouped:
    """The series of a snapshot by the name of their route, sorted by it."""

    def __init__(self, requests: Requests) -> None:
        parts: dict[str, list[Single]] = {}
        for series in requests.series:
            parts.setdefault(series.labels.route, []).append(Single(series, requests.now))
        self.parts = dict(sorted(parts.items()))

    @cached_property
    def routes(self) -> dict[str, Totals]:
        """The totals of each route."""
        return {name: join(parts) for name, parts in self.parts.items()}

    @cached_property
    def all(self) -> Totals:
        """The totals of all routes together."""
        return join(list(self.routes.values()))
