"""Requests as a recorder would have them, from a list of what happened; slow, simple, and exact."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pyramid_scales.snapshot import Labels, Requests, Series, Slice

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


def _series(name: Labels, events: Sequence[Event], clock: int, recent_sums: bool) -> Series:
    recent = [event.took for event in events if event.at > clock - 300 * SECOND]
    first_of_slice = {event.at // SLICE: index for index, event in reversed(list(enumerate(events)))}
    notes = [
        Slice(number, index, sum(event.took for event in events[:index]))
        for number, index in sorted(first_of_slice.items())
        if number > clock // SLICE - 91
    ]
    took = [event.took for event in events]
    return Series(
        name, _buckets(took), sum(took), _buckets(recent), notes, sum(recent) if recent_sums else None
    )


def _buckets(durations: Iterable[int]) -> list[int]:
    buckets = [0] * (len(BOUNDS) + 1)
    for duration in durations:
        buckets[bisect_left(BOUNDS, duration)] += 1
    return buckets
