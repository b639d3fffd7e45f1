"""Statistics that nobody expected, as text for Prometheus and OpenMetrics."""

from __future__ import annotations

import math

import promtool
from expositions import FORMATS, render, samples, values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snapshots import HOSTILE_TREE, PMF, with_children

from pyramid_scales.address import clean
from pyramid_scales.snapshot import Kind, Node

HOSTILE = st.one_of(
    st.text(max_size=12),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "Zs", "So"]), max_size=5),
    st.sampled_from(
        [
            *'"\\\n{}=,# %\r\t\0',
            "%s",
            "\\n",
            "é",
            "🎉",
            "\ud800",
            "\\ud800",
            "9lives",
            "a" * 10_000,
            "a b",
            "a_b",
        ]
    ),
    st.sampled_from(
        ["count", "sum", "bucket", "total", "min", "x", "x_count", "x_total", "created", "key", "le"]
    ),
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.integers(min_value=10**300, max_value=10**330),
    st.none(),
    st.text(max_size=3),
)
PMF_VALUES = st.dictionaries(st.sampled_from(sorted(PMF)), NUMBERS)
CONTAINERS = st.sampled_from([Kind.GROUP, Kind.DICT, Kind.STATES, Kind.COUNTERS, Kind.GAUGES])
LEAF_NODES = st.one_of(
    st.builds(Node, st.dictionaries(HOSTILE, NUMBERS, max_size=5), CONTAINERS),
    st.builds(Node, PMF_VALUES, st.just(Kind.PMF)),
    st.builds(Node, st.dictionaries(st.sampled_from(["count", "m1", "unit"]), NUMBERS), st.just(Kind.METER)),
    st.builds(Node, st.lists(NUMBERS, max_size=3), st.just(Kind.LIST)),
)
PMF_DICTS = st.dictionaries(HOSTILE, st.builds(Node, PMF_VALUES, st.just(Kind.PMF)), max_size=4).map(
    lambda pmfs: with_children({}, pmfs, Kind.PMF_DICT)
)
TREES = st.recursive(
    LEAF_NODES | PMF_DICTS,
    lambda nodes: st.builds(
        lambda leaves, children, kind: with_children(
            {key: value for key, value in leaves.items() if key not in children}, children, kind
        ),
        st.dictionaries(HOSTILE, NUMBERS, max_size=4),
        st.dictionaries(HOSTILE, nodes, max_size=4),
        CONTAINERS,
    ),
    max_leaves=12,
)


def numbers_of(found: Node, openmetrics: bool):
    """How many values of a tree must be in its exposition."""
    pairs = enumerate(found.data) if found.kind is Kind.LIST else found.data.items()
    leaves = [(str(key), value) for key, value in pairs if not isinstance(value, (dict, list))]
    amount = sum(
        isinstance(value, (int, float)) and allowed(found.kind, key, value, openmetrics)
        for key, value in leaves
    )
    return amount + sum(numbers_of(child, openmetrics) for child in found.children.values())


def allowed(kind, key, value, openmetrics):
    if kind is Kind.METER:
        return key == "count" and value >= 0
    if kind is Kind.COUNTERS:
        return value >= 0
    if kind is Kind.PMF and key == "count":
        return 0 <= value < 10**308 and float(value).is_integer()
    if kind is Kind.PMF and (key == "median" or "percentile" in key):
        return not (openmetrics and value < 0)
    return True


@FORMATS
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES)
def test_no_tree_makes_an_exposition_that_can_not_be_read(tree, openmetrics):
    text = render(tree, openmetrics=openmetrics)
    found = [key for key in samples(text, openmetrics) if key[0].startswith("scales")]
    assert len(found) == numbers_of(tree, openmetrics)


@FORMATS
@settings(max_examples=150, deadline=None)
@given(leaves=st.dictionaries(HOSTILE, st.floats() | st.integers() | st.booleans(), max_size=10))
def test_labels_and_values_come_back_as_they_were(leaves, openmetrics):
    text = render(with_children({}, {"d": Node(leaves, Kind.DICT)}), openmetrics=openmetrics)
    found = {labels[0][1]: value for labels, value in values(text, "scales_d", openmetrics).items()}
    assert len(found) == len(leaves)
    for key, value in leaves.items():
        if clean(key) == key:
            assert float(found[key]) == float(value) or (math.isnan(value) and math.isnan(found[key]))


def test_promtool_can_read_the_most_awkward_names():
    text = render(HOSTILE_TREE).encode("utf-8").decode("utf-8")
    checked = promtool.run("check", "metrics", text=text)
    assert "error while linting" not in checked.stderr
