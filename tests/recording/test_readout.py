"""What a block of words tells, whole, half written or damaged."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapped import mapped
from recorded import LE, SECOND, SLICE, Event, filled, labels, slices

from pyramid_scales.packed import FORMAT, LIMIT
from pyramid_scales.recording.histogram import COPIES, MINUTE, RING, Layout, turn
from pyramid_scales.recording.readout import Extent, Window, read_series, read_totals
from pyramid_scales.recording.words import Copy, Words, copied, numbers
from pyramid_scales.snapshot import NO_BUCKETS, NO_SLICES, Labels, Series, Slices

LABELS = Labels("home", "/", "GET", 200, "")
LAYOUT = Layout.of([bound / SECOND for bound in LE])


@pytest.fixture(params=[lambda words: [0] * words, mapped], ids=["private", "mapped"])
def block(request) -> Callable[[], Words]:
    return lambda: request.param(LAYOUT.words)


def read(words: Words, now: int, extent: Extent = Extent.MEANS) -> Series:
    def copy(start: int, stop: int) -> Copy:
        return copied(words[start:stop])

    return read_series(LABELS, copy(0, LAYOUT.copies), Window(LAYOUT, now, extent), copy)


def add(words: Words, number: int, place: int = 3, took: int = 7) -> None:
    """A record in a slice."""
    turn(words, LAYOUT, number)
    words[place] += 1
    words[LAYOUT.total] += took


def test_zeroed_words_are_a_series_in_which_nothing_happened(block):
    assert read(block(), 0) == Series(LABELS, NO_BUCKETS, 0, NO_BUCKETS, NO_SLICES, 0)
    assert read(block(), 10**6) == Series(LABELS, NO_BUCKETS, 0, NO_BUCKETS, NO_SLICES, 0)


def test_the_first_slice_of_a_clock_that_starts_at_zero_is_noted(block):
    words = block()
    add(words, 0)
    series = read(words, 0)
    assert series.slices == ([0] * 91, [0] * 31)
    assert (series.recent, series.recent_sum_ns) == (filled(3, 1), 7)
    add(words, 1)
    assert read(words, 2).slices == ([0] * 89 + [1, 2], [0] * 30 + [14])


def test_a_block_reads_the_same_from_a_file_as_from_memory(block):
    words = block()
    for number in (5, 6, 40):
        add(words, number, place=number, took=number)
    from_file = memoryview(struct.pack(f"{LAYOUT.words}Q", *words)).cast(FORMAT)
    assert read(from_file, 41) == read(words, 41)


def test_after_a_reboot_totals_stay_and_nothing_is_recent(block):
    words = block()
    add(words, 1000)
    add(words, 1000, took=0)
    LAYOUT.forget_time(words)
    assert read(words, 3) == Series(LABELS, filled(3, 2), 7, NO_BUCKETS, NO_SLICES, 0)
    add(words, 3)
    assert read(words, 4).slices == ([2] * 90 + [3], [7] * 30 + [14])


numbers_of_slices = st.one_of(
    st.lists(st.integers(900, 1092), max_size=40),
    st.integers(900, 1092).map(lambda first: list(range(first, 1093))),
    st.lists(st.integers(995, 1093), min_size=80, max_size=200),
    st.lists(st.integers(0, 20), max_size=20),
)


@settings(deadline=None)
@given(numbers_of_slices, st.integers(0, 3), st.integers(1, 9))
def test_what_was_held_at_each_slice_is_told_whichever_of_them_have_notes(found, late, took):
    words: Words = [0] * LAYOUT.words
    happened = sorted(found)
    for number in happened:
        add(words, number, took=took)
    now = max(happened, default=0) + late
    expected = slices([Event(number * SLICE, labels(), took) for number in happened], now)
    series = read(words, now)
    assert series.slices == expected
    lately = sum(number // MINUTE >= now // MINUTE - 5 for number in happened)
    assert (series.recent.total, series.recent_sum_ns) == (lately, lately * took)
    brief = read(words, now, Extent.RATES)
    assert brief == series._replace(slices=Slices(expected.counts, ()))
    totals = read_totals(LABELS, words[: LAYOUT.ring], LAYOUT)
    assert totals == series._replace(recent=NO_BUCKETS, slices=NO_SLICES, recent_sum_ns=0)


def test_a_slice_that_has_just_begun_elsewhere_counts_as_the_current_one(block):
    for earlier in ((1000,), (910, 1000), range(909, 1001)):
        words = block()
        for number in (*earlier, 1001):
            add(words, number)
        here = read(words, 1000)
        assert here.slices.counts[-1] == len(earlier) - 1
        assert here.buckets.total - here.slices.counts[-1] == 2
        assert here.recent.total == sum(number // 6 >= 1000 // 6 - 5 for number in (*earlier, 1001))


def test_a_minute_that_has_just_begun_elsewhere_is_recent(block):
    words = block()
    add(words, 1002)
    assert 1002 % MINUTE == 0
    series = read(words, 1001)
    assert (series.recent.total, series.slices.counts) == (1, [0] * 91)


def test_a_note_that_was_made_after_the_rest_was_read_counts_as_nothing(block):
    words = block()
    add(words, 1000)
    words[LAYOUT.note_at(1000) + 1] = 7
    words[LAYOUT.note_at(1000) + 2] = 10**12
    series = read(words, 1000)
    assert (series.slices.counts[-1], series.slices.sums_ns[-1]) == (1, 7)


def test_a_note_of_the_next_slice_made_after_the_rest_was_read_puts_nothing_below_zero(block):
    words = block()
    for number in (980, 1001):
        add(words, number)
    words[LAYOUT.note_at(1001) + 1] = 7
    words[LAYOUT.note_at(1001) + 2] = 10**12
    assert read(words, 1000).slices == ([0] * 71 + [2] * 20, [0] * 24 + [14] * 7)


def test_a_copy_that_is_ahead_of_its_series_counts_as_nothing(block):
    words = block()
    for number in (1000, 1001):
        add(words, number)
    add(words, 1001, place=4)
    copy = LAYOUT.copy_at(1000 // MINUTE) + 1
    words[copy + 3], words[copy + LAYOUT.buckets] = 9, 10**12
    series = read(words, 1001)
    assert (series.recent, series.recent_sum_ns) == (filled(3, 0, 1), 0)


def test_a_sum_that_is_ahead_of_its_series_counts_as_nothing(block):
    words = block()
    for number in (1000, 1001):
        add(words, number)
    words[LAYOUT.copy_at(1000 // MINUTE) + 1 + LAYOUT.total] = 10**12
    series = read(words, 1001)
    assert (series.recent, series.recent_sum_ns) == (filled(3, 2), 0)


@pytest.mark.parametrize("wrong", [8, LIMIT - 9, 2**63, 2**64 - 1])
def test_a_copy_that_is_ahead_in_a_single_bucket_hides_no_other(block, wrong):
    words = block()
    for number in (1000, 1001):
        for place in (3, 4):
            add(words, number, place)
    words[3] += 5
    words[LAYOUT.copy_at(1000 // MINUTE) + 1 + 3] = wrong
    assert read(words, 1001).recent == filled(3, 0, 2)


@pytest.mark.parametrize("extent", Extent)
@pytest.mark.parametrize("claimed", [LIMIT - 2, 2**64 - 1])
def test_a_block_that_claims_more_requests_than_there_can_be_counts_as_nothing(block, extent, claimed):
    words = block()
    add(words, 1000)
    add(words, 1001)
    words[5] = claimed
    found = read(words, 1001, extent)
    assert (found.buckets, found.recent) == (NO_BUCKETS, NO_BUCKETS)
    words[5] = LIMIT - 3
    assert read(words, 1001, extent).buckets.total == LIMIT - 1


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


@pytest.mark.parametrize("writes", range(8))
def test_a_turn_that_was_cut_off_leaves_the_series_readable_and_is_made_up_for(block, writes):
    words, whole = block(), block()
    for number in (*range(RING + 5), 7 * COPIES + RING):
        for memory in (words, whole):
            add(memory, number)
    number = 7 * COPIES + RING + 6
    with pytest.raises(Interrupted):
        turn(Interruptible(words, writes), LAYOUT, number)
    turn(whole, LAYOUT, number)
    cut, expected = read(words, number), read(whole, number)
    assert cut == expected
    turn(words, LAYOUT, number)
    assert numbers(words) == numbers(whole)


@pytest.mark.parametrize("writes", range(8))
@pytest.mark.parametrize("late", range(7))
def test_a_reader_that_is_late_never_takes_half_a_note_for_the_one_that_stood_in_its_place(
    block, writes, late
):
    words, number = block(), 3 * RING
    for earlier in range(number):
        add(words, earlier)
    with suppress(Interrupted):
        turn(Interruptible(words, writes), LAYOUT, number)
    series = read(words, number - late)
    counts, sums_ns = series.slices
    assert sums_ns == [7 * count for count in counts[::3]]
    assert counts == sorted(counts)
    assert series.recent_sum_ns == 7 * series.recent.total


@pytest.mark.parametrize("more", [-1, 1, -700])
def test_a_block_of_another_length_is_a_value_error(more):
    words = [0] * (LAYOUT.copies + more)
    with pytest.raises(ValueError, match=f"a block begins with {LAYOUT.copies} words, not"):
        read_series(LABELS, words, Window(LAYOUT, 5), lambda start, stop: [])


@given(st.integers(0, 2**32), st.integers(0, 2**40))
def test_garbage_in_a_block_never_raises_anything_but_a_value_error(seed, now):
    source = random.Random(seed)
    words = [source.choice((0, 1, now, source.getrandbits(64))) for _ in range(LAYOUT.words)]
    with suppress(ValueError, IndexError):
        series = read(memoryview(struct.pack(f"{LAYOUT.words}Q", *words)).cast(FORMAT), now)
        assert min(series.recent.amounts, default=0) >= 0
        assert len(series.slices.counts) in (0, 91)
