"""A tree gathered into lists."""

from __future__ import annotations

import pytest
from snapshots import PMF, node

from pyramid_scales.page.gather import gather, shape
from pyramid_scales.snapshot import Kind, Node


def gathered(root, path=()):
    return gather(root, path)


def test_the_shape_is_the_same_while_only_values_change():
    first = node({"a": 1, "b": 2.5}, c=node({"d": "x"}))
    second = node({"a": 7, "b": 0.1}, c=node({"d": "y"}))
    assert shape(gathered(first)) == shape(gathered(second))


@pytest.mark.parametrize(
    "other",
    [
        node({"a": 1, "b": 2}, c=node({"d": "x"})),
        node({"a": 1}, c=node({"d": "x", "b": 2.5})),
        node({"a": 1, "b": 2.5}, c=node({"e": "x"})),
        node({"a": 1, "b": 2.5}, c=node({"d": "x"}, e=node({}))),
        node({"a": 1, "b": 2.5}, c=Node({"d": "x"}, collapsed=True)),
        node({"a": 1, "b": 2.5, "d": "x"}, c=node({})),
    ],
)
def test_the_shape_tells_other_trees_apart(other):
    first = node({"a": 1, "b": 2.5}, c=node({"d": "x"}))
    assert shape(gathered(first)) != shape(gathered(other))


def test_a_value_that_fails_changes_the_shape():
    assert shape(gathered(Node({"a": None}))) != shape(gathered(Node({"a": None}, marks={"a": "error"})))


def test_the_figures_of_a_distribution_keep_their_order():
    keys = gathered(node({}, a=Node(dict(PMF), Kind.PMF))).keys
    assert keys == list(PMF)
    assert keys.index("99percentile") < keys.index("999percentile")


def test_the_figures_of_a_meter_keep_their_order():
    keys = ["unit", "count", "mean", "m1", "m5", "m15"]
    assert gathered(Node(dict.fromkeys(keys, 1), Kind.METER)).keys == keys


def test_the_containers_in_a_list_come_by_their_places():
    inner = {str(place): node({}) for place in (10, 9)}
    places = gathered(Node([{}] * 11, Kind.LIST, inner)).places
    assert [place.path for place in places if place] == [(), ("9",), ("10",)]
