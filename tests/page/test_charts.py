"""Drawings as numbers."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.figures.figures import Bar
from pyramid_scales.page import charts


class Slices(NamedTuple):
    """What a drawing needs of a sparkline."""

    rates: list
    errors: list


RATES = st.lists(st.floats(0, 1e9), max_size=90)


def places(path):
    """The absolute x of each stroke's beginning, and every y."""
    return [int(number) for number in re.findall(r"[ML](-?\d+)", path)]


@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_nothing_draws_nothing(values):
    assert charts.line(values, 0.0) == ""


def test_a_line_ends_at_the_right_edge_and_spans_the_height():
    assert charts.line([0.0, 5.0, 10.0], 10.0) == "M87 24L88 12L89 0h1"


def test_a_gap_is_left_where_there_was_no_request():
    assert charts.line([1.0, None, 2.0, 2.0], 2.0) == "M86 12h1M88 0L89 0h1"


def test_an_error_is_never_too_small_to_see():
    assert charts.bars([0, 0.001, 50], 50) == "M88 24v-2M89 24v-24"


def test_steps_are_level_and_reach_the_right_edge():
    assert charts.steps([0.0, 10.0], 10.0, 3) == "M84 24h3V0h3"
    assert charts.steps([], 0.0, 3) == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], []), ([1], [1]), ([1, 2, 3], [3]), ([9, 1, 2, 3], [9, 3]), ([5, 4, 1, 2, 3], [5, 3])],
)
def test_a_coarse_drawing_keeps_the_spikes(values, expected):
    assert charts.coarse(values, 3) == expected


@given(RATES)
def test_everything_stays_within_the_drawing(values):
    top = max(values, default=0.0)
    for path in (charts.line(values, top), charts.bars(values, top)):
        assert all(0 <= x <= charts.SLICES for x in places(path))
    drawing = charts.row(Slices(values, values))
    heights = [int(y) for y in re.findall(r"V(\d+)", drawing.rates)]
    assert all(0 <= y <= charts.TALL for y in heights)


def test_a_quiet_route_has_a_flat_line_and_no_errors():
    assert charts.row(Slices([0.0] * 6, [0.0] * 6)) == ("M84 24h3V24h3", "")


def test_a_trace_tells_its_range():
    assert charts.trace([None, 2.0, 4.0])[2:] == (2.0, 4.0)
    assert charts.trace([])[2:] == (None, None)


def test_a_histogram_is_drawn_in_place_with_its_percentiles():
    bars = (Bar(0.001, 0.01, 5), Bar(0.01, 0.1, 10), Bar(0.1, 1.0, 0))
    drawn = charts.histogram(bars, {"p50": 0.01, "p99": None})
    assert [(block.x, block.height) for block in drawn.blocks] == [(0, 75), (240, 150)]
    assert drawn.marks == [charts.Mark(240.0, "p50 10.0\xa0ms")]
    assert [tick.label for tick in drawn.ticks][1:3] == ["10.0\xa0ms", "100\xa0ms"]
    assert drawn.blocks[1].says == "10.0\xa0ms to 100\xa0ms: 10"


def test_the_area_of_a_bar_tells_its_count():
    bars = (Bar(0.01, 0.1, 10), Bar(0.1, 0.2, 3), Bar(0.2, 1.0, 7))
    blocks = charts.histogram(bars, {}).blocks
    assert blocks[0].height == pytest.approx(blocks[1].height, rel=0.01)
    assert blocks[1].height == pytest.approx(blocks[2].height, rel=0.01)


def test_the_first_bucket_begins_at_zero_and_is_drawn_all_the_same():
    assert charts.histogram((Bar(0.0, 1e-6, 1),), {"p50": 5e-7}).blocks[0].width > 0


def test_no_histogram_of_nothing():
    assert charts.histogram((), {"p50": 1.0}) is None
