"""Requests as a recorder would have them, from a list of what happened; slow, simple, and exact."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from pyramid_scales.packed import FORMAT
from pyramid_scales.snapshot import NO_BUCKETS, NO_SLICES, Buckets, Labels, Requests, Series, Slices

SECOND = 1_000_000_000
SLICE = 10 * SECOND
LE = tuple(int(le * SECOND) for le in (0.005, 0.025, 0.1, 0.5, 1, 10))
BOUNDS = tuple(sorted({*(round(1000 * 2 ** (step / 16)) for step in range(513)), *LE}))
"""From 1 µs to above 4,000 s in steps of 2^(1/16), and the exact bounds."""


class Event(NamedTuple):
    """One request: when it ended, what it was, how long it took."""

    at: int
    labels: Labels
    took: int


def labels(route: str = "home", method: str = "GET", status: int = 200, error: str = "") -> Labels:
    """The labels of a route whose pattern is its name behind a slash."""
    return Labels(route, f"/{route}", method, status, error)


def recorded(
    events: Iterable[Event], clock: int, started: int | None = 0, active: int = 0, recent_sums: bool = True
) -> Requests:
    """What there is to see at ``clock`` (nanoseconds, as ``started``) of a recorder with these events."""
    by_labels: dict[Labels, list[Event]] = {}
    for event in sorted(events, key=lambda event: event.at):
        by_labels.setdefault(event.labels, []).append(event)
    series = [_series(name, happened, clock, recent_sums) for name, happened in by_labels.items()]
    return Requests(BOUNDS, LE, series, active, clock // SLICE, 500, clock_ns=clock, started_ns=started)


def buckets(durations: Iterable[int]) -> Buckets:
    """Durations in the buckets of :data:`BOUNDS`."""
    counts = [0] * (len(BOUNDS) + 1)
    for duration in durations:
        counts[bisect_left(BOUNDS, duration)] += 1
    return trimmed(counts)


def trimmed(counts: Sequence[int]) -> Buckets:
    """The amounts of all buckets, as a snapshot has them."""
    places = [place for place, count in enumerate(counts) if count]
    return filled(places[0], *counts[places[0] : places[-1] + 1]) if places else NO_BUCKETS


def filled(first: int, *amounts: int) -> Buckets:
    """These amounts in the buckets from ``first`` on."""
    return Buckets(first, array(FORMAT, amounts), sum(amounts))


def dense(found: Buckets, length: int = len(BOUNDS) + 1) -> list[int]:
    """The amounts of all buckets, of a snapshot's."""
    row = [0] * length
    row[found.first : found.first + len(found.amounts)] = found.amounts
    return row


def slices(events: Sequence[Event], now: int) -> Slices:
    """What there was when each of the last 91 slices began; events are sorted by time."""
    times, sums = [event.at for event in events], [0, *accumulate(event.took for event in events)]
    before = [bisect_left(times, number * SLICE) for number in range(now - 90, now + 1)]
    if before[0] == len(events):
        return NO_SLICES
    return Slices(before, [sums[count] for count in before[::3]])


def _series(name: Labels, events: Sequence[Event], clock: int, recent_sums: bool) -> Series:
    recent = [event.took for event in events if event.at > clock - 300 * SECOND]
    took = [event.took for event in events]
    return Series(
        name,
        buckets(took),
        sum(took),
        buckets(recent),
        slices(events, clock // SLICE),
        sum(recent) if recent_sums else None,
    )
