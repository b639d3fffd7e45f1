"""What an application keeps, as JSON can hold it: whatever its classes do when they are asked."""

from __future__ import annotations

from typing import Any

import pytest

from pyramid_scales.tree import plain


class Unhashable(type):
    """The metaclass of classes that can be neither hashed nor compared."""

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("not comparable")

    def __hash__(cls) -> int:
        raise RuntimeError("not hashable")


class Stubborn(metaclass=Unhashable):
    """What is of such a class."""


class Twin:
    """A key with the hash of a text, which can't be compared with it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")

    def __str__(self) -> str:
        return self.text


class Metres(float):
    """A kind of number."""


def test_an_entry_is_found_by_its_text_beside_others() -> None:
    assert plain.only({"a": 1, 2: 3}, "a") == {"a": 1}
    assert plain.only({"a": 1, 2: 3}, "2") == {"2": 3}
    assert plain.only({"a": 1, 2: 3}, "b") == {}


def test_an_entry_whose_key_can_not_be_compared_is_found_by_its_text() -> None:
    assert plain.only({Twin("a"): 1, 2: 3}, "a") == {"a": 1}


@pytest.mark.parametrize(
    "value", [Stubborn(), 10**400, [], b"", Metres(1)], ids=lambda value: type(value).__name__
)
def test_what_json_does_not_hold_is_told_from_what_it_does(value: Any) -> None:
    data = {"usual": 1, "odd": value}
    assert not plain.is_plain(data)
    assert "odd" in plain.odd_keys(data)
    assert plain.is_plain({"usual": 1, "text": "a", "number": 0.5, "none": None, "flag": True})


def test_a_class_that_can_not_be_looked_up_makes_all_values_odd() -> None:
    assert plain.odd_keys({"usual": 1, "odd": Stubborn()}) == ["usual", "odd"]
    assert plain.odd_keys({"usual": 1, "odd": []}) == ["odd"]


def test_a_kind_of_number_is_a_number_with_the_name_of_its_type() -> None:
    shown, name = plain.leaf(Metres(1.5))
    assert (type(shown), shown, name) == (float, 1.5, "Metres")
