"""Requests of several workers as one application's: sums, and notes as one worker would have made them."""

from __future__ import annotations

import random

from pyramid_scales.merge.requests import merge_requests, merge_series
from pyramid_scales.snapshot import Labels, Requests, Series, Slice

HOME, AWAY = Labels("home", "/", "GET", 200, ""), Labels("away", "/away", "GET", 404, "")


def series(labels=HOME, buckets=(0, 0), sum_ns=0, recent=(0, 0), slices=(), recent_sum=0):
    return Series(labels, list(buckets), sum_ns, list(recent), tuple(slices), recent_sum)


def requests(*found, **fields):
    return Requests((1000,), (1000,), found, **{"active": 0, "now": 100, "max_series": 9, **fields})


def test_series_with_the_same_labels_are_added_and_others_stand_beside_them():
    one = requests(series(buckets=(1, 2), sum_ns=10, recent=(1, 0), recent_sum=4))
    two = requests(series(buckets=(3, 4), sum_ns=20, recent=(0, 1), recent_sum=5), series(AWAY, (1, 1)))
    merged = merge_requests(one, [two])
    assert {found.labels: list(found.buckets) for found in merged.series} == {HOME: [4, 6], AWAY: [1, 1]}
    assert merged.series[0].sum_ns == 30
    assert list(merged.series[0].recent) == [1, 1]
    assert merged.series[0].recent_sum_ns == 9


def test_a_recent_sum_that_one_worker_does_not_know_is_not_known():
    assert merge_series([series(recent_sum=3), series(recent_sum=None)]).recent_sum_ns is None


def test_figures_of_the_process_are_summed_and_clocks_span_all():
    one = requests(active=1, overflowed=2, retries=3, failures=4, clock_ns=50, started_ns=20, notes=("a",))
    two = requests(
        active=10, overflowed=20, retries=30, failures=40, clock_ns=60, started_ns=10, notes=("a", "b")
    )
    merged = merge_requests(one, [two, requests()])
    assert (merged.active, merged.overflowed, merged.retries, merged.failures) == (11, 22, 33, 44)
    assert (merged.clock_ns, merged.started_ns) == (60, 10)
    assert list(merged.notes) == ["a", "b"]
    assert (merged.now, merged.max_series, merged.bounds_ns) == (100, 9, (1000,))


def recorded(events):
    """The series of one worker that recorded at these slices, noted as the recorder notes."""
    slices, count = [], 0
    for number in sorted(events):
        if not slices or slices[-1].number != number:
            slices.append(Slice(number, count, 5 * count))
        count += 1
    return series(buckets=(count, 0), sum_ns=5 * count, slices=slices)


def test_notes_are_those_that_one_worker_with_all_requests_would_have_made():
    chance = random.Random(3)
    for _ in range(100):
        parts = [[chance.randrange(20) for _ in range(chance.randrange(1, 30))] for _ in range(4)]
        merged = merge_series([recorded(part) for part in parts])
        assert merged == recorded([number for part in parts for number in part])


def test_notes_of_workers_that_all_have_one_for_each_slice_are_their_sums():
    chance = random.Random(4)
    for _ in range(20):
        parts = [[number for number in range(9) for _ in range(chance.randrange(1, 5))] for _ in range(4)]
        merged = merge_series([recorded(part) for part in parts])
        assert merged == recorded([number for part in parts for number in part])


def test_a_worker_without_notes_adds_to_what_was_before():
    merged = merge_series([recorded([7, 8]), series(buckets=(10, 0), sum_ns=50)])
    assert merged.slices == (Slice(7, 10, 50), Slice(8, 11, 55))
