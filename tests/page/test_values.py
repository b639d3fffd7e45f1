"""Exact texts, and what people read."""

from __future__ import annotations

import math

import pytest
from snapshots import PMF, node

from pyramid_scales.page import values
from pyramid_scales.page.gather import gather
from pyramid_scales.snapshot import Kind, Node


def human(path, found):
    """Key → what people read."""
    gathered = gather(found, path)
    return dict(zip(gathered.keys, values.texts_of(gathered).human))


def digest(found):
    return values.digest(gather(found, ()).places[0])


def test_no_number_is_spelled_as_in_javascript():
    assert values.exact([math.nan, math.inf, -math.inf, "nan", 1.5]) == [
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "1.5",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, ""),
        (9999, ""),
        (12345, "12,345"),
        (-1234, "-1,234"),
        (0.25, ""),
        (1 / 3, "0.3333"),
        (-1 / 3, "-0.3333"),
        (0.12345, ""),
        (0.123456, "0.1235"),
        (True, ""),
        (False, ""),
        ("123456789", ""),
        (None, ""),
        (math.inf, "Infinity"),
    ],
)
def test_only_what_reads_badly_gets_a_second_text(value, text):
    assert values.human(type(value).__name__, value, values.exact([value])[0]) == text
    assert human((), Node({"k": value})) == {"k": text}


def test_states_are_durations():
    assert human((), Node({"idle": 90.5}, Kind.STATES)) == {"idle": "1\xa0min 30\xa0s"}


def test_a_state_that_is_no_number_has_no_duration():
    assert human((), Node({"idle": "x"}, Kind.STATES)) == {"idle": ""}


def test_only_the_figures_of_the_process_are_known_by_their_names():
    found = Node({"uptime_seconds": 90.5})
    assert human(("pyramid", "process"), found) == {"uptime_seconds": "1\xa0min 30\xa0s"}
    assert human(("pyramid", "requests"), found) == {"uptime_seconds": ""}


def test_our_own_latencies_are_durations_and_their_count_is_none():
    found = human(("pyramid", "requests", "latency"), Node({"count": 12345, "mean": 0.0123}, Kind.PMF))
    assert found == {"count": "12,345", "mean": "12.3\xa0ms"}


def test_the_application_s_distributions_have_no_known_unit():
    assert human(("shop", "wait"), Node({"count": 2, "mean": 0.25}, Kind.PMF)) == {"count": "", "mean": ""}


def test_figures_of_the_process_have_their_units():
    from pyramid_scales.tree import process

    texts = human(("pyramid", "process"), Node(process.read()))
    assert texts["pid"] == texts["start_time_seconds"] == ""
    assert [key for key, text in texts.items() if "iB" in text]
    assert all("/" not in text for text in texts.values())


def test_what_is_no_number_among_the_figures_of_the_process_has_no_unit():
    found = human(("pyramid", "process"), Node({"cpu_seconds": None, "open_fds": 12345}))
    assert found == {"cpu_seconds": "", "open_fds": "12,345"}


def test_a_closed_distribution_says_count_median_and_99_percent():
    assert digest(Node(dict(PMF), Kind.PMF)) == "count 7 · median 2 · 99 % 6"
    assert digest(Node({"count": 0}, Kind.PMF)) == "count 0"
    assert digest(Node({"count": 3, "m1": 1 / 3, "unit": "per second"}, Kind.METER)) == "count 3 · m1 0.3333"


def test_a_closed_distribution_of_ours_says_durations():
    found = Node({"count": 12345, "median": 0.0123}, Kind.PMF)
    (place, _) = gather(found, ("pyramid", "requests", "latency")).places
    assert values.digest(place) == "count 12,345 · median 12.3\xa0ms"


def test_a_closed_meter_says_nothing_of_a_figure_that_is_no_number():
    assert digest(Node({"count": 3, "m1": None}, Kind.METER)) == "count 3"


def test_a_closed_container_says_how_many_it_holds():
    assert digest(node({})) == "0 entries"
    assert digest(node({"a": 1})) == "1 entry"
    assert digest(node({"a": 1}, b=node({}), c=Node({}, collapsed=True))) == "3 entries"


def test_the_name_of_a_type_is_the_application_s_where_the_value_is_not():
    gathered = gather(Node({"a": "1.5", "b": 1}, marks={"a": "<Decimal>"}), ())
    assert list(values.texts_of(gathered).types) == ["&lt;Decimal&gt;", "int"]
