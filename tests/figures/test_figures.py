"""Figures for people, against what a plain count of the events gives."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import SECOND, SLICE, Event, labels, recorded

from pyramid_scales.figures import figures
from pyramid_scales.recording.recorder import Recorder

START = 1000 * SLICE + 3 * SECOND
WITHIN = 1.022
"""A bucket's middle, 2^(1/32) away from its bounds, is at most this factor away from any of its values."""

NAMES = st.sampled_from(
    [
        labels(),
        labels(status=500, error="app.Oops"),
        labels(status=503),
        labels("shop/", "POST"),
        labels("shop", "GET", 499),
    ]
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], int]:
    """Bursts of requests with idle gaps between them over some forty minutes, and the moment of the look."""
    at, events = START, []
    for _ in range(draw(st.integers(0, 12))):
        at += draw(st.sampled_from([0, 3, 9, 10, 11, 60, 290, 899, 901, 1300])) * SECOND
        for _ in range(draw(st.integers(1, 4))):
            at += draw(st.integers(0, 12 * SECOND))
            events.append(Event(at, draw(NAMES), draw(st.integers(10_000, 4000 * SECOND))))
    return events, at + draw(st.integers(0, 1000 * SECOND))


def _rate(events: list[Event], clock: int, minutes: int, started: int) -> float:
    begin = max((clock // SLICE - 6 * minutes + 1) * SLICE, started)
    return sum(event.at >= begin for event in events) / max((clock - begin) / SECOND, 1)


def _exact_percentile(values: list[int], permille: int) -> float:
    return sorted(values)[math.ceil(len(values) * permille / 1000) - 1] / SECOND


def _is_near(value: float, exact: float) -> bool:
    return exact / WITHIN <= value <= exact * WITHIN


def _compare(found: figures.Figures, events: list[Event], clock: int, since: int | None = None) -> None:
    """Everything that an overview and a row have in common, against the events.

    The durations are those from ``since`` on; five minutes ago, if it is not given.
    """
    assert found.count == len(events)
    assert found.errors == sum(event.labels.status >= 500 for event in events)
    rates = {minutes: _rate(events, clock, minutes, START) for minutes in (1, 5, 15)}
    assert [found.m1, found.m5, found.m15] == pytest.approx(list(rates.values()))
    assert found.change == (pytest.approx(rates[1] / rates[15] - 1) if rates[15] else 0.0)
    lately = [event.labels.status >= 500 for event in events if event.at // SLICE > clock // SLICE - 30]
    assert found.error_share == (fmean(lately) if lately else None)
    since = clock - 300 * SECOND + 1 if since is None else since
    recent = [event.took for event in events if event.at >= since]
    if not recent:
        assert (found.mean, found.p50, found.p95, found.p99, found.max) == (None,) * 5
        return
    assert found.mean == pytest.approx(fmean(recent) / SECOND)
    assert _is_near(found.max, max(recent) / SECOND)
    for value, permille in ((found.p50, 500), (found.p95, 950), (found.p99, 990)):
        assert _is_near(value, _exact_percentile(recent, permille))
    assert found.p50 <= found.p95 <= found.p99 <= found.max


@settings(deadline=None)
@given(histories())
def test_the_overview_says_what_a_count_of_the_events_says(history):
    events, clock = history
    found = figures.overview(recorded(events, clock, START, active=3))
    _compare(found, events, clock)
    assert found.active == 3


@settings(deadline=None)
@given(histories())
def test_each_row_says_what_a_count_of_the_events_of_its_route_says(history):
    events, clock = history
    rows = figures.routes(recorded(events, clock, START))
    assert [row.name for row in rows] == sorted({event.labels.route for event in events})
    for row in rows:
        own = [event for event in events if event.labels.route == row.name]
        _compare(row, own, clock)
        assert row.pattern == f"/{row.name}"
        assert list(row.methods) == sorted({event.labels.method for event in own})


@settings(deadline=None)
@given(histories())
def test_the_sparkline_has_every_slice_that_has_ended(history):
    events, clock = history
    line = figures.overview(recorded(events, clock, START)).sparkline
    first, now = max(clock // SLICE - 90, START // SLICE), clock // SLICE
    rates, errors = [], []
    for number in list(range(first, now)) or [now]:
        begin, end = max(number * SLICE, START), min((number + 1) * SLICE, clock)
        inside = [event for event in events if event.at // SLICE == number]
        seconds = max((end - begin) / SECOND, 1)
        rates.append(len(inside) / seconds)
        errors.append(sum(event.labels.status >= 500 for event in inside) / seconds)
    assert list(line.rates) == pytest.approx(rates)
    assert list(line.errors) == pytest.approx(errors)
    assert len(line) == len(rates)


@settings(deadline=None)
@given(histories())
def test_the_sparkline_has_every_half_minute_that_has_ended(history):
    events, clock = history
    line = figures.overview(recorded(events, clock, START)).sparkline
    now, bars, errors, latency = clock // SLICE, [], [], []
    # Half minutes are counted back from the slice that has not ended; before the application there are none.
    starts = [start for start in range(now - 90, now, 3) if start + 2 >= START // SLICE] or [now]
    for start in starts:
        inside = [event for event in events if start <= event.at // SLICE < start + 3]
        if start != now:
            inside = [event for event in inside if event.at // SLICE < now]
        # The first may be shorter: it tells what a whole one would have had.
        lasted = sum(
            max((min((number + 1) * SLICE, clock) - max(number * SLICE, START)) / SECOND, 1)
            for number in range(max(start, START // SLICE), min(start + 3, max(now, start + 1)))
        )
        factor = 30 / max(lasted, 10) if not bars else 1
        bars.append(round(len(inside) * factor))
        errors.append(round(sum(event.labels.status >= 500 for event in inside) * factor))
        latency.append(pytest.approx(fmean(event.took for event in inside) / SECOND) if inside else None)
    assert list(line.bars) == bars
    assert list(line.error_bars) == (errors if any(event.labels.status >= 500 for event in events) else [])
    assert list(line.latency) == latency


@settings(deadline=None)
@given(histories())
def test_what_the_real_recorder_notes_gives_the_same_figures(history):
    events, clock = history
    now = [START]
    recorder = Recorder((0.005, 0.1, 1), 500, clock=lambda: now[0])
    recorder.open()
    for event in events:
        now[0] = event.at
        recorder.record(recorder.cell(event.labels), event.at - event.took, event.at)
    now[0] = clock
    found = figures.summary(recorder.requests())
    # Durations are noted by the minute: the current one, and the five before it.
    since = (clock // (6 * SLICE) - 5) * 6 * SLICE
    _compare(found.overview, events, clock, since)
    for row in found.routes:
        _compare(row, [event for event in events if event.labels.route == row.name], clock, since)
    numbers = range(max(clock // SLICE - 90, START // SLICE), clock // SLICE)
    ended = [sum(event.at // SLICE == number for event in events) for number in numbers]
    # The first of them may be shorter than ten seconds.
    assert [rate * 10 for rate in found.overview.sparkline.rates][1:] == pytest.approx(ended[1:])


@pytest.mark.parametrize(("ranks", "place"), [((500, 450, 40, 10), 0), ((499, 450, 40, 11), 1)])
def test_a_percentile_is_the_duration_of_its_very_rank(ranks, place):
    # Of a thousand requests the 500th, 950th and 990th: each the last of its level, or the first of the next.
    levels = [1, 10, 100, 1000]
    events = [
        Event(START, labels(), level * SECOND)
        for level, amount in zip(levels, ranks, strict=True)
        for _ in range(amount)
    ]
    found = figures.overview(recorded(events, START + SECOND, START))
    for value, exact in zip((found.p50, found.p95, found.p99), levels[place:], strict=False):
        assert _is_near(value, exact)


def test_the_methods_of_a_row_are_sorted():
    methods = ["PUT", "GET", "POST", "DELETE", "HEAD"]
    events = [Event(START, labels("shop", method), 5) for method in methods]
    (row,) = figures.routes(recorded(events, START, START))
    assert row.methods == ("DELETE", "GET", "HEAD", "POST", "PUT")


def test_nothing_was_ever_requested():
    found = figures.summary(recorded([], START + SLICE, START))
    assert found.routes == ()
    assert (found.overview.count, found.overview.m1, found.overview.error_share) == (0, 0.0, None)


def test_twice_as_many_requests_in_the_last_minute_is_a_change_of_plus_one():
    clock = START // SLICE * SLICE + 90 * SLICE - 1
    events = [Event(clock - second * SECOND, labels(), 5) for second in range(900)]
    calm = figures.overview(recorded(events, clock, 0))
    assert calm.change == pytest.approx(0, abs=1e-6)
    stopped = figures.overview(recorded(events[60:], clock, 0))
    assert stopped.change == -1.0
    busier = figures.overview(recorded([*events, *events[:64]], clock, 0))
    assert busier.change == pytest.approx(120 / 60 / (960 / 900) - 1, rel=0.01)


@settings(deadline=None)
@given(histories())
def test_the_detail_of_a_route_counts_statuses_methods_and_exceptions(history):
    events, clock = history
    requests = recorded(events, clock, START)
    for row in figures.routes(requests):
        found = figures.detail(requests, row.name)
        own = [event for event in events if event.labels.route == row.name]
        assert found.route == row
        for counts, value in (
            (found.statuses, lambda event: event.labels.status),
            (found.methods, lambda event: event.labels.method),
            (found.exceptions, lambda event: event.labels.error),
        ):
            values = [value(event) for event in own if value(event) != ""]
            assert counts == {each: values.count(each) for each in set(values)}
            assert list(counts) == sorted(counts)
        assert sum(bar.count for bar in found.total) == len(own)
        assert sum(bar.count for bar in found.recent) == sum(event.at > clock - 300 * SECOND for event in own)


def test_a_route_that_was_never_requested_has_no_detail():
    assert figures.detail(recorded([Event(START, labels(), 5)], START, START), "nowhere") is None
