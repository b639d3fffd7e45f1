"""Two kinds of words that can be used alike."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapped import mapped

from pyramid_scales.packed import FORMAT
from pyramid_scales.recording.words import copied, numbers, occupied


@pytest.fixture(params=[lambda words: [0] * words, mapped], ids=["private", "mapped"])
def words(request):
    return request.param(9)


def test_a_copy_does_not_change_with_the_original_and_can_be_put_back(words):
    words[3] = 2**64 - 1
    copy = copied(words[2:5])
    assert type(copy) in (list, array)
    words[3] = 7
    assert numbers(copy) == [0, 2**64 - 1, 0]
    words[6:9] = copy
    assert numbers(words) == [0, 0, 0, 7, 0, 0, 0, 2**64 - 1, 0]


def test_a_word_has_64_bits():
    assert memoryview(bytes(8)).cast(FORMAT).itemsize == 8
    largest = memoryview(b"\xff" * 8).cast(FORMAT)
    assert largest[0] == 2**64 - 1


def test_numbers_are_a_list_of_their_own(words):
    found = numbers(words)
    assert type(found) is list
    found[0] = 5
    assert words[0] == 0


@given(st.lists(st.one_of(st.just(0), st.sampled_from((1, 256, 2**63, 2**64 - 1))), max_size=99))
def test_what_is_occupied_lies_between_the_first_and_the_last_that_is_not_zero(row):
    places = [place for place, word in enumerate(row) if word] or [0, -1]
    expected = (places[0], array(FORMAT, row[places[0] : places[-1] + 1]))
    assert occupied(row) == occupied(array(FORMAT, row)) == expected
