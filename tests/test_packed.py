"""Rows of numbers that are added and subtracted at once, against loops over their places."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.packed import FORMAT, LIMIT, added, difference

NUMBERS = st.one_of(st.just(0), st.integers(0, 9), st.integers(0, LIMIT - 1), st.just(LIMIT - 1))
ROWS = st.lists(NUMBERS, max_size=20)


def row(numbers):
    return array(FORMAT, numbers)


@given(st.lists(st.tuples(st.integers(0, 30), ROWS), min_size=1, max_size=12))
def test_rows_are_added_place_by_place(parts):
    expected = [0] * 60
    for start, numbers in parts:
        for place, number in enumerate(numbers, start):
            expected[place] += number
    first, found = added([start for start, _ in parts], [row(numbers) for _, numbers in parts])
    assert [0] * first + found.tolist() + [0] * (60 - first - len(found)) == expected
    assert not found or found[-1]


def test_as_many_rows_as_workers_may_have_are_added_exactly():
    many = 65_536
    assert added([0] * many, [row([LIMIT - 1, 1])] * many) == (0, row([(LIMIT - 1) * many, many]))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40))
def test_what_was_earlier_is_taken_from_each_place(pairs):
    later = row([max(pair) for pair in pairs])
    earlier = row([min(pair) for pair in pairs])
    assert difference(later, earlier) == row([max(pair) - min(pair) for pair in pairs])


@pytest.mark.parametrize("excess", [1, LIMIT - 1, 2**63, 2**64 - 1])
@given(st.lists(NUMBERS, min_size=1, max_size=20), st.data())
def test_more_taken_than_there_is_leaves_nothing_at_that_place_alone(excess, numbers, data):
    place = data.draw(st.sampled_from(range(len(numbers))))
    later, earlier = row(numbers), row([number // 2 for number in numbers])
    later[place], earlier[place] = 0, excess
    expected = row([number - number // 2 for number in numbers])
    expected[place] = 0
    assert difference(later, earlier) == expected
