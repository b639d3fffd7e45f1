"""What series of requests add up to: one series, the series of a route, or all.

Pure arithmetic on :mod:`.snapshot`. A table of 200 routes is refreshed every few seconds, so what only some
readers ask for (the all-time buckets of a route) is added up when they ask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

from ..snapshot import SLICES, Buckets, Labels, Requests, Series
from .sums import added_buckets, added_held

WINDOWS = 6, 30, SLICES
"""1, 5 and 15 minutes, in slices."""
_NONE = (0, 0, 0)
FAILED = 500
"""Answers with this status or a higher one are errors."""


@dataclass
class Totals:
    """What one series holds, or several together; the rows are added up when somebody asks for them."""

    series: Sequence[Series]
    amounts: Sequence[int]
    """The requests of each series, for ever."""
    count: int
    """All of them."""
    errors: int
    """Those answered with a status of 500 or more."""
    recent: Buckets
    """Requests in each bucket over the last five minutes."""

    @property
    def sum_ns(self) -> int:
        """Time spent in all of them."""
        return sum([one.sum_ns for one in self.series])

    @property
    def buckets(self) -> Buckets:
        """Requests in each bucket, for ever."""
        return added_buckets([one.buckets for one in self.series])

    @property
    def recent_sum_ns(self) -> int | None:
        """Time spent in the requests of ``recent``; ``None`` where it is not known."""
        sums = [one.recent_sum_ns for one in self.series]
        return None if None in sums else sum(filter(None, sums))

    @property
    def lately(self) -> Sequence[int]:
        """Requests of the last 1, 5 and 15 minutes."""
        return _lately(self.series, self.amounts)

    @property
    def errors_lately(self) -> Sequence[int]:
        """The errors among them."""
        return _lately(*self._failed()) if self.errors else _NONE

    @cached_property
    def held(self) -> Sequence[int]:
        """Requests before each of the last 91 slices, oldest first; empty if there was none since."""
        return added_held([one.slices.counts for one in self.series], self.amounts)

    @cached_property
    def held_errors(self) -> Sequence[int]:
        """The errors among them; empty if there was none since."""
        failed, amounts = self._failed()
        return added_held([one.slices.counts for one in failed], amounts)

    @property
    def held_ns(self) -> Sequence[int]:
        """Time spent in requests before every third of these slices; empty if nothing happened since."""
        rows = [one.slices.sums_ns for one in self.series]
        return added_held(rows, [one.sum_ns for one in self.series])

    def _failed(self) -> tuple[Sequence[Series], Sequence[int]]:
        fails = [one.labels.status >= FAILED for one in self.series]
        return list(compress(self.series, fails)), list(compress(self.amounts, fails))

    def by(self, label: Callable[[Labels], Any]) -> dict[Any, int]:
        """Requests by one of their labels, sorted by it; those without it (no exception) are left out."""
        amounts: dict[Any, int] = defaultdict(int)
        for one, amount in zip(self.series, self.amounts, strict=True):
            amounts[label(one.labels)] += amount
        return {value: amounts[value] for value in sorted(amounts) if value != ""}


def _lately(series: Sequence[Series], amounts: Sequence[int]) -> Sequence[int]:
    first, second, third = WINDOWS
    gains = [
        (amount - held[-first], amount - held[-second], amount - held[-third])
        for one, amount in zip(series, amounts)
        if (held := one.slices.counts)
    ]
    added: Sequence[int] = _NONE
    if gains:
        added = gains[0] if len(gains) == 1 else list(map(sum, zip(*gains)))
    # Below zero only where a file is damaged.
    return added if min(added) >= 0 else [max(gain, 0) for gain in added]


def by_route(requests: Requests) -> dict[str, Totals]:
    """The totals of each route, sorted by its name."""
    parts: dict[str, list[Series]] = {}
    for series in requests.series:
        parts.setdefault(series.labels.route, []).append(series)
    return {name: together(parts[name]) for name in sorted(parts)}


def of_route(requests: Requests, name: str) -> Totals | None:
    """The totals of one route; ``None`` if it was never requested."""
    series = [one for one in requests.series if one.labels.route == name]
    return together(series) if series else None


def together(series: Sequence[Series]) -> Totals:
    """The totals of some series."""
    if len(series) == 1:  # as most routes have; in half the time
        (one,) = series
        amount, fails = one.buckets.total, one.labels.status >= FAILED
        found = Totals(series, [amount], amount, amount if fails else 0, one.recent)
        found.held = one.slices.counts
        return found
    amounts = [one.buckets.total for one in series]
    failed = [amount for one, amount in zip(series, amounts) if one.labels.status >= FAILED]
    return Totals(series, amounts, sum(amounts), sum(failed), added_buckets([one.recent for one in series]))


@dataclass
class Altogether(Totals):
    """The totals of others: their rows, which the drawings of these need too, are added up."""

    parts: Sequence[Totals]

    @cached_property
    def held(self) -> Sequence[int]:
        """Requests before each of the last 91 slices."""
        return added_held([one.held for one in self.parts], [one.count for one in self.parts])

    @cached_property
    def held_errors(self) -> Sequence[int]:
        """The errors among them."""
        failing = [one for one in self.parts if one.errors]
        return added_held([one.held_errors for one in failing], [one.errors for one in failing])


def altogether(parts: Sequence[Totals]) -> Totals:
    """The totals of all these."""
    return Altogether(
        series=[series for one in parts for series in one.series],
        amounts=[amount for one in parts for amount in one.amounts],
        count=sum([one.count for one in parts]),
        errors=sum([one.errors for one in parts]),
        recent=added_buckets([one.recent for one in parts]),
        parts=parts,
    )
