"""The rows of the table of routes."""

from __future__ import annotations

from dataclasses import replace

from paging import KNOWN, context, some_requests
from snapshots import node

from pyramid_scales.figures import figures
from pyramid_scales.page import columns, route_rows, traffic


def view(requests=None):
    requests = requests or some_requests()
    found = context(node({}), requests=requests, known_routes=KNOWN)
    return traffic.view_of(requests, columns.sorting("", ""), found)


def test_routes_that_were_never_requested_are_listed_with_their_view():
    silent = view().silent
    assert [(route.name, route.view) for route in silent] == [("never", "shop.never")]
    assert silent[0].href == "/scales/?route=never"


def test_silent_routes_are_sorted_by_their_names():
    known = [("c", "/c", ""), ("home", "/", "shop.home"), ("a", "/a", "shop.a")]
    silent = route_rows.silent(
        known, figures.routes(some_requests()), lambda names: [f"/{name}" for name in names]
    )
    assert [tuple(route) for route in silent] == [("a", "/a", "shop.a", "/a"), ("c", "/c", "", "/c")]


def test_a_row_has_the_pattern_of_its_route():
    assert [row.pattern for row in view().table.rows] == ["/home", "/book"]


def test_hostile_names_are_escaped():
    bad = "<b>\"'&"
    requests = some_requests()
    series = [
        one._replace(labels=one.labels._replace(route=bad, pattern=bad, method=bad))
        for one in requests.series
    ]
    row = view(replace(requests, series=series)).table.rows[0]
    assert not set("".join((row.name, row.href, row.pattern, row.methods))) & set("<>\"'")


def test_a_pattern_that_is_the_name_is_not_told_twice():
    requests = some_requests()
    series = [one._replace(labels=one.labels._replace(pattern=one.labels.route)) for one in requests.series]
    assert {row.pattern for row in view(replace(requests, series=series)).table.rows} == {""}


def test_a_row_is_written_between_the_pieces_of_the_template():
    cells = [columns.Cell("1", "one"), columns.Cell("2", "two", bad=True)]
    drawing = route_rows.charts.Row("M0", "")
    rows = [
        route_rows.Row("home", "", "/home", "GET", cells, drawing),
        route_rows.Row("shop", "/{x}", "/shop", "POST", cells[:1], drawing._replace(errors="M1")),
    ]
    laid = route_rows.Table(rows).laid(
        "%s %s %s %s%s %s%s %s %s %s\n", " (%s)", " [%s]", ("<", ":", ">"), "!"
    )
    assert laid == (
        "home home /home home M0 <1:one>!2:two> GET GET\n"
        "shop shop /shop shop (/{x}) M0 [M1] <1:one> POST POST\n"
    )
