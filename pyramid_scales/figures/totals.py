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
from itertools import compress
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
    """Requests."""
    errors: Sequence[int] = NOTHING
    """Those answered with a status of 500 or more; this very ``NOTHING`` where there are none."""


@dataclass(slots=True)
class Totals:
    """What one series holds, or several together."""

    series: Sequence[Series]
    amounts: Sequence[int]
    """The requests of each series."""
    errors: int
    """Requests answered with a status of 500 or more, for ever."""
    history: History
    now: int
    """Number of the current slice."""

    @property
    def count(self) -> int:
        """Requests, for ever."""
        return sum(self.amounts)

    @property
    def sum_ns(self) -> int:
        """Time spent in all of them."""
        return sum([one.sum_ns for one in self.series])

    @property
    def buckets(self) -> Sequence[int]:
        """Requests in each bucket, for ever; added up at each call."""
        return added([one.buckets for one in self.series])

    @property
    def recent(self) -> Sequence[int]:
        """Requests in each bucket over the last five minutes; added up at each call."""
        rows = [one.recent for one in self.series]
        return added([row for row in rows if any(row)] or rows[:1])

    @property
    def recent_sum_ns(self) -> int | None:
        """Time spent in those; ``None`` where it is not known."""
        sums = [one.recent_sum_ns for one in self.series]
        return None if None in sums else sum(filter(None, sums))

    @property
    def sums_ns(self) -> Sequence[int]:
        """Time spent in the requests of each slice of the history; added up at each call."""
        return _happened([(one.slices, one.sum_ns) for one in self.series], _SUMS_NS, self.now)

    def by(self, label: Callable[[Labels], Any]) -> dict[Any, int]:
        """Requests by one of their labels, sorted by it; those without it (no exception) are left out."""
        counts: dict[Any, int] = defaultdict(int)
        for one, amount in zip(self.series, self.amounts, strict=True):
            counts[label(one.labels)] += amount
        return {value: counts[value] for value in sorted(counts) if value != ""}


class Grouped(NamedTuple):
    """The totals of each route, sorted by its name, and of all together."""

    routes: dict[str, Totals]
    all: Totals


def group(requests: Requests, only: str | None = None) -> Grouped:
    """The totals of a snapshot; of one route alone, if ``only`` names it."""
    parts: dict[str, list[Series]] = {}
    for series in requests.series:
        if only is None or series.labels.route == only:
            parts.setdefault(series.labels.route, []).append(series)
    routes = {name: _together(parts[name], requests.now) for name in sorted(parts)}
    return Grouped(routes, _of_all(list(routes.values()), requests.now))


def together(requests: Requests) -> Totals:
    """The totals of all requests, for whoever does not ask for those of the routes."""
    return _together(requests.series, requests.now)


def added(rows: Sequence[Sequence[int]]) -> Sequence[int]:
    """The sum of the rows, element by element; an empty row stands for zeros."""
    kept = [row for row in rows if row is not NOTHING and len(row)]
    if len(kept) < 2:
        return (*kept, *rows, ())[0]
    if len(kept) > 4:
        return list(map(sum, zip(*kept, strict=True)))
    # For few rows, plain additions take less time than a sum of columns.
    return reduce(lambda total, row: list(map(add, total, row)), kept)


def _together(series: Sequence[Series], now: int) -> Totals:
    amounts = [sum(one.buckets) for one in series]
    notes = [(one.slices, amount) for one, amount in zip(series, amounts, strict=True)]
    fails = [one.labels.status >= 500 for one in series]
    history = History(_happened(notes, _COUNTS, now), _happened(list(compress(notes, fails)), _COUNTS, now))
    return Totals(series, amounts, sum(compress(amounts, fails)), history, now)


def _of_all(routes: Sequence[Totals], now: int) -> Totals:
    histories = [route.history for route in routes]
    return Totals(
        series=[one for route in routes for one in route.series],
        amounts=[amount for route in routes for amount in route.amounts],
        errors=sum([route.errors for route in routes]),
        history=History(*map(added, zip(*histories, strict=True))),
        now=now,
    )


_COUNTS, _SUMS_NS = 1, 2
"""Places in a note."""


def _happened(notes: Iterable[tuple[Sequence[Slice], int]], place: int, now: int) -> Sequence[int]:
    """What each of the last slices added; of every series its notes, and what it holds now.

    A note says what the series held when its slice began, so the slice holds the difference to the next
    note; after the last one, to what the series holds now. In a slice without a note nothing happened.
    """
    row, first = [0] * SLICES, now - SLICES + 1
    for slices, total in notes:
        if slices:
            columns: list[Sequence[int]] = list(zip(*slices, strict=True))
            numbers, gains = columns[0], _differences(columns[place], total)
            if numbers[0] < first or numbers[-1] > now:
                numbers, gains = _within(numbers, gains, first, now)
            for number, gain in zip(numbers, gains, strict=True):
                row[number - first] += gain
    return row if any(row) else NOTHING


def _differences(notes: Sequence[int], total: int) -> Sequence[int]:
    """From each note to the next; never below zero, as after a note that was just being written."""
    found = list(map(sub, (*notes[1:], total), notes))
    return found if min(found) >= 0 else [max(difference, 0) for difference in found]


def _within(
    numbers: Sequence[int], gains: Sequence[int], first: int, now: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Without slices that are over; one that has just begun elsewhere counts as the current one."""
    kept = [number >= first for number in numbers]
    return [min(number, now) for number in compress(numbers, kept)], list(compress(gains, kept))
