"""Distributions of several workers as one: exact where they can be, near the truth elsewhere."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from pyramid_scales.merge.pmf import QUANTILES, merge_pmfs


def pmf(values):
    """What scales shows of a sample, with exact quantiles."""
    ordered = sorted(values)
    if len(values) < 2:
        return {"count": len(values)}
    mean = statistics.fmean(values)
    shown = {
        "count": len(values),
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        # statistics.pstdev() of Python 3.10 squares what no float can hold.
        "stddev": math.dist(values, [mean] * len(values)) / math.sqrt(len(values)),
    }
    return shown | {key: ordered[min(len(values) - 1, int(q * len(values)))] for key, q in QUANTILES.items()}


def test_count_min_and_max_are_exact():
    merged = merge_pmfs([pmf([3.0, 5.0]), pmf([1.0, 2.0, 9.0])], [pmf([3.0, 5.0])])
    assert (merged["count"], merged["min"], merged["max"]) == (5, 1.0, 9.0)


def test_mean_and_deviation_are_those_of_all_values_together():
    chance = random.Random(1)
    samples = [[chance.gauss(mean, 2) for _ in range(500)] for mean in (5, 20)]
    merged = merge_pmfs([pmf(sample) for sample in samples], [pmf(sample) for sample in samples])
    everything = samples[0] + samples[1]
    assert merged["mean"] == pytest.approx(statistics.fmean(everything))
    assert merged["stddev"] == pytest.approx(statistics.pstdev(everything))


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_of_equal_workers_are_theirs(seed):
    chance = random.Random(seed)
    values = [chance.expovariate(1) for _ in range(1000)]
    merged = merge_pmfs([pmf(values)] * 4, [pmf(values)] * 4)
    for key in QUANTILES:
        assert merged[key] == pytest.approx(pmf(values)[key])


def test_quantiles_weigh_a_worker_by_its_count():
    busy, idle = pmf([float(n % 10) for n in range(9000)]), pmf([100.0 + n for n in range(10)])
    merged = merge_pmfs([busy, idle], [busy, idle])
    assert merged["median"] <= 10
    assert merged["99percentile"] <= 10
    equal = merge_pmfs(
        [busy, busy | {"min": 100.0, **dict.fromkeys(QUANTILES, 100.0), "max": 100.0}], [busy, idle]
    )
    assert equal["max"] == 100.0


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_of_different_workers_lie_within_a_step_of_the_truth(seed):
    chance = random.Random(seed)
    samples = [[chance.uniform(0, top) for _ in range(2000)] for top in (1, 2, 4)]
    merged = merge_pmfs([pmf(sample) for sample in samples], [pmf(sample) for sample in samples])
    truth = pmf([value for sample in samples for value in sample])
    for key in QUANTILES:
        assert merged[key] == pytest.approx(truth[key], abs=0.15)


def test_quantiles_never_fall():
    chance = random.Random(7)
    for _ in range(200):
        parts = [
            pmf([chance.lognormvariate(chance.random(), 2) for _ in range(chance.randrange(2, 50))])
            for _ in range(3)
        ]
        merged = merge_pmfs(parts, parts)
        points = [merged["min"], *(merged[key] for key in QUANTILES), merged["max"]]
        assert points == sorted(points)


def test_quantiles_that_scales_could_not_tell_are_passed_over():
    known = pmf([1.0, 2.0, 3.0, 4.0])
    odd = known | {"median": math.nan, "999percentile": math.nan}
    merged = merge_pmfs([odd, odd], [odd, odd])
    assert all(math.isfinite(value) for value in merged.values())
    assert all(math.isfinite(merge_pmfs([known, odd], [known, odd])[key]) for key in QUANTILES)


def test_what_is_recent_comes_from_the_living():
    old, young = pmf([100.0] * 50), pmf([1.0, 2.0, 3.0])
    merged = merge_pmfs([old, young], [young])
    assert merged["count"] == 53
    assert merged["max"] == 100.0
    assert merged["99percentile"] <= 3.0
    assert merge_pmfs([old], [])["median"] == 100.0, "where nobody lives, the last ones are described"


def test_workers_with_one_value_or_none_add_their_count():
    assert merge_pmfs([pmf([]), pmf([])], []) == {"count": 0}
    assert merge_pmfs([pmf([1.0]), pmf([])], []) == {"count": 1}
    assert merge_pmfs([pmf([1.0]), pmf([2.0])], []) == {"count": 2}
    assert merge_pmfs([pmf([1.0]), pmf([2.0, 3.0])], [pmf([1.0])])["count"] == 3


def test_the_keys_are_scales_and_in_its_order():
    assert list(merge_pmfs([pmf([1.0, 2.0])] * 2, [pmf([1.0, 2.0])] * 2)) == list(pmf([1.0, 2.0]))


def test_values_near_the_end_of_the_range_of_floats_have_a_mean_and_a_deviation():
    parts = [pmf([1e200, 3e200]), pmf([5e200, 7e200])]
    merged = merge_pmfs(parts, parts)
    assert merged["mean"] == pytest.approx(4e200)
    assert merged["stddev"] == pytest.approx(5**0.5 * 1e200)


def test_a_small_deviation_beside_a_large_mean_is_not_rounded_away():
    parts = [pmf([1e9, 1e9 + 0.5]), pmf([1e9, 1e9 + 0.5])]
    assert merge_pmfs(parts, parts)["stddev"] == pytest.approx(0.25)


@pytest.mark.parametrize("odd", [math.nan, None, "3.0", 10**400], ids=["nan", "none", "text", "long"])
@pytest.mark.parametrize("key", ["min", "max", "mean", "stddev", "median"])
def test_what_is_no_number_is_passed_over(key, odd):
    known = pmf([1.0, 2.0, 3.0, 4.0])
    parts = [known | {key: odd}, known]
    shown = merge_pmfs(parts, parts)
    assert list(shown) == list(known)
    if odd != 10**400:
        assert (shown["count"], shown["min"], shown["max"]) == (8, 1.0, 4.0)
    parts = [{name: value for name, value in known.items() if name != key}] * 2
    assert merge_pmfs(parts, parts)["count"] == 8
