"""Rates and sparklines: what happened in the last minutes, by slices of ten seconds.

The window of *m* minutes is the last *6m* slices, the current one as far as it has got, and its length is
what these have lasted; an application that is younger is measured by its age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import sub, truediv

from ..snapshot import SLICE_NS, SLICES, Requests
from .totals import WINDOWS, Totals

_BAR = 3
"""Slices of half a minute."""


@dataclass(slots=True)
class Sparkline:
    """The last fifteen minutes in steps of ten seconds or half a minute, oldest first.

    It begins where the application did. The slice that has not ended yet is left out, unless it is the
    only one. Each row is computed when it is asked for.
    """

    totals: Totals
    first: int
    """Which slice of their history is the first of these."""
    durations: Sequence[float]
    """Seconds of each of them; at least one second each."""

    def __len__(self) -> int:
        """How many slices it has."""
        return len(self.durations)

    @property
    def rates(self) -> Sequence[float]:
        """Requests per second."""
        return self._rates(self.totals.held, self.totals.count)

    @property
    def errors(self) -> Sequence[float]:
        """Errors per second."""
        return self._rates(self.totals.held_errors, self.totals.errors)

    @property
    def bars(self) -> Sequence[int]:
        """Requests in each half minute; where it began with the application, as many as in a whole one."""
        return self._whole(self._bars(self.totals.held, self.totals.count, _BAR))

    @property
    def error_bars(self) -> Sequence[int]:
        """The errors among them; empty if there were none."""
        errors = self.totals.errors
        return self._whole(self._bars(self.totals.held_errors, errors, _BAR)) if errors else ()

    @property
    def latency(self) -> Sequence[float | None]:
        """Mean duration in seconds in each half minute; ``None`` where there was no request."""
        counts = self._bars(self.totals.held, self.totals.count, _BAR)
        sums_ns = self._bars(self.totals.held_ns, self.totals.sum_ns)
        return [
            sum_ns / count / 1e9 if count else None for count, sum_ns in zip(counts, sums_ns, strict=True)
        ]

    def _whole(self, bars: list[int]) -> list[int]:
        if self.first:
            lasted = sum(self.durations[: _BAR - self.first % _BAR])
            bars[0] = round(bars[0] * _BAR * SLICE_NS / 1e9 / max(lasted, SLICE_NS / 1e9))
        return bars

    def _rates(self, held: Sequence[int], total: int) -> Sequence[float]:
        if not held:
            return [0.0] * len(self)
        shown = [*held, total][self.first : self.first + len(self) + 1]
        return list(map(truediv, _differences(shown), self.durations))

    def _bars(self, held: Sequence[int], total: int, step: int = 1) -> list[int]:
        """What each half minute added, of what there was at its beginning: at every ``step`` of ``held``."""
        first = self.first // _BAR
        if not held:
            return [0] * max(SLICES // _BAR - first, 1)
        shown = held[step * first :: step]
        return _differences(shown if len(shown) > 1 else [*shown, total])


def _differences(held: Sequence[int]) -> list[int]:
    """From each to the next; never below zero, as where a note was just being written."""
    found = list(map(sub, held[1:], held))
    return found if min(found) >= 0 else [max(difference, 0) for difference in found]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the windows of one snapshot cover."""

    seconds: Sequence[float]
    """How long the last 1, 5 and 15 minutes have lasted, or the application if it is younger.

    At least one second: a rate over the first milliseconds of an application says nothing.
    """
    first: int
    """Which slice of a history is the first that a sparkline shows."""
    durations: Sequence[float]
    """Seconds of each of these; at least one second each."""

    def rates(self, amounts: Sequence[int]) -> Sequence[float]:
        """Each of the requests of the last 1, 5 and 15 minutes, per second."""
        return list(map(truediv, amounts, self.seconds))

    def sparkline(self, totals: Totals) -> Sparkline:
        """The slices within the frame that have ended."""
        return Sparkline(totals, self.first, self.durations)


def frame(requests: Requests) -> Frame:
    """The windows of a snapshot."""
    now = requests.now
    oldest, end = now - SLICES, (now + 1) * SLICE_NS
    # That of another worker may have been read in another slice.
    clock = end if requests.clock_ns is None else min(max(requests.clock_ns, now * SLICE_NS), end)
    began = oldest * SLICE_NS if requests.started_ns is None else requests.started_ns
    ended = now + (clock == end)
    numbers = range(began // SLICE_NS, ended)[-SLICES:] or range(now, now + 1)
    seconds = [_lasted((now - slices + 1) * SLICE_NS, clock, began) for slices in WINDOWS]
    # Only the first may be shorter.
    start = numbers[0] * SLICE_NS
    shortest = _lasted(start, min(start + SLICE_NS, clock), began)
    durations = [shortest, *[SLICE_NS / 1e9] * (len(numbers) - 1)]
    return Frame(seconds, numbers[0] - oldest, durations)


def _lasted(start: int, end: int, began: int) -> float:
    return max((end - max(start, began)) / 1e9, 1.0)
