"""What series add up to, also where their notes are missing, early or torn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import BOUNDS, SECOND, SLICE, Event, labels, recorded

from pyramid_scales.figures import figures
from pyramid_scales.figures.totals import added, group
from pyramid_scales.snapshot import Requests

START = 1000 * SLICE + 3 * SECOND


@settings(deadline=None)
@given(st.integers(0, 9), st.integers(1, 30), st.data())
def test_rows_are_added_element_by_element(height, width, data):
    rows = data.draw(
        st.lists(st.lists(st.integers(0, 10**18), min_size=width, max_size=width), max_size=height)
    )
    assert list(added(rows)) == [sum(column) for column in zip(*rows, strict=True)]


def test_an_empty_row_stands_for_zeros():
    assert list(added([(), [1, 2], ()])) == [1, 2]
    assert list(added([()])) == list(added([])) == []


def test_rows_of_shared_memory_are_added_too():
    words = memoryview(bytearray(16)).cast("Q")
    words[0] = 5
    assert list(added([words, [1, 2]])) == [6, 2]


def test_one_route_can_be_grouped_alone():
    events = [Event(START, labels(route), SECOND) for route in ("home", "shop", "home")]
    requests = recorded(events, START + SECOND, START)
    found = group(requests, only="home")
    assert list(found.routes) == ["home"]
    assert found.all.count == 2
    assert group(requests).all.count == 3
    assert group(requests, only="nowhere").routes == {}


def test_time_spent_lately_is_unknown_if_it_is_for_one_of_the_series():
    events = [Event(START, labels(), SECOND), Event(START, labels(status=404), SECOND)]
    known = recorded(events, START + SECOND, START)
    assert group(known).all.recent_sum_ns == 2 * SECOND
    partly = [known.series[0], known.series[1]._replace(recent_sum_ns=None)]
    unknown = group(Requests(BOUNDS, (), partly, 0, known.now, 500)).all
    assert unknown.recent_sum_ns is None
    assert unknown.sum_ns == 2 * SECOND


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
