"""Rates and sparklines: what happened in the last minutes, by slices of ten seconds.

The window of *m* minutes is the last *6m* slices, the current one as far as it has got, and its length is
what these have lasted; an application that is younger is measured by its age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import truediv

from ..snapshot import Requests
from .totals import NOTHING, SLICES, Totals

SLICE_NS = 10_000_000_000
"""Length of a slice on the monotonic clock."""
ONE_MINUTE, FIVE_MINUTES, FIFTEEN_MINUTES = 6, 30, 90
"""Windows, in slices."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The last fifteen minutes in steps of ten seconds, oldest first, at most 90 values each.

    It begins where the application did. The slice that has not ended yet is left out, unless it is the
    only one.
    """

    rates: Sequence[float]
    """Requests per second."""
    errors: Sequence[float]
    """Errors per second."""
    counts: Sequence[int]
    """Requests."""
    totals: Totals
    shown: slice
    """Which slices of their history these are."""

    @property
    def latency(self) -> Sequence[float | None]:
        """Mean duration in seconds; ``None`` where there was no request. Computed at each call."""
        pairs = zip(self.counts, self.totals.sums_ns[self.shown], strict=True)
        return [sum_ns / count / 1e9 if count else None for count, sum_ns in pairs]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the windows of one snapshot cover."""

    now: int
    """Number of the current slice."""
    end_ns: int
    """The moment of the snapshot; it lies in the current slice, or at its end."""
    began_ns: int
    """When recording began, or when the oldest slice begins, if that is later."""
    shown: slice
    """Which slices of a history a sparkline shows."""
    durations: Sequence[float]
    """Seconds of each of these; at least one second each."""

    def seconds(self, slices: int) -> float:
        """How long the last ``slices`` slices have lasted, or the application if it is younger.

        At least one second: a rate over the first milliseconds of an application says nothing.
        """
        start = max((self.now - slices + 1) * SLICE_NS, self.began_ns)
        return max((self.end_ns - start) / 1e9, 1.0)

    def rate(self, counts: Sequence[int], slices: int) -> float:
        """What happened in the last ``slices`` slices, per second."""
        return sum(counts[-slices:]) / self.seconds(slices)

    def sparkline(self, totals: Totals) -> Sparkline:
        """The slices within the frame that have ended."""
        counts, errors = (row[self.shown] for row in totals.history)
        rates = list(map(truediv, counts, self.durations))
        is_calm = totals.history.errors is NOTHING
        fails = [0.0] * len(rates) if is_calm else list(map(truediv, errors, self.durations))
        return Sparkline(rates, fails, counts, totals, self.shown)


def frame(requests: Requests) -> Frame:
    """The windows of a snapshot.

    A note of a slice before ``started_ns`` was left by a process that this one continues, so the
    application is at least as old as that slice.
    """
    first, end = (requests.now - SLICES + 1) * SLICE_NS, (requests.now + 1) * SLICE_NS
    if requests.clock_ns is not None:
        end = min(max(requests.clock_ns, end - SLICE_NS), end)
    began = first if requests.started_ns is None else requests.started_ns
    for series in requests.series:
        if series.slices and series.slices[0].number < began // SLICE_NS:
            began = series.slices[0].number * SLICE_NS
    began = min(max(began, first), end)
    ended = requests.now + (end == first + SLICES * SLICE_NS)
    numbers = range(began // SLICE_NS, ended)[-FIFTEEN_MINUTES:] or range(requests.now, requests.now + 1)
    shown = slice(numbers.start - requests.now + SLICES - 1, numbers.stop - requests.now + SLICES - 1)
    return Frame(requests.now, end, began, shown, [_seconds(number, began, end) for number in numbers])


def _seconds(number: int, began: int, end: int) -> float:
    covered = min((number + 1) * SLICE_NS, end) - max(number * SLICE_NS, began)
    return max(covered / 1e9, 1.0)
