"""The page of one route."""

from __future__ import annotations

from dataclasses import replace

from paging import KNOWN, some_requests
from snapshots import worker

from pyramid_scales.page import route_page
from pyramid_scales.snapshot import NO_BUCKETS


def view(name, workers=(), requests=None):
    return route_page.view_of(name, requests or some_requests(), KNOWN, workers)


def test_a_route_tells_why_it_is_as_it_is():
    found = view("book")
    assert {key: [(row.name, row.amount) for row in rows] for key, _, rows in found.counts} == {
        "statuses": [("500", "1")],
        "methods": [("POST", "1")],
        "exceptions": [("shop.Broken", "1")],
    }
    assert all(row.bad for key, _, rows in found.counts for row in rows if key != "methods")


def test_a_route_has_its_pattern_and_its_view():
    assert (view("home").pattern, view("home").view) == ("/home", "shop.home")


def test_the_histogram_is_drawn_and_tabled():
    found = view("home")
    assert len(found.histogram.recent) == len(found.histogram.total) == len(found.buckets) == 1
    assert found.amounts == ("10", "10")
    assert found.buckets[0].amount == "10"
    assert [mark.label.split()[0] for mark in found.histogram.marks] == ["p50", "p95", "p99", "max"]


def test_a_route_without_recent_requests_shows_the_histogram_of_all():
    requests = some_requests()
    series = [one._replace(recent=NO_BUCKETS, recent_sum_ns=0) for one in requests.series]
    found = view("home", requests=replace(requests, series=series))
    assert found.histogram.recent == []
    assert found.histogram.total
    assert found.amounts == ("0", "10")
    assert found.buckets


def test_a_route_that_was_never_requested_has_no_figures():
    found = view("never")
    assert (found.detail, found.view) == (None, "shop.never")


def test_a_route_that_does_not_exist_is_none():
    assert view("nonesuch") is None


def test_the_same_figures_of_each_worker_stand_side_by_side():
    first = replace(worker(0), requests=some_requests())
    gone = replace(worker(1, live=False), requests=some_requests())
    found = view("home", workers=(first, gone, worker(2)))
    assert [(row.pid, row.state) for row in found.workers] == [(1000, "live"), (1001, "ended")]
    assert found.workers[0].cells == found.workers[1].cells
