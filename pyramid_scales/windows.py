"""Rates and sparklines: what happened in the last minutes, by slices of ten seconds.

The window of *m* minutes is the last *6m* slices, the current one as far as it has got, and its length is
what these have lasted; an application that is younger is measured by its age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from .snapshot import Requests
from .totals import SLICES, History

SLICE_NS = 10_000_000_000
"""Length of a slice on the monotonic clock."""
ONE_MINUTE, FIVE_MINUTES, FIFTEEN_MINUTES = 6, 30, 90
"""Windows, in slices."""


class Sparkline(NamedTuple):
    """The last fifteen minutes in steps of ten seconds, oldest first, at most 90 values each.

    It begins where the application did. The slice that has not ended yet is left out, unless it is the
    only one.
    """

    rates: Sequence[float]
    """Requests per second."""
    errors: Sequence[float]
    """Errors per second."""
    latency: Sequence[float | None]
    """Mean duration in seconds; ``None`` where there was no request."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the windows of one snapshot cover."""

    now: int
    """Number of the current slice."""
    end_ns: int
    """The moment of the snapshot; it lies in the current slice, or at its end."""
    began_ns: int
    """When recording began, or when the oldest slice begins, if that is later."""
    durations: Sequence[float]
    """Seconds of each slice since then, oldest first; at least one second each."""

    def seconds(self, slices: int) -> float:
        """How long the last ``slices`` slices have lasted, or the application if it is younger.

        At least one second: a rate over the first milliseconds of an application says nothing.
        """
        start = max((self.now - slices + 1) * SLICE_NS, self.began_ns)
        return max((self.end_ns - start) / 1e9, 1.0)

    def rate(self, counts: Sequence[int], slices: int) -> float:
        """What happened in the last ``slices`` slices, per second."""
        return sum(counts[-slices:]) / self.seconds(slices)

    def sparkline(self, history: History) -> Sparkline:
        """The slices within the frame."""
        durations, begin, end = self.durations, SLICES - len(self.durations), SLICES
        if self.end_ns < (self.now + 1) * SLICE_NS and len(durations) > 1:
            end -= 1
        counts, errors, sums_ns = (values[begin:end] for values in history)
        return Sparkline(
            rates=[count / seconds for count, seconds in zip(counts, durations, strict=False)],
            errors=[count / seconds for count, seconds in zip(errors, durations, strict=False)],
            latency=[
                sum_ns / count / 1e9 if count else None for count, sum_ns in zip(counts, sums_ns, strict=True)
            ],
        )


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
    return Frame(requests.now, end, began, _durations(began, requests.now, end))


def _durations(began: int, now: int, end: int) -> list[float]:
    starts = range(began // SLICE_NS + 1, now + 1)
    edges = [began, *(number * SLICE_NS for number in starts), end]
    return [max((after - before) / 1e9, 1.0) for before, after in pairwise(edges)]
