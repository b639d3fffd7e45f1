"""Drawings as numbers."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.figures.figures import Bar
from pyramid_scales.page import charts


class Spark:
    """What a drawing needs of a sparkline."""

    def __init__(self, bars=(0,), error_bars=(), slices=90):
        self.bars = bars
        self.error_bars = error_bars
        self.slices = slices

    def __len__(self):
        return self.slices


RATES = st.lists(st.floats(0, 1e9), max_size=90)
BARS = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 10**9)), min_size=30, max_size=30)


def places(path):
    """The absolute x of each stroke's beginning, and every y."""
    return [int(number) for number in re.findall(r"[ML](-?\d+)", path)]


@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_nothing_draws_nothing(values):
    assert charts.line(values, 0.0, 90) == ""


def test_a_line_ends_at_the_right_edge_and_spans_the_height():
    assert charts.line([0.0, 5.0, 10.0], 10.0, 90) == "M87 24L88 12L89 0h1"


def test_what_is_next_to_nothing_is_drawn_as_nothing():
    assert charts.line([1e-11], 1e-11, 90) == "M89 0h1"
    assert charts.line([1e-300], 1e-300, 90) == "M89 24h1"


def test_a_gap_is_left_where_there_was_no_request():
    assert charts.line([1.0, None, 2.0, 2.0], 2.0, 90) == "M86 12h1M88 0L89 0h1"


def test_a_request_is_never_too_small_to_see():
    assert charts.trace([0, 0.001, 50], "rates", 90).path == "M87 24V24h1V22h1V0h1V24z"
    assert charts.row(Spark([0, 1, 5000], [1, 0, 0])) == (
        "M81 24V24h3V22h3V0h3V24z",
        "M81 24V22h3V24h3V24h3V24z",
    )


def test_an_area_has_level_tops_and_reaches_the_right_edge():
    assert charts.area(["24", "0"], 90, 3) == "M84 24V24h3V0h3V24z"
    assert charts.area([], 90, 3) == ""


@pytest.mark.parametrize(("slices", "minutes"), [(1, 3), (18, 3), (19, 4), (30, 5), (89, 15), (90, 15)])
def test_a_young_application_fills_its_drawings(slices, minutes):
    assert charts.minutes(Spark(slices=slices)) == minutes
    assert slices <= minutes * 6 <= 90


@given(RATES)
def test_everything_stays_within_the_drawing(values):
    top = max(values, default=0.0)
    for path in (charts.line(values, top, 90), charts.trace(values, "rates", 90).path):
        assert all(0 <= x <= 90 for x in places(path))
        assert all(0 <= int(y) <= charts.TALL for y in re.findall(r"V(\d+)", path))


@given(BARS, BARS)
def test_all_bars_of_a_row_stay_within_the_drawing(bars, errors):
    for path in charts.row(Spark(bars, errors)):
        assert places(path) == [0]
        heights = [int(y) for y in re.findall(r"V(-?\d+)", path)]
        assert len(heights) == 31
        assert all(0 <= y <= charts.TALL for y in heights)


def test_a_quiet_route_has_a_flat_line_and_no_errors():
    assert charts.row(Spark([0, 0], slices=6)) == ("M12 24V24h3V24h3V24z", "")


def test_errors_stand_before_the_rates_in_the_same_scale():
    drawn = charts.row(Spark([4], [2], slices=3))
    assert drawn == ("M15 24V0h3V24z", "M15 24V12h3V24z")


def test_a_trace_is_a_line_or_an_area():
    assert charts.trace([None, 2.0, 4.0], "line", 18).path == "M16 12L17 0h1"
    # 187 times 24/187 is more than 24.
    assert charts.trace([0, 187], "rates", 18).path == "M16 24V24h1V0h1V24z"


def test_a_trace_tells_its_range():
    assert charts.trace([None, 2.0, 4.0], "line", 18)[2:] == (18, 2.0, 4.0)
    assert charts.trace([], "rates", 18)[2:] == (18, None, None)


def test_a_histogram_is_drawn_in_place_with_its_percentiles():
    bars = (Bar(0.001, 0.01, 5), Bar(0.01, 0.1, 10), Bar(0.1, 1.0, 0))
    drawn = charts.histogram(bars, bars, {"p50": 0.01, "p99": None})
    assert [(block.x, block.height) for block in drawn.recent] == [(3, 66), (34.33, 132)]
    assert [(block.y, block.width) for block in drawn.recent] == [(85, 31.25), (19, 31.26)]
    assert drawn.marks == [charts.Mark(34.33, "p50 10.0\xa0ms", 0, after=False)]
    assert [tick.label for tick in drawn.ticks][1:3] == ["10.0\xa0ms", "100\xa0ms"]
    assert drawn.recent[1].says == "10.0\xa0ms to 100\xa0ms: 10"


