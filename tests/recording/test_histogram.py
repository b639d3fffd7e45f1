"""Buckets, percentiles and the words of a series."""

from __future__ import annotations

import contextlib
import random
import struct
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapped import mapped

from pyramid_scales.recording.histogram import (
    COPIES,
    RING,
    Layout,
    make_bounds,
    read_series,
    turn,
)
from pyramid_scales.recording.words import Words, numbers
from pyramid_scales.snapshot import Labels

LE = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
BOUNDS = make_bounds(LE)
LABELS = Labels("home", "/", "GET", 200, "")
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


def test_zeroed_words_are_a_series_in_which_nothing_happened(block):
    layout = Layout.of(LE)
    series = read_series(LABELS, block(layout), layout, 0)
    assert series.labels == LABELS
    assert not any([*series.buckets, *series.recent, series.sum_ns, series.recent_sum_ns, *series.slices])


def test_the_first_slice_of_a_clock_that_starts_at_zero_is_noted(block):
    layout = Layout.of(LE)
    words = block(layout)
    turn(words, layout, 0)
    words[3] += 1
    words[layout.total] += 7
    series = read_series(LABELS, words, layout, 0)
    assert series.slices == ((0, 0, 0),)
    assert (series.recent[3], series.recent_sum_ns) == (1, 7)


def test_a_block_reads_the_same_from_a_file_as_from_memory(block):
    layout = Layout.of(LE)
    words = block(layout)
    for number in (5, 6, 40):
        turn(words, layout, number)
        words[number] += number
        words[layout.total] += number
    from_file = memoryview(struct.pack(f"{layout.words}Q", *words)).cast("Q")
    assert read_series(LABELS, from_file, layout, 41) == read_series(LABELS, words, layout, 41)


def test_after_a_reboot_totals_stay_and_nothing_is_recent(block):
    layout = Layout.of(LE)
    words = block(layout)
    turn(words, layout, 1000)
    words[3] += 2
    words[layout.total] += 7
    layout.forget_time(words)
    series = read_series(LABELS, words, layout, 3)
    assert (series.buckets[3], series.sum_ns, series.slices) == (2, 7, ())
    assert not any(series.recent)
    turn(words, layout, 3)
    assert read_series(LABELS, words, layout, 3).slices == ((3, 2, 7),)


def test_a_slice_is_noted_once_and_never_backwards(block):
    layout = Layout.of(LE)
    words = block(layout)
    turn(words, layout, 10)
    words[3] += 1
    before = numbers(words)
    turn(words, layout, 10)
    turn(words, layout, 9)
    assert numbers(words) == before


class Interrupted(Exception):
    pass


class Interruptible:
    """Words that raise at the n-th write, as a process that is killed there stops writing."""

    def __init__(self, words: Words, writes: int) -> None:
        self.words = words
        self.writes = writes

    def __getitem__(self, place):
        return self.words[place]

    def __setitem__(self, place, value):
        if not self.writes:
            raise Interrupted
        self.writes -= 1
        self.words[place] = value


@pytest.mark.parametrize("writes", range(6))
def test_a_turn_that_was_cut_off_leaves_the_series_readable_and_is_made_up_for(block, writes):
    layout = Layout.of(LE)
    words, whole = block(layout), block(layout)
    for number in (*range(RING + 5), 7 * COPIES + RING):
        turn(words, layout, number)
        turn(whole, layout, number)
        for memory in (words, whole):
            memory[3] += 1
            memory[layout.total] += 7
    number = 7 * COPIES + RING + 6
    with pytest.raises(Interrupted):
        turn(Interruptible(words, writes), layout, number)
    expected = read_series(LABELS, whole, layout, number)
    cut = read_series(LABELS, words, layout, number)
    assert cut.recent == expected.recent or writes == 5
    assert set(cut.slices) - set(expected.slices) <= {(number, sum(cut.buckets), cut.sum_ns)}
    turn(words, layout, number)
    turn(whole, layout, number)
    assert numbers(words) == numbers(whole)


@pytest.mark.parametrize("more", [-1, 1, -5000])
def test_a_block_of_another_length_is_a_value_error(block, more):
    layout = Layout.of(LE)
    with pytest.raises(ValueError, match=f"a block has {layout.words} words, not"):
        read_series(LABELS, block(replace(layout, words=layout.words + more)), layout, 5)


@given(st.integers(0, 2**32), st.integers(0, 2**40))
def test_garbage_in_a_block_never_raises_anything_but_a_value_error(seed, now):
    layout, source = Layout.of(LE), random.Random(seed)
    words = [source.choice((0, 1, now, source.getrandbits(64))) for _ in range(layout.words)]
    with contextlib.suppress(ValueError, IndexError):
        block = memoryview(struct.pack(f"{layout.words}Q", *words)).cast("Q")
        assert min(read_series(LABELS, block, layout, now).recent) >= 0
