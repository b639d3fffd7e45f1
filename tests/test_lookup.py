"""From a path to what stands there, or to what is nearest."""

from __future__ import annotations

from typing import Any

import pytest
from snapshots import node, with_children

from pyramid_scales.lookup import Leaf, Missing, find, leaf_of
from pyramid_scales.snapshot import Kind, Node

INNER = node({"deep": 1})
ITEMS = Node([10, "x"], Kind.LIST)
HIDDEN = Node({"seen": 2}, collapsed=True)
ROOT = with_children(
    {"zero": 0, "empty": "", "none": None, "false": False, "nan": float("nan")},
    {"inner": INNER, "items": ITEMS, "hidden": HIDDEN, "": node({"": 5}), "nothing": node({})},
)


def test_the_empty_path_is_the_root() -> None:
    assert find(ROOT, ()) is ROOT


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("inner",), INNER),
        (("inner", "deep"), Leaf(1, "int")),
        (("zero",), Leaf(0, "int")),
        (("empty",), Leaf("", "str")),
        (("none",), Leaf(None, "NoneType")),
        (("false",), Leaf(False, "bool")),
        (("items",), ITEMS),
        (("items", "0"), Leaf(10, "int")),
        (("items", "1"), Leaf("x", "str")),
        (("hidden",), HIDDEN),
        (("hidden", "seen"), Leaf(2, "int")),
        (("", ""), Leaf(5, "int")),
    ],
)
def test_what_stands_at_a_path_is_found_falsy_or_collapsed_as_it_may_be(
    path: tuple[str, ...], found: Any
) -> None:
    assert find(ROOT, path) == found


def test_an_empty_container_is_found_as_itself() -> None:
    assert find(ROOT, ("nothing",)) is ROOT.children["nothing"]


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (("nosuch",), ()),
        (("Inner",), ()),
        (("inner", "nosuch"), ("inner",)),
        (("inner", "deep", "er"), ("inner",)),
        (("inner", "nosuch", "a", "b"), ("inner",)),
        (("items", "2"), ("items",)),
        (("items", "-1"), ("items",)),
        (("items", "01"), ("items",)),
        (("items", ""), ("items",)),
        (("zero", ""), ()),
        (("", "", ""), ("",)),
    ],
)
def test_what_is_missing_names_the_nearest_that_exists(
    path: tuple[str, ...], nearest: tuple[str, ...]
) -> None:
    with pytest.raises(Missing) as caught:
        find(ROOT, path)
    assert (caught.value.path, caught.value.nearest) == (path, nearest)
    assert str(caught.value) == f"nothing stands at {path!r}; {nearest!r} exists"


def test_a_miss_of_a_thousand_levels_is_a_miss() -> None:
    with pytest.raises(Missing) as caught:
        find(ROOT, ("inner",) * 100_000)
    assert caught.value.nearest == ("inner",)


def test_a_leaf_has_the_name_of_its_type_in_the_application() -> None:
    holder = Node({"price": "1.50", "broken": None, "n": 1}, marks={"price": "Decimal", "broken": "error"})
    assert leaf_of(holder, "price") == Leaf("1.50", "Decimal")
    assert leaf_of(holder, "broken") == Leaf(None, "error")
    assert leaf_of(holder, "n") == Leaf(1, "int")
