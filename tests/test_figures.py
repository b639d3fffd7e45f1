"""Figures for people, against what a plain count of the events gives."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import BOUNDS, SECOND, SLICE, Event, labels, recorded

from pyramid_scales import figures
from pyramid_scales.snapshot import Requests

START = 1000 * SLICE + 3 * SECOND
WITHIN = 1.022
"""A bucket's middle, 2^(1/32) away from its bounds, is at most this factor away from any of its values."""

NAMES = st.sampled_from(
    [
        labels(),
        labels(status=500, error="app.Oops"),
        labels(status=503),
        labels("shop/", "POST"),
        labels("shop", "GET", 404),
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


def _compare(found: figures.Figures, events: list[Event], clock: int) -> None:
    """Everything that an overview and a row have in common, against the events."""
    assert found.count == len(events)
    assert found.errors == sum(event.labels.status >= 500 for event in events)
    rates = {minutes: _rate(events, clock, minutes, START) for minutes in (1, 5, 15)}
    assert [found.m1, found.m5, found.m15] == pytest.approx(list(rates.values()))
    assert found.change == (pytest.approx(rates[1] / rates[15] - 1) if rates[15] else 0.0)
    lately = [event.labels.status >= 500 for event in events if event.at // SLICE > clock // SLICE - 30]
    assert found.error_share == (fmean(lately) if lately else None)
    recent = [event.took for event in events if event.at > clock - 300 * SECOND]
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
    assert (found.active, found.max_series) == (3, 500)
    assert found.series == len({event.labels for event in events})


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
    slices = list(range(first, now)) or [now]
    rates, errors, latency = [], [], []
    for number in slices:
        begin, end = max(number * SLICE, START), min((number + 1) * SLICE, clock)
        inside = [event for event in events if event.at // SLICE == number]
        seconds = max((end - begin) / SECOND, 1)
        rates.append(len(inside) / seconds)
        errors.append(sum(event.labels.status >= 500 for event in inside) / seconds)
        latency.append(pytest.approx(fmean(event.took for event in inside) / SECOND) if inside else None)
    assert list(line.rates) == pytest.approx(rates)
    assert list(line.errors) == pytest.approx(errors)
    assert list(line.latency) == latency


def test_a_steady_load_has_one_rate_whenever_one_looks():
    events = [Event(START + step * SECOND // 5, labels(), SECOND) for step in range(5 * 1200)]
    for late in range(1150, 1170, 3):
        clock = START + late * SECOND
        found = figures.overview(recorded([event for event in events if event.at < clock], clock, START))
        assert [found.m1, found.m5, found.m15] == pytest.approx([5.0] * 3, rel=0.01)
        assert found.change == pytest.approx(0, abs=0.01)
        assert list(found.sparkline.rates) == pytest.approx([5.0] * 90)


def test_an_application_that_has_just_begun_is_measured_by_its_age():
    events = [Event(START + step * SECOND, labels(), SECOND) for step in range(4)]
    found = figures.overview(recorded(events, START + 4 * SECOND, START))
    assert [found.m1, found.m5, found.m15] == [1.0] * 3
    assert list(found.sparkline.rates) == [1.0]


def test_the_first_milliseconds_count_as_a_second():
    found = figures.overview(recorded([Event(START, labels(), 5)], START + 1000, START))
    assert found.m1 == found.m15 == 1.0
    assert list(found.sparkline.rates) == [1.0]


def test_a_process_that_continues_another_ones_notes_is_as_old_as_these():
    events = [Event(START + step * SECOND, labels(), SECOND) for step in range(600)]
    clock = START + 600 * SECOND
    found = figures.overview(recorded(events, clock, started=clock - SECOND))
    assert found.m15 == pytest.approx(1.0, rel=0.01)


def test_totals_whose_notes_were_lost_give_no_rate():
    requests = recorded([Event(START, labels(), SECOND)], START + 2 * SECOND, START)
    voided = requests.series[0]._replace(slices=(), recent=[0] * (len(BOUNDS) + 1), recent_sum_ns=0)
    found = figures.overview(Requests(BOUNDS, (), [voided], 0, requests.now, 500))
    assert (found.count, found.m1, found.m15, found.p50) == (1, 0.0, 0.0, None)
    assert list(found.sparkline.rates) == [0.0] * 90


def test_a_note_from_a_slice_that_has_just_begun_elsewhere_counts_as_the_current_one():
    requests = recorded([Event(START, labels(), SECOND)], START + 2 * SECOND, START)
    early = Requests(BOUNDS, (), requests.series, 0, requests.now - 1, 500)
    assert figures.overview(early).m1 == pytest.approx(1 / 60)


def test_a_note_that_is_ahead_of_its_series_counts_as_nothing():
    requests = recorded([Event(START, labels(), SECOND)], START + 2 * SECOND, START)
    torn = requests.series[0]._replace(slices=[requests.series[0].slices[0]._replace(count=7, sum_ns=10**12)])
    found = figures.overview(Requests(BOUNDS, (), [torn], 0, requests.now, 500))
    assert found.m1 == 0.0
    assert found.error_share is None


def test_without_a_clock_the_current_slice_counts_as_a_whole_one():
    events = [Event(START, labels(), SECOND)]
    known = recorded(events, START, START)
    found = figures.overview(Requests(BOUNDS, (), known.series, 0, known.now, 500))
    assert found.m1 == pytest.approx(1 / 60)
    assert len(found.sparkline.rates) == 90
    assert found.sparkline.rates[-1] == pytest.approx(1 / 10)


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
