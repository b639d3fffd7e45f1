"""What stands at ``pyramid/requests``: scales' own words, plain values, safe keys."""

from __future__ import annotations

import json
import math
from bisect import bisect
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import SECOND, SLICE, Event, labels, recorded

from pyramid_scales.figures.request_tree import as_node, as_tree, mark_kinds, tree_key
from pyramid_scales.snapshot import Kind, Node, Requests

START = 1000 * SLICE
PMF_KEYS = [
    *("count", "min", "max", "mean", "stddev", "median"),
    *("75percentile", "95percentile", "98percentile", "99percentile", "999percentile"),
]
NAMES = st.text(st.characters(codec=None, exclude_categories=()), max_size=6) | st.text("/~x0123", max_size=6)


def _requests(*named: tuple[str, int, str]) -> Requests:
    """A hundred milliseconds for each (route, status, error), all in the same slice."""
    events = [
        Event(START, labels(route, status=status, error=error), SECOND // 10)
        for route, status, error in named
    ]
    return recorded(events, START + SECOND, START, active=2)


def _leaves(tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if type(value) is dict:
            yield from _leaves(value)
        yield key, value


def test_a_branch_has_the_keys_of_scales_in_the_order_of_scales():
    tree = as_tree(_requests(("home", 200, ""), ("home", 500, "app.Oops"), ("shop", 404, "")))
    assert list(tree) == ["active", "latency", "rate", "responses", "exceptions", "routes"]
    assert list(tree["latency"]) == PMF_KEYS
    assert list(tree["rate"]) == ["unit", "count", "m1", "m5", "m15"]
    assert tree["active"] == 2
    assert tree["responses"] == {"200": 1, "404": 1, "500": 1}
    assert tree["exceptions"] == {"app.Oops": 1}
    assert list(tree["routes"]) == ["home", "shop"]
    assert list(tree["routes"]["home"]) == ["latency", "rate", "responses", "exceptions"]
    assert tree["routes"]["home"]["responses"] == {"200": 1, "500": 1}
    assert tree["routes"]["shop"]["exceptions"] == {}
    assert tree["routes"]["shop"]["latency"]["count"] == tree["routes"]["shop"]["rate"]["count"] == 1


def test_before_the_first_request_there_is_a_count_of_zero_and_no_more():
    tree = as_tree(_requests())
    assert tree["latency"] == {"count": 0}
    assert tree["rate"] == {"unit": "per second", "count": 0, "m1": 0.0, "m5": 0.0, "m15": 0.0}
    assert (tree["responses"], tree["exceptions"], tree["routes"]) == ({}, {}, {})


def test_latency_is_over_the_last_five_minutes_and_its_count_for_ever():
    events = [Event(START, labels(), 50 * SECOND), Event(START + 400 * SECOND, labels(), SECOND)]
    latency = as_tree(recorded(events, START + 401 * SECOND, START))["latency"]
    assert latency["count"] == 2
    assert latency["max"] == pytest.approx(1, rel=0.022)
    assert latency["mean"] == 1.0


def test_latency_keeps_its_keys_when_the_last_five_minutes_are_empty():
    events = [Event(START, labels(), 2 * SECOND), Event(START + SECOND, labels(), 4 * SECOND)]
    latency = as_tree(recorded(events, START + 4000 * SECOND, START))["latency"]
    assert list(latency) == PMF_KEYS
    assert latency["count"] == 2
    assert latency["mean"] == 3.0
    assert latency["min"] == pytest.approx(2, rel=0.022)


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, st.sampled_from([200, 500]), NAMES), max_size=8), st.integers(0, 2000))
def test_every_value_is_plain_and_finite_and_every_key_is_safe(named, later):
    requests = _requests(*named)
    later_ones = Requests(
        requests.bounds_ns, requests.le_ns, requests.series, 1, requests.now + later, 500, clock_ns=None
    )
    tree = as_tree(later_ones)
    for key, value in _leaves(tree):
        assert type(key) is str
        assert key
        assert "/" not in key
        assert key.isprintable()
        assert len(key.encode()) < 255
        assert type(value) in (int, float, dict) or value == "per second"
        assert type(value) is not float or math.isfinite(value)
    assert len(tree["routes"]) == len({route for route, _, _ in named})
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


