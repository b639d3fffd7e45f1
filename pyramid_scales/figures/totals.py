"""What series of requests add up to: one series, the series of a route, or all.

Pure arithmetic on :mod:`.snapshot`. A table of 200 routes is refreshed every few seconds, so the sums are
left to functions that loop in C, and what only some readers ask for (the all-time buckets of a route) is
added up when they ask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, sub
from typing import Any, NamedTuple

from ..snapshot import Labels, Requests, Series, Slice

SLICES = 91
"""Slices (of ten seconds) that are told apart: those of fifteen minutes, and the current one."""

NOTHING = (0,) * SLICES
"""The row of a history in which nothing happened."""


class History(NamedTuple):
    """What happened in each of the last 91 slices, oldest first; the last one is the current slice."""

    counts: Sequence[int] = NOTHING
    errors: Sequence[int] = NOTHING
    sums_ns: Sequence[int] = NOTHING


@dataclass(slots=True)
class Totals:
    """What one series holds, or several together."""

    count: int
    """Requests, for ever."""
    errors: int
    """Those answered with a status of 500 or more, for ever."""
    sum_ns: int
    """Time spent in all of them."""
    recent: Sequence[int]
    """Requests in each bucket over the last five minutes."""
    recent_sum_ns: int | None
    """Time spent in those; ``None`` where it is not known."""
    history: History
    series: Sequence[tuple[Labels, int]]
    """The requests of each series."""
    rows: Sequence[Sequence[int]]
    """The buckets of each series."""

    @property
    def buckets(self) -> Sequence[int]:
        """Requests in each bucket, for ever; added up at each call."""
        return added(self.rows)

    def by(self, label: Callable[[Labels], Any]) -> dict[Any, int]:
        """Requests by one of their labels, sorted by it; those without it (no exception) are left out."""
        counts: dict[Any, int] = defaultdict(int)
        for labels, count in self.series:
            counts[label(labels)] += count
        return {value: counts[value] for value in sorted(counts) if value != ""}


class Grouped(NamedTuple):
    """The totals of each route, sorted by its name, and of all together."""

    routes: dict[str, Totals]
    all: Totals


def group(requests: Requests, only: str | None = None) -> Grouped:
    """The totals of a snapshot; of one route alone, if ``only`` names it."""
    parts: dict[str, list[Totals]] = {}
    for series in requests.series:
        if only is None or series.labels.route == only:
            parts.setdefault(series.labels.route, []).append(_single(series, requests.now))
    routes = {name: _joined(parts[name]) for name in sorted(parts)}
    return Grouped(routes, _joined(list(routes.values())))


def added(rows: Sequence[Sequence[int]]) -> Sequence[int]:
    """The sum of the rows, element by element; an empty row stands for zeros."""
    kept = [row for row in rows if row is not NOTHING and len(row)]
    if len(kept) < 2:
        return (*kept, *rows, ())[0]
    if len(kept) > 4:
        return list(map(sum, zip(*kept, strict=True)))
    # For few rows, plain additions take less time than a sum of columns.
    return reduce(lambda total, row: list(map(add, total, row)), kept)


def _single(series: Series, now: int) -> Totals:
    count, is_error = sum(series.buckets), series.labels.status >= 500
    counts, sums_ns = _happened(series, count, now)
    return Totals(
        count=count,
        errors=count if is_error else 0,
        sum_ns=series.sum_ns,
        recent=series.recent,
        recent_sum_ns=series.recent_sum_ns,
        history=History(counts, counts if is_error else NOTHING, sums_ns),
        series=((series.labels, count),),
        rows=(series.buckets,),
    )


def _joined(parts: Sequence[Totals]) -> Totals:
    if len(parts) == 1:
        return parts[0]
    recent_sums = [part.recent_sum_ns for part in parts]
    histories = zip(*(part.history for part in parts), strict=True)
    return Totals(
        count=sum(part.count for part in parts),
        errors=sum(part.errors for part in parts),
        sum_ns=sum(part.sum_ns for part in parts),
        recent=added([part.recent for part in parts if any(part.recent)]),
        recent_sum_ns=None if None in recent_sums else sum(filter(None, recent_sums)),
        history=History(*map(added, histories)),
        series=[pair for part in parts for pair in part.series],
        rows=[row for part in parts for row in part.rows],
    )


def _happened(series: Series, count: int, now: int) -> tuple[Sequence[int], Sequence[int]]:
    """Requests, and nanoseconds spent in them, of each of the last slices.

    A note says what the series held when its slice began, so the slice holds the difference to the next
    note; after the last one, to what the series holds now. In a slice without a note nothing happened.
    """
    notes, first = series.slices, now - SLICES + 1
    if not notes or notes[-1].number < first:
        return NOTHING, NOTHING
    numbers, counts, sums_ns = zip(*notes, strict=True)
    happened, spent = _differences(counts, count), _differences(sums_ns, series.sum_ns)
    if numbers[0] < first or numbers[-1] > now or numbers[-1] - numbers[0] >= len(numbers):
        return _scattered(notes, happened, now), _scattered(notes, spent, now)
    before, after = [0] * (numbers[0] - first), [0] * (now - numbers[-1])
    return [*before, *happened, *after], [*before, *spent, *after]


def _differences(notes: Sequence[int], total: int) -> list[int]:
    """From each note to the next; never below zero, as after a note that was just being written."""
    found = list(map(sub, (*notes[1:], total), notes))
    return found if min(found) >= 0 else [max(difference, 0) for difference in found]


def _scattered(notes: Iterable[Slice], happened: Iterable[int], now: int) -> list[int]:
    row = [0] * SLICES
    for note, value in zip(notes, happened, strict=True):
        age = max(now - note.number, 0)
        if age < SLICES:
            row[-1 - age] += value
    return row
