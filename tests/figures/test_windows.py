"""Rates and sparklines of applications that are young, old, or continued."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recorded import BOUNDS, SECOND, SLICE, Event, labels, recorded

from pyramid_scales.figures import figures
from pyramid_scales.snapshot import Requests, Slices

START = 1000 * SLICE + 3 * SECOND


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


def test_latency_is_the_mean_of_each_half_minute_and_unknown_where_nothing_came():
    events = [Event(START, labels(), SECOND), Event(START, labels(), 2 * SECOND)]
    found = figures.overview(recorded(events, START + 51 * SECOND, START)).sparkline
    assert list(found.bars) == [4, 0], "the application was there for 17 seconds of the first"
    assert list(found.latency) == [1.5, None]


def test_the_first_slice_is_as_long_as_the_application_has_lived_in_it():
    found = figures.overview(recorded([Event(START, labels(), 5)], START + 20 * SECOND, START))
    assert list(found.sparkline.rates) == [1 / 7, 0.0]


@pytest.mark.parametrize(("late", "seconds"), [(-5, 20), (0, 20), (4, 24), (10, 30), (15, 30)])
def test_a_clock_of_another_slice_is_taken_for_the_edge_of_this_one(late, seconds):
    now, started = START // SLICE, (START // SLICE - 2) * SLICE
    events = [Event(started, labels(), 5), Event(started + SLICE, labels(), 5)]
    noted = recorded(events, now * SLICE, started)
    found = figures.overview(replace(noted, clock_ns=now * SLICE + late * SECOND))
    assert found.m1 == pytest.approx(2 / seconds)
    assert list(found.sparkline.rates) == [0.1, 0.1] + [0.0] * (late >= 10)


def test_the_first_milliseconds_count_as_a_second():
    found = figures.overview(recorded([Event(START, labels(), 5)], START + 1000, START))
    assert found.m1 == found.m15 == 1.0
    assert list(found.sparkline.rates) == [1.0]


def test_without_a_clock_the_current_slice_counts_as_a_whole_one():
    events = [Event(START, labels(), SECOND)]
    known = recorded(events, START, START)
    found = figures.overview(Requests(BOUNDS, (), known.series, 0, known.now, 500))
    assert found.m1 == pytest.approx(1 / 60)
    assert len(found.sparkline.rates) == 90
    assert found.sparkline.rates[-1] == pytest.approx(1 / 10)


def test_a_note_that_is_just_being_written_takes_no_request_away():
    [series] = recorded([Event(START, labels(), SECOND)], START, START).series
    falling = series._replace(slices=Slices([5] * 45 + [3] * 46, [7] * 16 + [2] * 15))
    line = figures.overview(Requests(BOUNDS, (), [falling], 0, START // SLICE, 500)).sparkline
    assert list(line.rates) == [0.0] * 90
    assert list(line.bars) == [0] * 30