@settings(deadline=None, max_examples=300)
@given(NAMES, NAMES)
def test_different_names_have_different_keys(one, other):
    assert (tree_key(one) == tree_key(other)) is (one == other)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("home", "home"),
        ("/", "~1"),
        ("/users/{id}", "~1users~1{id}"),
        ("/users/{id}/", "~1users~1{id}~1"),
        ("~1", "~01"),
        ("", "~2"),
        ("(unmatched)", "(unmatched)"),
        ("naïve café", "naïve café"),
    ],
)
def test_a_key_can_be_read(name, key):
    assert tree_key(name) == key


def test_names_that_are_long_differ_by_their_ends_too():
    keys = {tree_key("a" * 9_999 + end) for end in "bcd"}
    assert len(keys) == 3
    assert all(len(key) < 200 for key in keys)


def test_a_name_that_breaks_lines_or_has_no_encoding_is_made_printable():
    keys = {tree_key("a\nb"), tree_key("a\tb"), tree_key("a\ud800b"), tree_key("a?b")}
    assert len(keys) == 4
    assert all(key.isprintable() and key.encode() for key in keys)


def test_each_part_is_known_for_what_it_is():
    node = as_node(_requests(("home", 500, "app.Oops")))
    home = node.children["routes"].children["home"]
    for branch in (node, home):
        kinds = {key: branch.children[key].kind for key in ("latency", "rate", "responses", "exceptions")}
        assert list(kinds.values()) == [Kind.PMF, Kind.METER, Kind.COUNTERS, Kind.COUNTERS]
    assert node.kind is home.kind is node.children["routes"].kind is Kind.GROUP
    _shares_its_data(node)


def test_what_was_read_as_mere_dictionaries_is_marked_for_what_it_is():
    node = as_node(_requests(("home", 500, "app.Oops"), ("latency", 200, "")))
    plain = _plain(node)
    mark_kinds(plain)
    assert plain == node


def test_a_part_of_the_branch_can_be_marked_too():
    node = _plain(as_node(_requests(("latency", 200, ""))))
    node.children = {"routes": node.children["routes"]}
    mark_kinds(node)
    route = node.children["routes"].children["latency"]
    assert (route.kind, route.children["latency"].kind) == (Kind.GROUP, Kind.PMF)
    mark_kinds(Node({}, Kind.DICT))


def _plain(node: Node) -> Node:
    return Node(node.data, Kind.DICT, {key: _plain(child) for key, child in node.children.items()})


def _shares_its_data(node: Node) -> None:
    for key, child in node.children.items():
        assert node.data[key] is child.data
        _shares_its_data(child)


def test_each_percentile_is_that_of_its_name():
    """Of a thousand requests, each that is asked for takes a time of its own."""
    permilles = {"median": 500, "75percentile": 750, "95percentile": 950}
    permilles |= {"98percentile": 980, "99percentile": 990, "999percentile": 999}
    step = {rank: bisect(list(permilles.values()), rank) for rank in range(1, 1001)}
    took = {
        rank: 2 ** (2 * below - (rank in permilles.values())) * SECOND // 1000 for rank, below in step.items()
    }
    latency = as_tree(recorded([Event(START, labels(), took[rank]) for rank in took], START + SECOND, START))[
        "latency"
    ]
    for key, permille in permilles.items():
        assert latency[key] == pytest.approx(took[permille] / 1e9, rel=0.025)
        assert took[permille - 1] < took[permille] < took[permille + 1]


def test_a_key_that_was_cut_stays_the_same_for_ever():
    """Graphite's files and people's links are named by it."""
    assert tree_key("a" * 200) == "a" * 200
    assert tree_key("a" * 201) == "a" * 120 + "~x" + sha256(b"a" * 201).hexdigest()[:16]