def test_the_recent_requests_stand_on_the_axis_of_all():
    total = (Bar(0.001, 0.01, 500), Bar(0.01, 0.1, 50))
    drawn = charts.histogram((Bar(0.01, 0.1, 5),), total, {"p50": 0.05})
    assert [block.x for block in drawn.recent] == [drawn.total[1].x] == [50.0]
    assert [block.height for block in drawn.recent] == [charts.PLOT]
    quiet = charts.histogram((), total, {"p50": None})
    assert (quiet.recent, quiet.marks, len(quiet.total)) == ([], [], 2)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1e-4, 2.0, ["100\xa0µs", "1.00\xa0ms", "10.0\xa0ms", "100\xa0ms", "1.00\xa0s"]),
        (1e-3, 1.0, ["1.00\xa0ms", "10.0\xa0ms", "100\xa0ms", "1.00\xa0s"]),
        (9e-4, 2e-2, ["1.00\xa0ms", "2.00\xa0ms", "5.00\xa0ms", "10.0\xa0ms", "20.0\xa0ms"]),
        (1.2e-4, 4.8e-4, ["150\xa0µs", "200\xa0µs", "300\xa0µs"]),
    ],
)
def test_an_axis_of_any_length_has_some_durations_on_it(low, high, ticks):
    bars = (Bar(low, high, 1),)
    assert [tick.label for tick in charts.histogram(bars, bars, {}).ticks] == ticks


def test_no_line_of_a_percentile_runs_through_the_label_of_another():
    bars = (Bar(0.001, 1.0, 10),)
    values = {"p50": 0.002, "p95": 0.1, "p99": 0.11, "max": 1.0}
    marks = charts.histogram(bars, bars, values).marks
    for left, right in pairwise(marks):
        assert left.x < right.x
        assert left.y >= right.y + charts.LANE
    assert [mark.after for mark in marks] == [True, False, False, False]


def test_a_label_stands_behind_its_mark_where_there_is_no_room_before_it():
    decade = (Bar(1.0, 10.0, 1),)
    # The axis has 94 percent of the width, behind a margin of 3.
    values = {f"at {x}": 10 ** ((x - 3) / 94) for x in (23.9, 24.0)}
    marks = charts.histogram(decade, decade, values).marks
    assert [(mark.x, mark.after) for mark in marks] == [(23.9, True), (24.0, False)]


def test_the_area_of_a_bar_tells_its_count():
    bars = (Bar(0.01, 0.1, 10), Bar(0.1, 0.2, 3), Bar(0.2, 1.0, 7))
    blocks = charts.histogram(bars, bars, {}).recent
    assert blocks[0].height == pytest.approx(blocks[1].height, rel=0.01)
    assert blocks[1].height == pytest.approx(blocks[2].height, rel=0.01)


def test_a_bar_is_never_too_small_to_see():
    bars = (Bar(1e-6, 1e-3, 1000), Bar(1e-3, 0.0010001, 1), Bar(0.0010001, 1.0, 1))
    blocks = charts.histogram(bars, bars, {}).recent
    assert (blocks[1].width, blocks[2].height) == (0.1, 1.5)


def test_heights_are_tenths_of_a_pixel():
    bars = (Bar(0.01, 0.1, 7), Bar(0.1, 1.0, 1))
    assert [block.height for block in charts.histogram(bars, bars, {}).recent] == [132, 18.9]


def test_half_its_bound_stands_for_the_beginning_of_the_first_bucket():
    bars = (Bar(0.0, 2e-6, 1), Bar(2e-6, 4e-6, 1))
    first, second = charts.histogram(bars, bars, {}).recent
    assert (first.x, first.width, first.height) == (3, second.width, second.height)


def test_the_first_bucket_begins_at_zero_and_is_drawn_all_the_same():
    bars = (Bar(0.0, 1e-6, 1),)
    assert charts.histogram(bars, bars, {"p50": 5e-7}).recent[0].width > 0


def test_no_histogram_of_nothing():
    assert charts.histogram((), (), {"p50": 1.0}) is None
