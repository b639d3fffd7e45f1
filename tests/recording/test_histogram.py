"""Buckets, percentiles and the words of a series."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import pytest
from mapped import mapped

from pyramid_scales.recording.histogram import (
    COPIES,
    RING,
    Layout,
    make_bounds,
    turn,
)
from pyramid_scales.recording.words import Words, numbers

LE = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
BOUNDS = make_bounds(LE)
MICROSECOND, SECOND = 1_000, 1_000_000_000


def counted(durations: list[int]) -> list[int]:
    counts = [0] * (len(BOUNDS) + 1)
    for duration in durations:
        counts[bisect_left(BOUNDS, duration)] += 1
    return counts


@pytest.fixture(params=[lambda words: [0] * words, mapped], ids=["private", "mapped"])
def block(request) -> Callable[[Layout], Words]:
    return lambda layout: request.param(layout.words)


def test_bounds_are_opentelemetrys_exponential_ones_of_scale_4_to_the_nanosecond():
    # A bound b stands for 2**(k/16) seconds exactly when b**16 <= 10**144 * 2**k < (b + 1)**16.
    exponential = make_bounds(())
    assert len(exponential) == 192 + 319 + 1
    for k, bound in zip(range(-319, 193), exponential):
        shifted = 10**144 * 2 ** (k + 320)
        assert bound**16 * 2**320 <= shifted < (bound + 1) ** 16 * 2**320
    assert exponential[0] < MICROSECOND < exponential[1]
    assert exponential[-1] == 4096 * SECOND


def test_bounds_rise_and_hold_those_of_the_settings_exactly():
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert {round(le * SECOND) for le in LE} <= set(BOUNDS)
    assert Layout.of(LE).le == tuple(round(le * SECOND) for le in LE)


def test_a_bound_is_inclusive():
    counts = counted([5_000_000, 5_000_001])
    at = BOUNDS.index(5_000_000)
    assert counts[at : at + 2] == [1, 1]


def test_what_is_beyond_the_bounds_is_counted_in_the_first_and_the_last_bucket():
    counts = counted([0, 10**15])
    assert (counts[0], counts[-1]) == (1, 1)


def test_parts_of_a_block_do_not_overlap_and_fill_it():
    layout = Layout.of(LE)
    notes = [layout.note_at(number) for number in range(RING)]
    copies = [layout.copy_at(minute) for minute in range(COPIES)]
    places = [
        *range(layout.buckets),
        layout.total,
        layout.last,
        *(note + word for note in notes for word in range(3)),
        *(copy + word for copy in copies for word in range(layout.buckets + 2)),
    ]
    assert places == list(range(layout.words))


def test_layouts_with_other_bounds_have_another_fingerprint():
    assert Layout.of(LE) == Layout.of(LE)
    assert Layout.of(LE).fingerprint != Layout.of(LE[1:]).fingerprint


def test_a_slice_is_noted_once_and_never_backwards(block):
    layout = Layout.of(LE)
    words = block(layout)
    turn(words, layout, 10)
    words[3] += 1
    before = numbers(words)
    turn(words, layout, 10)
    turn(words, layout, 9)
    assert numbers(words) == before
