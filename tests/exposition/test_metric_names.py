"""Names of metrics for paths of statistics."""

from __future__ import annotations

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.exposition.metric_names import assign, claims

KINDS = st.sampled_from(["unknown", "gauge", "counter", "summary", "histogram"])
KEYS = st.one_of(
    st.text(max_size=8), st.sampled_from(["a", "b", "a_b", "a-b", "total", "count", "sum", "", "1", "é"])
)
WANTED = st.lists(st.tuples(st.lists(KEYS, max_size=3).map(tuple), KINDS), unique=True, max_size=30)


def name_of(*path: str, kind: str = "unknown") -> str:
    return assign([(path, kind)])[0]


def test_a_name_is_the_keys_of_the_path():
    assert name_of("web", "latency_ms", "99percentile") == "scales_web_latency_ms_99percentile"


def test_empty_keys_leave_no_trace():
    assert name_of("", "errors") == "scales_errors"
    assert name_of("") == "scales"


def test_what_the_formats_forbid_becomes_an_underscore():
    assert name_of('a.b-c d:e"f\n', "größe", "\ud800", "🎉") == "scales_a_b_c_d_e_f__gr__e____"


def test_a_counter_that_is_called_total_is_not_called_so_twice():
    assert name_of("jobs_total", kind="counter") == "scales_jobs"


def test_the_path_that_needed_no_cleaning_keeps_the_name():
    dashed, plain = assign([(("a-b",), "unknown"), (("a_b",), "unknown")])
    assert plain == "scales_a_b"
    assert re.fullmatch("scales_a_b_[0-9a-f]{8}", dashed)


def test_the_path_with_more_keys_keeps_the_name():
    flat, nested = assign([(("a_b",), "unknown"), (("a", "b"), "unknown")])
    assert nested == "scales_a_b"
    assert flat != nested


def test_a_family_keeps_the_names_of_its_samples_to_itself():
    wanted = [
        (("jobs",), "counter"),
        (("jobs_total",), "unknown"),
        (("p",), "summary"),
        (("p", "count"), "unknown"),
    ]
    names = assign(wanted)
    assert names[0] == "scales_jobs"
    assert names[1] != "scales_jobs_total"
    assert len({names[2] + "_count", names[3]}) == 2


def test_the_hash_is_that_of_the_path_and_not_of_what_it_met():
    first = assign([(("a-b",), "unknown"), (("a_b",), "unknown")])[0]
    second = assign(
        [(("a", "b"), "gauge"), (("a-b",), "unknown"), (("a_b",), "unknown"), (("c",), "unknown")]
    )[1]
    assert first == second == "scales_a_b_" + first[-8:]


@given(WANTED)
def test_names_are_legal_and_never_clash(wanted):
    names = assign(wanted)
    assert all(re.fullmatch("scales[a-zA-Z0-9_]*", name) for name in names)
    claimed = [claim for name, (_, kind) in zip(names, wanted, strict=True) for claim in claims(name, kind)]
    assert len(claimed) == len(set(claimed))


@given(WANTED, st.randoms(use_true_random=False))
def test_names_do_not_depend_on_the_order_of_the_paths(wanted, shuffler: random.Random):
    shuffled = wanted.copy()
    shuffler.shuffle(shuffled)
    assert dict(zip(wanted, assign(wanted), strict=True)) == dict(
        zip(shuffled, assign(shuffled), strict=True)
    )


@given(WANTED.filter(bool))
def test_a_path_that_nobody_contests_keeps_its_name_whatever_else_exists(wanted):
    alone = assign(wanted[:1])[0]
    others = assign(wanted[1:])
    taken = {
        claim for name, (_, kind) in zip(others, wanted[1:], strict=True) for claim in claims(name, kind)
    }
    if taken.isdisjoint(claims(alone, wanted[0][1])):
        assert assign(wanted) == [alone, *others]
