"""The file in which a worker tells the others of its statistics: what goes in comes out."""

from __future__ import annotations

import math

import pytest

from pyramid_scales.sharing.published import Published, decode, encode
from pyramid_scales.snapshot import Kind, Node


def roundtrip(node):
    return decode(encode(Published(node))).tree


def test_a_tree_comes_back_as_it_was():
    pmf = Node({"count": 3, "min": 0.1}, Kind.PMF)
    hidden = Node({"n": 10**30}, collapsed=True)
    items = Node([1, None, "a"], Kind.LIST)
    codes = Node({"200": 1, "5.5": 2}, Kind.DICT, order={"200": ("int", 200), "5.5": ("float", 5.5)})
    children = {"pmf": pmf, "hidden": hidden, "items": items, "codes": codes}
    data = {
        "before": 1,
        "pmf": pmf.data,
        "x": True,
        "items": items.data,
        "codes": codes.data,
        "odd": "\ud800",
    }
    root = Node(data, children=children, marks={"odd": "Text"})
    back = roundtrip(root)
    assert back == root
    assert list(back.data) == list(root.data)
    assert back.data["pmf"] is back.children["pmf"].data


def test_a_list_of_containers_comes_back():
    inner = Node({"n": 1}, Kind.DICT)
    root = Node([5, inner.data], Kind.LIST, {"1": inner})
    assert roundtrip(root) == root


def test_values_that_are_no_json_come_back():
    back = roundtrip(Node({"nan": math.nan, "inf": math.inf}))
    assert math.isnan(back.data["nan"])
    assert back.data["inf"] == math.inf


def test_computed_values_stay_at_home():
    child = Node({"n": 1})
    root = Node({"a": 1, "f": 2, "g": child.data}, children={"g": child}, computed=frozenset({"f", "g"}))
    assert roundtrip(root) == Node({"a": 1})


def test_everything_else_comes_back_too():
    told = Published(Node({"n": 1}), Node({"n": 2}), frozenset({("a", "b")}), {"pid": 7, "cpu_seconds": 0.5})
    assert decode(encode(told)) == told


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"version": 99}',
        b'{"version": 1}',
        b'{"version": 1, "tree": {}, "carried": null, "fell": [], "process": {}}',
        b'{"version": 1, "tree": {"kind": "no", "data": {}}, "carried": null, "fell": [], "process": {}}',
        b'{"version": 1, "tree": {"kind": "group", "data": {}}, "carried": 5, "fell": [], "process": {}}',
        b'{"version": 1, "tree": {"kind": "group", "data": 5}, "carried": null, "fell": [], "process": {}}',
        b'{"version": 1, "tree": {"kind": "group", "data": {}}, "carried": null, "fell": [5], "process": {}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_whatever_else_stands_in_the_file_is_nothing(content):
    assert decode(content) is None
