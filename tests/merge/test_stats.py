"""One rule for each type of statistic, over living, dead and earlier workers."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.merge.stats import Part, Role, merge_trees, totals
from pyramid_scales.sharing.publish import negated
from pyramid_scales.sharing.published import Published, decode, encode
from pyramid_scales.snapshot import Kind, Node

METER = {"unit": "per second", "count": 3, "m1": 1.5, "m5": 1.0, "m15": 0.5}


def tree(**data):
    """A root with the container ``app``."""
    node = Node(data)
    return Node({"app": data}, children={"app": node})


def merged(*parts, gauges=(), fell=()):
    root, _ = merge_trees([Part(role, node) for role, node in parts], gauges, fell)
    return root.data.get("app")


OWN, LIVE, DEAD, CARRIED = Role.OWN, Role.LIVE, Role.DEAD, Role.CARRIED


def test_integers_are_summed_over_living_dead_and_earlier_workers():
    parts = [(OWN, tree(n=1)), (LIVE, tree(n=10)), (DEAD, tree(n=100)), (CARRIED, tree(n=1000))]
    assert merged(*parts) == {"n": 1111}


def test_an_integer_that_was_seen_to_decrease_is_summed_over_the_living():
    parts = [(OWN, tree(n=1)), (LIVE, tree(n=10)), (DEAD, tree(n=100)), (CARRIED, tree(n=1000))]
    assert merged(*parts, fell={("app", "n")}) == {"n": 11}


@pytest.mark.parametrize(("how", "result"), [("sum", 11), ("mean", 5.5), ("max", 10), ("min", 1)])
def test_a_named_gauge_follows_its_rule_over_the_living(how, result):
    parts = [(OWN, tree(n=1)), (LIVE, tree(n=10)), (DEAD, tree(n=100)), (CARRIED, tree(n=1000))]
    assert merged(*parts, gauges=(("app/n", how),)) == {"n": result}
    assert merged(*parts, gauges=(("a*/?", how),)) == {"n": result}


def test_a_glob_of_a_gauge_does_not_reach_across_levels():
    assert merged((OWN, tree(n=1)), (DEAD, tree(n=2)), gauges=(("*", "max"), ("*/*/n", "max"))) == {"n": 3}


def test_the_first_glob_that_fits_decides():
    assert merged((OWN, tree(n=1)), (LIVE, tree(n=2)), gauges=(("app/n", "min"), ("app/*", "max"))) == {
        "n": 1
    }


def test_a_gauge_of_dead_workers_alone_is_left_out():
    assert merged((OWN, tree(m=1)), (DEAD, tree(n=2)), gauges=(("app/n", "sum"),)) == {"m": 1}


def test_floats_are_averaged_over_the_living():
    assert merged((OWN, tree(x=1.0)), (LIVE, tree(x=2.0)), (DEAD, tree(x=9.0))) == {"x": 1.5}
    assert merged((OWN, tree(x=0)), (LIVE, tree(x=0.5))) == {"x": 0.25}
    assert merged((OWN, tree(m=1)), (DEAD, tree(x=9.0))) == {"m": 1}


def test_a_value_that_is_not_a_number_stays_one():
    assert math.isnan(merged((OWN, tree(x=math.nan)), (LIVE, tree(x=1.0)))["x"])


@pytest.mark.parametrize(
    ("values", "result"),
    [
        (("blue", "blue"), "blue"),
        (("green", "blue"), "blue, green"),
        ((True, True), True),
        ((True, False), "False, True"),
        ((None, None), None),
        ((None, "blue"), "None, blue"),
        ((1, "blue"), "1, blue"),
        ((True, 1), "1, True"),
    ],
)
def test_what_is_no_number_is_shown_once_or_listed(values, result):
    shown = merged((OWN, tree(x=values[0])), (LIVE, tree(x=values[1])), (DEAD, tree(x="red")))
    assert shown == {"x": result}
    assert type(shown["x"]) is type(result)


def test_keys_come_in_the_answering_workers_order_and_new_ones_after_them():
    shown = merged((LIVE, tree(c=1, a=1, b=1)), (OWN, tree(b=1, a=1)))
    assert list(shown.items()) == [("b", 2), ("a", 2), ("c", 1)]


def test_a_computed_value_is_the_answering_workers():
    own = tree(n=1)
    own.children["app"].computed = frozenset({"n"})
    assert merged((OWN, own), (LIVE, tree(n=10))) == {"n": 1}


def test_a_list_is_the_answering_workers_where_it_has_one():
    def with_list(*items):
        node = Node(list(items), Kind.LIST)
        app = Node({"items": node.data}, children={"items": node})
        return Node({"app": app.data}, children={"app": app})

    assert merged((OWN, with_list(1)), (LIVE, with_list(2, 3))) == {"items": [1]}
    assert merged((OWN, tree()), (LIVE, with_list(2, 3))) == {"items": [2, 3]}
    assert merged((OWN, tree(n=1)), (DEAD, with_list(2, 3))) == {"n": 1}


def special(kind, data):
    node = Node(dict(data), kind)
    app = Node({"it": node.data}, children={"it": node})
    return Node({"app": app.data}, children={"app": app})


def test_meters_count_everything_and_add_the_rates_of_the_living():
    parts = [
        (OWN, special(Kind.METER, METER)),
        (LIVE, special(Kind.METER, METER)),
        (DEAD, special(Kind.METER, METER)),
    ]
    assert merged(*parts, (CARRIED, special(Kind.METER, METER)))["it"] == {
        "unit": "per second",
        "count": 12,
        "m1": 3.0,
        "m5": 2.0,
        "m15": 1.0,
    }


def test_a_meter_of_earlier_workers_alone_keeps_its_unit_and_count():
    assert merged((OWN, tree()), (CARRIED, special(Kind.METER, METER)))["it"] == {
        "unit": "per second",
        "count": 3,
    }


def test_a_pmf_keeps_its_kind_and_its_keys():
    values = dict.fromkeys(
        ("min", "max", "mean", "median", "75percentile", "95percentile", "98percentile"), 2.0
    )
    pmf = {"count": 5, **values, "stddev": 0.0, "99percentile": 2.0, "999percentile": 2.0}
    root, approximate = merge_trees(
        [Part(OWN, special(Kind.PMF, pmf)), Part(DEAD, special(Kind.PMF, pmf))], (), ()
    )
    node = root.children["app"].children["it"]
    assert node.kind is Kind.PMF
    assert node.data == {**pmf, "count": 10}
    assert ("app", "it") in approximate


def test_what_stands_in_the_way_of_a_container_in_another_worker_is_left_out():
    assert merged((OWN, tree(it=1)), (LIVE, special(Kind.GROUP, {"n": 2}))) == {"it": 1}
    assert merged((OWN, special(Kind.GROUP, {"n": 2})), (LIVE, tree(it=1))) == {"it": {"n": 2}}


def test_the_data_of_a_node_is_the_data_of_its_children():
    root, _ = merge_trees([Part(OWN, tree(n=1)), Part(LIVE, tree(n=1))], (), ())
    assert root.data["app"] is root.children["app"].data


def test_a_collapsed_container_stays_out_of_its_parents_data():
    own, other = tree(n=1), tree(n=2)
    for root in (own, other):
        root.children["app"].collapsed = True
        del root.data["app"]
    root, _ = merge_trees([Part(OWN, own), Part(LIVE, other)], (), ())
    assert root.data == {}
    assert root.children["app"].data == {"n": 3}
    assert root.children["app"].collapsed


def test_only_what_others_had_a_part_in_is_marked():
    own = tree(n=1)
    own.children["alone"] = Node({"n": 1})
    own.data["alone"] = own.children["alone"].data
    _, approximate = merge_trees([Part(OWN, own), Part(LIVE, tree(n=1))], (), ())
    assert approximate == {("app",)}


def test_totals_keep_what_is_counted_and_nothing_else():
    node = tree(n=1, x=2.0, text="blue", flag=True)
    meter = special(Kind.METER, METER)
    assert totals([node, node]).data == {"app": {"n": 2}}
    assert totals([meter, meter]).data == {"app": {"it": {"unit": "per second", "count": 6}}}


def test_marks_and_the_order_of_keys_survive():
    own, other = tree(**{"5": 1}), tree(**{"7": "1.50"})
    own.children["app"].order["5"] = ("int", 5)
    other.children["app"].order["7"] = ("int", 7)
    other.children["app"].marks["7"] = "Decimal"
    root, _ = merge_trees([Part(OWN, own), Part(LIVE, other)], (), ())
    assert root.children["app"].order == {"5": ("int", 5), "7": ("int", 7)}
    assert root.children["app"].marks == {"7": "Decimal"}


@pytest.mark.parametrize(
    ("first", "second"),
    [(1e308, 1e308), (math.inf, -math.inf), (1.5, 10**400), (9 * 10**4299, 9 * 10**4299)],
    ids=["large floats", "infinities", "a long integer", "the longest integers"],
)
def test_numbers_that_have_no_sum_or_mean_are_none(first, second):
    """A float overflows, infinities cancel, and Python writes no integer of more than 4300 digits."""
    parts = [(OWN, tree(x=first)), (LIVE, tree(x=second))]
    assert math.isnan(merged(*parts)["x"])
    for how in ("sum", "mean"):
        assert not math.isfinite(merged(*parts, gauges=(("app/x", how),))["x"])
    meters = [(role, special(Kind.METER, {"count": node.data["app"]["x"]})) for role, node in parts]
    assert not math.isfinite(merged(*meters)["it"]["count"])


LEAVES = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([10**400, 9 * 10**4299, True, None, "", "1.5", "\ud800"]),
)
KEYS = st.sampled_from(["a", "b", "count", "min", "max", "mean", "stddev", "median", "99percentile", "unit"])


def as_node(kind, leaves, children):
    data = dict(leaves)
    for key, child in children.items():
        if child.collapsed:
            data.pop(key, None)
        else:
            data[key] = child.data
    return Node(data, kind, children)


FLAT = st.builds(as_node, st.sampled_from(Kind), st.dictionaries(KEYS, LEAVES), st.just({})).map(
    lambda node: Node(list(node.data.values()), Kind.LIST) if node.kind is Kind.LIST else node
)
INNER = [kind for kind in Kind if kind not in (Kind.LIST, Kind.PMF, Kind.METER)]
NODES = st.recursive(
    FLAT,
    lambda below: st.builds(
        as_node, st.sampled_from(INNER), st.dictionaries(KEYS, LEAVES), st.dictionaries(KEYS, below)
    ),
    max_leaves=8,
)


@given(
    st.lists(st.tuples(st.sampled_from(Role), NODES), min_size=1, max_size=4),
    st.sampled_from(["sum", "mean", "max", "min"]),
)
def test_nothing_that_workers_keep_breaks_the_merge(parts, how):
    found = [Part(role, Node({"app": node.data}, children={"app": node})) for role, node in parts]
    root, _ = merge_trees(found, (("app/*", how),), {("app", "a")})
    json.dumps(root.data)
    left = totals([node for _, node in found])
    assert decode(encode(Published(root, left))) is not None
    json.dumps(negated(left).data)
