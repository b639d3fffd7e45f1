"""A snapshot as text for Prometheus and OpenMetrics."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import promtool
import pytest
from expositions import FORMATS, application, render, samples, values
from snapshots import PMF, leaf_container, node, requests, series, snapshot, with_children, worker

from pyramid_scales.lookup import Leaf
from pyramid_scales.snapshot import Kind, Node, Problem

REQUESTS = requests(
    series("/"),
    series("/b", (1, 0, 0, 0, 0, 0), method="POST", status=500, error="builtins.ValueError"),
    active=2,
    overflowed=3,
    retries=4,
    failures=5,
)
GOLDEN = snapshot(
    node(
        {"errors": 5, "ratio": 0.25, "ready": True, "version": "1.2", "nothing": None},
        codes=leaf_container(Kind.DICT, b=2, a=1),
        idle=leaf_container(Kind.STATES, waiting=0.5),
        jobs=leaf_container(Kind.METER, unit="per second", count=4, m1=0.1),
        latency=leaf_container(Kind.PMF, **PMF),
    ),
    requests=REQUESTS,
    problems=[Problem(("nothing",), "failed")],
)


@pytest.mark.parametrize("format", ["prometheus", "openmetrics"])
def test_an_exposition_as_a_whole(format):
    text = render(GOLDEN, openmetrics=format == "openmetrics", pyramid_scales_last_render_seconds=0.5)
    assert text == (Path(__file__).parent / "golden" / f"exposition.{format}").read_text(encoding="utf-8")


@FORMATS
def test_families_are_sorted_and_each_is_in_one_piece(openmetrics):
    types = [
        line.split() for line in render(GOLDEN, openmetrics=openmetrics).splitlines() if "# TYPE" in line
    ]
    names = [name for _, _, name, _ in types]
    assert names == sorted(set(names))


def test_promtool_finds_nothing_to_say():
    checked = promtool.run("check", "metrics", text=render(GOLDEN, pyramid_scales_last_render_seconds=0.5))
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_buckets_are_the_exact_sums_up_to_each_bound():
    text = render(snapshot(requests=requests(series("/", (1, 10, 100, 1000, 10000, 100000)))))
    buckets = values(text, "http_server_request_duration_seconds_bucket")
    assert {dict(labels)["le"]: value for labels, value in buckets.items()} == {
        "0.005": 11,
        "0.1": 1111,
        "+Inf": 111111,
    }
    [count] = values(text, "http_server_request_duration_seconds_count").values()
    [seconds] = values(text, "http_server_request_duration_seconds_sum").values()
    assert (count, seconds) == (111111, 111111 * 0.25)


@pytest.mark.parametrize(
    ("buckets", "totals"),
    [((0, 0, 0, 0, 0, 4), [0, 0, 4]), ((0, 0, 3, 0, 0, 0), [0, 3, 3]), ((2, 0, 0, 0, 0, 0), [2, 2, 2])],
)
def test_buckets_below_and_above_all_requests_are_told_too(buckets, totals):
    text = render(snapshot(requests=requests(series("/", buckets))))
    found = values(text, "http_server_request_duration_seconds_bucket")
    by_bound = {dict(labels)["le"]: value for labels, value in found.items()}
    assert [by_bound[le] for le in ("0.005", "0.1", "+Inf")] == totals


def test_the_series_of_requests_are_sorted_by_their_labels():
    first, second = series("/a"), series("/b")
    assert render(snapshot(requests=requests(second, first))) == render(
        snapshot(requests=requests(first, second))
    )


def test_every_series_of_requests_has_the_same_labels():
    found = values(render(GOLDEN), "http_server_request_duration_seconds_count")
    assert {tuple(name for name, _ in labels) for labels in found} == {
        ("error_type", "http_request_method", "http_response_status_code", "http_route")
    }
    assert sorted(dict(labels)["error_type"] for labels in found) == ["", "builtins.ValueError"]


def test_routes_that_share_a_pattern_are_one_series():
    shared = requests(
        series("/x", (1, 0, 0, 0, 0, 0), route="get"), series("/x", (0, 0, 2, 0, 0, 0), route="other")
    )
    [count] = values(render(snapshot(requests=shared)), "http_server_request_duration_seconds_count").values()
    assert count == 3


def test_the_same_series_of_many_workers_is_one_series():
    of_three = requests(*[series("/", (0, 1), route="a"), series("/", (0, 0, 2), route="b")] * 3)
    [count] = values(
        render(snapshot(requests=of_three)), "http_server_request_duration_seconds_count"
    ).values()
    assert count == 9


def test_nothing_is_said_of_requests_where_nothing_times_them():
    text = render(snapshot(GOLDEN.root))
    assert "http_server" not in text
    assert "pyramid_scales_series" not in text
    assert "pyramid_scales_workers 1\n" in text


PROCESS = {"cpu_seconds": 1.5, "resident_memory_bytes": 4096, "pid": 7}
WITH_PROCESS = node(
    {},
    pyramid=node(
        {}, process=leaf_container(Kind.GROUP, **PROCESS), requests=node({"active": 0}, routes=node({}))
    ),
)


def test_figures_of_the_process_have_the_names_of_prometheus_client():
    text = render(WITH_PROCESS)
    assert "process_cpu_seconds_total 1.5\n" in text
    assert "process_resident_memory_bytes 4096\n" in text
    assert "process_max_fds" not in text
    assert "scales_pyramid" not in text


def test_of_several_workers_each_slot_has_its_own_process_figures():
    workers = [worker(1, cpu_seconds=2.5), worker(0, cpu_seconds=1.5), worker(2, live=False, cpu_seconds=9.0)]
    text = render(snapshot(WITH_PROCESS, workers=[*workers, worker(3)]))
    assert values(text, "process_cpu_seconds_total") == {(("worker", "0"),): 1.5, (("worker", "1"),): 2.5}


def test_workers_are_counted_and_the_oldest_is_told():
    workers = [worker(0), worker(1, age=2.5), worker(2, live=False, age=99.0)]
    text = render(snapshot(workers=workers))
    assert "pyramid_scales_workers 2\n" in text
    assert "pyramid_scales_snapshot_age_seconds 2.5\n" in text


def test_series_in_use_are_those_of_the_fullest_worker():
    own = requests(series("/a"), series("/b"), series("/c"))
    workers = [worker(0), replace(worker(1), requests=requests(series("/a")))]
    fuller = replace(worker(2), requests=requests(series("/a"), series("/b")))
    text = render(snapshot(requests=own, workers=[*workers, fuller]))
    assert "pyramid_scales_series 2\n" in text


# The application's statistics.


def test_a_statistic_of_unknown_meaning_is_untyped():
    assert application(node({"errors": 5})) == ["# TYPE scales_errors untyped", "scales_errors 5"]
    assert application(node({"errors": 5}), openmetrics=True)[0] == "# TYPE scales_errors unknown"


def test_text_and_null_are_left_out():
    assert application(node({"version": "1.2", "none": None})) == []


def test_booleans_are_one_and_zero():
    assert application(node({"no": False, "yes": True}))[1::2] == ["scales_no 0", "scales_yes 1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (10**400, "+Inf"),
        (-(10**5000), "-Inf"),
        (10**300, "1" + "0" * 300),
        (2**53 + 1, "9007199254740993"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (-0.0, "-0.0"),
    ],
    ids=range(10),
)
def test_numbers_are_written_so_that_the_formats_can_hold_them(value, text):
    assert application(node({"x": value}))[1] == f"scales_x {text}"
    assert application(node({"other": 1, "x": value, "flag": True}))[-1] == f"scales_x {text}"


def test_numbers_of_derived_types_are_plain_numbers():
    class Odd(int):
        def __str__(self):
            return "odd"

    class Off(float):
        __repr__ = __str__ = lambda self: "off"

    assert application(node({"a": Odd(3), "b": Off(0.5)}))[1::2] == ["scales_a 3", "scales_b 0.5"]


def test_new_values_are_told_whatever_their_type_was_before():
    for value, text in [(0, "0"), (0.5, "0.5"), (True, "1"), (None, None), ("x", None), (2, "2")]:
        assert application(node({"x": value, "y": 3}))[1::2] == [f"scales_x {text}"] * (text is not None) + [
            "scales_y 3"
        ]


@pytest.mark.parametrize("kind", [Kind.DICT, Kind.STATES])
def test_a_dictionary_is_one_family_with_a_key_label(kind):
    assert application(node({}, d=leaf_container(kind, b=2, a=1, text="x"))) == [
        "# TYPE scales_d untyped",
        'scales_d{key="a"} 1',
        'scales_d{key="b"} 2',
    ]


def test_a_list_is_one_family_with_the_index_as_key():
    root = with_children({}, {"l": Node([5, "x", 7], Kind.LIST)})
    assert application(root)[1:] == ['scales_l{key="0"} 5', 'scales_l{key="2"} 7']


def test_a_dictionary_within_a_dictionary_is_a_family_of_its_own():
    root = node({}, d=with_children({"a": 1}, {"in": leaf_container(Kind.DICT, b=2)}, Kind.DICT))
    assert application(root)[1::2] == ['scales_d{key="a"} 1', 'scales_d_in{key="b"} 2']


def test_counters_and_gauges_that_are_known_as_such_say_so():
    root = node(
        {}, c=leaf_container(Kind.COUNTERS, a=1, bad=-1, worse=math.nan), g=leaf_container(Kind.GAUGES, a=-1)
    )
    assert application(root) == [
        "# TYPE scales_c_total counter",
        'scales_c_total{key="a"} 1',
        "# TYPE scales_g gauge",
        'scales_g{key="a"} -1',
    ]


def test_a_pmf_is_a_summary_without_a_sum():
    lines = application(node({}, p=leaf_container(Kind.PMF, **PMF)))
    assert lines[:8] == [
        "# TYPE scales_p summary",
        "scales_p_count 7",
        'scales_p{quantile="0.5"} 2.0',
        'scales_p{quantile="0.75"} 3.0',
        'scales_p{quantile="0.95"} 4.0',
        'scales_p{quantile="0.98"} 5.0',
        'scales_p{quantile="0.99"} 6.0',
        'scales_p{quantile="0.999"} 7.0',
    ]
    assert lines[9::2] == ["scales_p_max 9", "scales_p_mean 2.5", "scales_p_min 0.5", "scales_p_stddev 0.25"]


def test_a_pmf_of_one_value_is_a_count():
    assert application(node({}, p=leaf_container(Kind.PMF, count=1))) == [
        "# TYPE scales_p summary",
        "scales_p_count 1",
    ]


def test_a_figure_that_no_pmf_has_is_left_out():
    assert application(node({}, p=leaf_container(Kind.PMF, count=1, variance=2))) == [
        "# TYPE scales_p summary",
        "scales_p_count 1",
    ]


def test_pmfs_of_a_dictionary_share_families():
    few = {"count": 2, "max": 3, "median": 1.0}
    pmfs = {key: leaf_container(Kind.PMF, **few) for key in ("b", "a")}
    lines = application(with_children({}, {"p": with_children({}, pmfs, Kind.PMF_DICT)}))
    assert lines == [
        "# TYPE scales_p summary",
        'scales_p_count{key="a"} 2',
        'scales_p{key="a",quantile="0.5"} 1.0',
        'scales_p_count{key="b"} 2',
        'scales_p{key="b",quantile="0.5"} 1.0',
        "# TYPE scales_p_max gauge",
        'scales_p_max{key="a"} 3',
        'scales_p_max{key="b"} 3',
    ]


def test_meters_are_counters():
    meter = leaf_container(Kind.METER, unit="per second", count=4, m1=0.5)
    assert application(node({}, m=meter)) == ["# TYPE scales_m_total counter", "scales_m_total 4"]
    nested = node({}, m=with_children({}, {"a": meter}, Kind.METER_DICT))
    assert application(nested, openmetrics=True) == ["# TYPE scales_m counter", 'scales_m_total{key="a"} 4']


def test_keys_that_are_the_same_in_utf_8_are_numbered():
    lines = application(
        node({}, d=Node({"\\ud800\ud801": 1, "\ud800\\ud801": 2, "\ud800\ud801": 3}, Kind.DICT))
    )
    text = r"\\ud800\\ud801"
    assert {line.rpartition(" ")[0] for line in lines[1:]} == {
        f'scales_d{{key="{text}{more}"}}' for more in ("", " (2)", " (3)")
    }


@FORMATS
def test_a_count_that_can_not_be_one_is_left_out(openmetrics):
    root = node(
        {},
        m=leaf_container(Kind.METER, count=-1),
        p=leaf_container(Kind.PMF, count=2.5, median=1.0),
        q=leaf_container(Kind.PMF, count="many"),
    )
    assert application(root, openmetrics=openmetrics)[1:] == ['scales_p{quantile="0.5"} 1.0']


def test_only_openmetrics_refuses_negative_quantiles():
    root = node({}, p=leaf_container(Kind.PMF, count=2, median=-1.0, **{"99percentile": 1.0}))
    assert application(root)[1:] == [
        "scales_p_count 2",
        'scales_p{quantile="0.5"} -1.0',
        'scales_p{quantile="0.99"} 1.0',
    ]
    assert application(root, openmetrics=True)[1:] == ["scales_p_count 2", 'scales_p{quantile="0.99"} 1.0']


def test_what_is_collapsed_is_shown_when_it_is_addressed():
    hidden = Node({"x": 1}, collapsed=True)
    root = with_children({"y": 2}, {"hidden": hidden})
    assert application(root)[1:] == ["scales_y 2"]
    assert application(root, ("hidden",))[1:] == ["scales_hidden_x 1"]


def test_a_deep_tree_is_no_trouble():
    root = node({"x": 1})
    for _ in range(5000):
        root = Node({}, children={"d": root})
    assert application(root)[1].endswith("_d_x 1")


# Parts of the page.

TREE = node(
    {"errors": 5},
    a=node({"x": 1}, d=leaf_container(Kind.DICT, k=1)),
    p=with_children({}, {"k": leaf_container(Kind.PMF, **PMF)}, Kind.PMF_DICT),
    pyramid=WITH_PROCESS.children["pyramid"],
)
PAGE = snapshot(TREE, requests=REQUESTS)


@pytest.mark.parametrize(
    "path",
    [("a",), ("a", "d"), ("p",), ("p", "k"), ("pyramid",), ("pyramid", "requests"), ("pyramid", "process")],
)
@FORMATS
def test_a_part_says_the_same_as_the_whole(path, openmetrics):
    part, whole = (samples(render(PAGE, where, openmetrics=openmetrics), openmetrics) for where in (path, ()))
    assert part
    assert part.items() <= whole.items()


def test_a_part_holds_nothing_else():
    assert render(PAGE, ("a", "d")).splitlines()[1:] == ["# TYPE scales_a_d untyped", 'scales_a_d{key="k"} 1']


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("errors",), 5, "scales_errors 5"),
        (("a", "d", "k"), 1, 'scales_a_d{key="k"} 1'),
        (("p", "k", "median"), 2.0, 'scales_p{key="k",quantile="0.5"} 2.0'),
        (("p", "k", "count"), 7, 'scales_p_count{key="k"} 7'),
    ],
)
def test_a_leaf_is_called_what_it_is_called_on_the_whole_page(path, value, line):
    assert render(PAGE, path, Leaf(value, "int")).splitlines()[2:] == [line]


def test_a_leaf_without_a_number_is_an_empty_exposition():
    leaf = Leaf("1.2", "str")
    assert render(node({"version": "1.2"}), ("version",), leaf) == ""
    assert render(node({"version": "1.2"}), ("version",), leaf, openmetrics=True) == "# EOF\n"


def test_requests_are_where_their_branch_of_the_tree_is():
    for path in [(), ("pyramid",), ("pyramid", "requests")]:
        assert "http_server_active_requests 2\n" in render(PAGE, path)
    for path in [("a",), ("pyramid", "process")]:
        assert "http_server" not in render(PAGE, path)


def test_below_a_route_there_is_only_that_route():
    routes = node({}, **{"~1b": node({"count": 1})})
    root = node({}, pyramid=node({}, requests=node({}, routes=routes)))
    text = render(snapshot(root, requests=REQUESTS), ("pyramid", "requests", "routes", "~1b"))
    counts = values(text, "http_server_request_duration_seconds_count")
    assert [dict(labels)["http_route"] for labels in counts] == ["/b"]
    assert "active" not in text


def test_a_query_takes_our_families_away_with_their_branch():
    narrowed = node({"errors": 5})
    assert render(PAGE, (), narrowed).splitlines()[1:] == ["# TYPE scales_errors untyped", "scales_errors 5"]


def test_a_query_for_routes_leaves_those_routes():
    narrowed = node({}, pyramid=node({}, requests=node({}, routes=node({}, **{"~1b": node({"count": 1})}))))
    counts = values(render(PAGE, (), narrowed), "http_server_request_duration_seconds_count")
    assert [dict(labels)["http_route"] for labels in counts] == ["/b"]


def test_a_query_within_the_routes_leaves_those_routes_too():
    where, narrowed = ("pyramid", "requests", "routes"), node({}, **{"~1b": node({"count": 1})})
    counts = values(render(PAGE, where, narrowed), "http_server_request_duration_seconds_count")
    assert [dict(labels)["http_route"] for labels in counts] == ["/b"]
    assert render(PAGE, where) == render(PAGE, where[:2])


def test_a_query_within_another_branch_of_requests_leaves_all_routes():
    requests = node({}, latency=leaf_container(Kind.PMF, **PMF), routes=node({}))
    page = snapshot(node({}, pyramid=node({}, requests=requests)), requests=REQUESTS)
    where = ("pyramid", "requests", "latency")
    assert render(page, where, leaf_container(Kind.PMF, median=2.0)) == render(page, where)
    assert render(page, (*where, "median"), Leaf(2.0, "float")) == render(page, where)
    assert "http_server_request_duration_seconds_count" in render(page, where)


def test_a_query_that_leaves_a_figure_of_requests_leaves_all_routes():
    narrowed = node({}, pyramid=node({}, requests=node({"active": 2})))
    branch = samples(render(PAGE, ("pyramid", "requests")))
    assert branch.items() <= samples(render(PAGE, (), narrowed)).items()


def test_a_value_in_the_place_of_our_branch_holds_none_of_our_families():
    page = snapshot(node({"pyramid": 5}), requests=REQUESTS)
    assert render(page, ("pyramid",), Leaf(5, "int")) == ""


def test_another_application_of_the_process_is_not_ours_to_tell_of():
    second = node({}, requests=node({"active": 1}))
    assert application(with_children({}, {"pyramid-2": second})) == []
    assert application(with_children({}, {"pyramid-x": second}))[1:] == ["scales_pyramid_x_requests_active 1"]
