"""Percentiles and bars from buckets, against the exact values."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import BOUNDS, SECOND, buckets, filled, labels

from pyramid_scales.figures.request_tree import as_tree
from pyramid_scales.figures.spread import bars, middles, spread
from pyramid_scales.recording.recorder import Recorder
from pyramid_scales.snapshot import NO_BUCKETS

WITHIN = 1.022
DURATIONS = st.lists(st.integers(10_000, 4000 * SECOND), min_size=1, max_size=60)


@settings(deadline=None)
@given(DURATIONS)
def test_everything_is_within_2_2_percent_of_the_exact_value(durations):
    found = spread(buckets(durations), sum(durations), middles(BOUNDS))
    exact = sorted(each / SECOND for each in durations)
    for permille in (500, 750, 950, 980, 990, 999):
        wanted = exact[math.ceil(len(exact) * permille / 1000) - 1]
        assert wanted / WITHIN <= found.percentiles([permille])[0] <= wanted * WITHIN
    assert exact[0] / WITHIN <= found.min <= exact[0] * WITHIN
    assert exact[-1] / WITHIN <= found.max <= exact[-1] * WITHIN
    assert found.mean == pytest.approx(fmean(exact))
    assert found.min <= found.mean <= found.max
    lowest, middle, highest = found.percentiles([1, 500, 1000])
    assert found.min <= lowest <= middle <= highest <= found.max


DISTRIBUTIONS: dict[str, Callable[[random.Random], float]] = {
    "lognormal": lambda source: source.lognormvariate(-4, 1.5),
    "bimodal": lambda source: abs(
        source.gauss(0.002, 0.0002) if source.random() < 0.8 else source.gauss(3, 0.4)
    ),
    "pareto": lambda source: 0.003 * source.paretovariate(1.1),
    "constant": lambda source: 0.0345,
}
PERCENTILES = {
    "median": 500,
    "75percentile": 750,
    "95percentile": 950,
    "98percentile": 980,
    "99percentile": 990,
    "999percentile": 999,
}


@pytest.mark.parametrize("n", [1, 2, 3, 19, 49, 99, 999, 10_000, pytest.param(10**6, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_what_the_tree_shows_of_a_distribution_is_within_2_2_percent_of_the_exact_value(name, n):
    source, draw = random.Random(f"{name} {n}"), DISTRIBUTIONS[name]
    durations = sorted(min(max(round(draw(source) * SECOND), 1_000), 4_000 * SECOND) for _ in range(n))
    recorder, end = Recorder((0.005, 0.1, 1), 10, clock=lambda: 10_000 * SECOND), 10_000 * SECOND
    for took in durations:
        recorder.record(recorder.cell(labels()), end - took, end)
    latency = as_tree(recorder.requests())["latency"]
    for key, permille in PERCENTILES.items():
        # Whole numbers: no rounding can push the rank up.
        exact = durations[-(-n * permille // 1000) - 1] / SECOND
        assert exact / WITHIN <= latency[key] <= exact * WITHIN, key
    assert durations[0] / SECOND / WITHIN <= latency["min"] <= durations[0] / SECOND * WITHIN
    assert durations[-1] / SECOND / WITHIN <= latency["max"] <= durations[-1] / SECOND * WITHIN
    assert latency["mean"] == sum(durations) / n / SECOND
    assert latency["count"] == n


@settings(deadline=None)
@given(DURATIONS)
def test_the_standard_deviation_is_that_of_a_sample(durations):
    found = spread(buckets(durations), sum(durations), middles(BOUNDS))
    if len(durations) == 1:
        assert found.stddev == 0.0
        return
    exact = [each / SECOND for each in durations]
    # Each value is off by at most 2.2 % of itself, and a standard deviation is a seminorm.
    allowed = (WITHIN - 1) * math.sqrt(sum(each * each for each in exact) / (len(exact) - 1))
    assert abs(found.stddev - stdev(exact)) <= allowed + 1e-9


def test_without_the_sum_the_mean_is_estimated():
    found = spread(buckets([SECOND, 3 * SECOND]), None, middles(BOUNDS))
    assert 2 / WITHIN <= found.mean <= 2 * WITHIN


def test_there_is_no_spread_of_nothing():
    assert spread(NO_BUCKETS, 0, middles(BOUNDS)) is None
    assert spread(NO_BUCKETS, None, middles(BOUNDS)) is None
    assert spread(filled(3, 0, 0), 0, middles(BOUNDS)) is None


def test_what_is_longer_than_all_bounds_is_shown_as_the_last_of_them():
    found = spread(buckets([10**16]), None, middles(BOUNDS))
    assert found.max == BOUNDS[-1] / SECOND


@settings(deadline=None)
@given(DURATIONS, st.integers(1, 80))
def test_bars_hold_every_duration_between_their_edges(durations, most):
    found = bars(buckets(durations), BOUNDS, most)
    assert len(found) <= most
    for bar in found:
        assert bar.count == sum(bar.low < each / SECOND <= bar.high for each in durations)
    assert sum(bar.count for bar in found) == len(durations)
    assert all(left.high == right.low for left, right in pairwise(found))
    assert found[0].low < min(durations) / SECOND
    assert max(durations) / SECOND <= found[-1].high


@pytest.mark.parametrize(("occupied", "drawn"), [(64, 64), (65, 33)])
def test_more_than_64_bars_are_joined(occupied, drawn):
    assert len(bars(filled(3, *[1] * occupied), BOUNDS)) == drawn


def test_empty_buckets_at_the_edges_change_nothing():
    wide, narrow = filled(3, 0, 0, 5, 0, 2, 0), filled(5, 5, 0, 2)
    assert bars(wide, BOUNDS) == bars(narrow, BOUNDS)
    first, second = (spread(found, None, middles(BOUNDS)) for found in (wide, narrow))
    assert (first.min, first.max, first.stddev) == (second.min, second.max, second.stddev)
    assert first.min == middles(BOUNDS)[5]


def test_a_bucket_stands_for_the_middle_of_its_bounds_and_at_the_edges_for_its_only_one():
    assert middles((1_000, 4_000, 16_000)) == pytest.approx((1e-6, 2e-6, 8e-6, 16e-6))


def test_there_are_no_bars_of_nothing():
    assert bars(NO_BUCKETS, BOUNDS) == bars(filled(3, 0, 0), BOUNDS) == ()


def test_the_first_and_the_last_bucket_can_be_drawn_too():
    first, last = bars(buckets([1, 10**15]), BOUNDS, most=1000)[:: len(BOUNDS)]
    assert (first.low, first.high) == (0.0, BOUNDS[0] / SECOND)
    assert (last.low, last.high) == (BOUNDS[-1] / SECOND, 2 * BOUNDS[-1] / SECOND)
