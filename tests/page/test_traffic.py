"""The overview and the table of routes."""

from __future__ import annotations

from dataclasses import replace

from paging import KNOWN, context, some_requests
from snapshots import node, worker

from pyramid_scales.page import columns, traffic


def view(requests=None, **fields):
    requests = requests or some_requests()
    found = context(node({}), requests=requests, known_routes=KNOWN, **fields)
    return traffic.view_of(requests, columns.sorting(found.sort, found.order), found)


def test_the_overview_tells_rates_errors_and_durations():
    tiles = {tile.title: dict(tile.figures) for tile in view().tiles}
    assert list(tiles) == ["Requests", "Errors", "Latency"]
    assert tiles["Errors"] == {"5 min": "9.1\xa0%", "in total": "1"}
    assert list(tiles["Latency"]) == ["p50", "p95", "p99", "max"]
    assert tiles["Latency"]["max"].endswith("ms")


def test_a_drawing_is_told_in_words():
    requests, errors, latency = [tile.drawing for tile in view().tiles]
    assert requests.says == "Requests over the last 10 minutes: 0/s to 0.40/s"
    assert (requests.since, requests.peak) == ("10 min ago", "up to 0.40/s")
    assert errors.peak == "up to 0.10/s"
    assert latency.says.startswith("Mean latency over the last 10 minutes: ")
    assert latency.peak == "mean up to 58.0\xa0ms"


def test_a_drawing_of_nothing_says_so():
    from recorded import recorded

    drawings = [tile.drawing for tile in view(recorded([], 10**12)).tiles]
    assert [drawn.peak for drawn in drawings] == ["none", "none", ""]
    assert drawings[2].says.endswith(": nothing yet")


def test_errors_make_their_tile_alarming():
    assert [tile.bad for tile in view().tiles] == [False, True, False]


def test_addresses_keep_scope_and_interval():
    found = view(scope="worker", refresh="5")
    assert found.table.rows[0].href == "/scales/?scope=worker&amp;refresh=5&amp;route=home"
    assert found.headings[0].href == "/scales/?sort=route&order=asc&scope=worker&refresh=5"


def test_the_heading_of_the_sorted_column_turns_the_order_round():
    found = {heading.column.key: heading for heading in view(sort="p99", order="desc").headings}
    assert found["p99"].aria == "descending"
    assert "order=asc" in found["p99"].href
    assert found["max"].aria == ""
    assert "order=desc" in found["max"].href


def test_workers_are_counted_and_the_oldest_snapshot_told():
    workers = (worker(0), worker(1, age=0.75), worker(2, live=False, age=99.0))
    facts = {fact.label: fact.text for fact in view(workers=workers).facts}
    assert facts["Workers"] == "2 live, 1 ended"
    heir = replace(worker(3, uptime_seconds=9.0), requests=some_requests())
    assert "2 live, 1 adopted" in {fact.text for fact in view(workers=(worker(0), heir)).facts}
    assert facts["Oldest snapshot"] == "750\xa0ms"
    assert [row.state for row in view(workers=workers).workers] == ["live", "live", "ended"]


def test_retries_are_told_where_there_were_some():
    facts = {fact.label: fact.text for fact in view(replace(some_requests(), retries=3)).facts}
    assert facts["Retried"] == "3"
    assert "Retried" not in {fact.label for fact in view().facts}


def test_what_was_recorded_otherwise_is_told():
    assert traffic.troubles(some_requests()) == []
    told = traffic.troubles(replace(some_requests(), overflowed=1234, failures=2, notes=("So it is.",)))
    assert told[0] == "So it is."
    assert "1,234 requests stand under (other)" in told[1]
    assert "scales.max_series" in told[1]
    assert "2 requests could not be recorded" in told[2]
