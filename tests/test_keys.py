"""The text of keys that may be anything."""

from __future__ import annotations

import decimal
import enum
import json
from typing import Any

import awkward
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.keys import sort_key, text_of_key, with_text_keys


class Colour(str, enum.Enum):
    RED = "red"


class Code(enum.IntEnum):
    OK = 200


class Nameless:
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Incomparable(type):
    """The metaclass of classes that can't be compared, or looked up."""

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("not comparable")

    __hash__ = type.__hash__


class Stubborn(metaclass=Incomparable):
    def __str__(self) -> str:
        return "stubborn"


class Odd:
    def __str__(self) -> str:
        return "odd"


json_keys = awkward.texts | st.none() | st.booleans() | st.integers() | st.floats()


@given(json_keys)
def test_the_text_of_a_key_is_what_json_writes(key: Any) -> None:
    (written,) = json.loads(json.dumps({key: 1}))
    assert text_of_key(key) == written


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (Colour.RED, "red"),
        (Code.OK, "200"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (b"x\xff", r"b'x\xff'"),
        ((1, "a"), "(1, 'a')"),
        (decimal.Decimal("1.50"), "1.50"),
        (frozenset(), "frozenset()"),
        (Odd(), "odd"),
        (Nameless(), "<Nameless>"),
        (10**5000, hex(10**5000)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_keys_have_a_text_too(key: Any, text: str) -> None:
    assert text_of_key(key) == text
    assert type(text_of_key(key)) is str


def test_a_dictionary_of_texts_stays_the_object_it_is() -> None:
    data = {"b": 1, "a": 2}
    assert with_text_keys(data) == (data, {})
    assert with_text_keys(data)[0] is data


def test_a_key_whose_class_can_not_be_compared_has_its_text() -> None:
    assert with_text_keys({"a": 1, Stubborn(): 2})[0] == {"a": 1, "stubborn": 2}


def test_keys_whose_texts_are_equal_all_stay() -> None:
    data = {
        5: "int",
        "5": "str",
        5.0 + 0.5: "float",
        True: "bool",
        "true": "text",
        None: "none",
        "null": "text",
    }
    texts, _ = with_text_keys(data)
    assert texts == {
        "5 (int)": "int",
        "5": "str",
        "5.5": "float",
        "true (bool)": "bool",
        "true": "text",
        "null (NoneType)": "none",
        "null": "text",
    }


def test_a_text_that_looks_like_a_way_out_is_no_collision() -> None:
    texts, _ = with_text_keys({"5": 1, "5 (int)": 2, 5: 3, Odd(): 4, Odd(): 5, Odd(): 6})
    assert texts == {"5": 1, "5 (int)": 2, "5 (int 2)": 3, "odd": 4, "odd (Odd)": 5, "odd (Odd 2)": 6}


def test_a_key_that_is_a_kind_of_text_becomes_plain_text() -> None:
    texts, order = with_text_keys({Colour.RED: 1})
    assert list(map(type, texts)) == [str]
    assert (texts, order) == ({"red": 1}, {})


@given(st.dictionaries(awkward.keys, st.integers()))
def test_no_value_is_lost_and_none_changes_its_place(data: dict[Any, int]) -> None:
    texts, order = with_text_keys(data)
    assert list(texts.values()) == list(data.values())
    assert set(order) == {text for text, key in zip(texts, data, strict=True) if not isinstance(key, str)}


@given(st.dictionaries(awkward.keys, st.integers()))
def test_keys_of_all_types_can_be_sorted(data: dict[Any, int]) -> None:
    texts, order = with_text_keys(data)
    assert len(sorted(texts, key=lambda text: sort_key(text, order))) == len(data)


def test_keys_sort_by_type_then_as_numbers_then_as_text() -> None:
    texts, order = with_text_keys(dict.fromkeys([10, 9, "10", "9", "a", 1.5, 200, None, -1, b"x"]))
    assert sorted(texts, key=lambda text: sort_key(text, order)) == [
        "null",
        "b'x'",
        "1.5",
        "-1",
        "9 (int)",
        "10 (int)",
        "200",
        "10",
        "9",
        "a",
    ]


@pytest.mark.parametrize("key", [10**400, -(10**400), float("nan"), float("inf"), 1e308])
def test_numbers_beyond_all_bounds_can_be_sorted(key: float) -> None:
    texts, order = with_text_keys(dict.fromkeys([1, key, 2]))
    assert len(sorted(texts, key=lambda text: sort_key(text, order))) == 3
