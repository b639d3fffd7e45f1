"""Columns of the table of routes."""

from __future__ import annotations

import pytest
from paging import some_requests

from pyramid_scales.figures import figures
from pyramid_scales.page import columns, units


def routes():
    return figures.summary(some_requests()).routes


def order(sort, order):
    return [route.name for route in columns.arranged(routes(), columns.sorting(sort, order))]


def test_the_busiest_comes_first_unless_asked_otherwise():
    assert [route.name for route in columns.arranged(routes(), columns.sorting("", ""))] == ["home", "book"]
    assert [route.name for route in columns.arranged(routes(), columns.sorting("rate", "asc"))] == [
        "book",
        "home",
    ]
    assert [route.name for route in columns.arranged(routes(), columns.sorting("route", ""))] == [
        "book",
        "home",
    ]


@pytest.mark.parametrize("key", [column.key for column in columns.COLUMNS])
@pytest.mark.parametrize("order", columns.ORDERS)
def test_every_column_sorts(key, order):
    assert len(columns.arranged(routes(), columns.sorting(key, order))) == 2


@pytest.mark.parametrize("order", columns.ORDERS)
def test_equals_come_by_their_names(order):
    equals = [_with(routes()[0], name=name) for name in ("b", "c", "a")]
    arranged = columns.arranged(equals, columns.sorting("rate", order))
    assert [route.name for route in arranged] == ["a", "b", "c"]


def test_texts_rise_and_figures_fall_at_the_first_click():
    rising = [column.key for column in columns.COLUMNS if not columns.sorting(column.key, "").descending]
    assert rising == ["route", "methods"]


def test_what_is_unknown_comes_last_either_way():
    idle = _with(routes()[0], name="idle", p50=None)
    for order in columns.ORDERS:
        arranged = columns.arranged([idle, *routes()], columns.sorting("p50", order))
        assert arranged[-1].name == "idle"


def _fields(route):
    return [name for kind in type(route).__mro__ for name in getattr(kind, "__slots__", ())]


@pytest.mark.parametrize(("sort", "order"), [("colour", ""), ("rate", "up"), ("RATE", ""), ("<b>", "")])
def test_an_unknown_sorting_says_what_there_is(sort, order):
    with pytest.raises(ValueError, match=r"Use (one of route, rate, .*methods|asc or desc)\."):
        columns.sorting(sort, order)


def test_what_fell_silent_has_changed_more_than_what_grew_a_little():
    few, none, more = (_with(routes()[0], name=name, change=change) for name, change in CHANGES.items())
    by = columns.sorting("change", "")
    assert [route.name for route in columns.arranged([few, none, more], by)] == ["more", "none", "few"]
    cell = columns.cells(none)[columns.FIGURES.index(by.column)]
    assert (cell.value, cell.text) == ("1", "-100\xa0%")


CHANGES = {"few": 0.5, "none": -1.0, "more": 3.0}


def _with(route, **figures):
    return type(route)(**{field: getattr(route, field) for field in _fields(route)} | figures)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (0.0, "±0"),
        (0.049, "±0"),
        (-0.049, "±0"),
        (0.05, "+5\xa0%"),
        (-0.05, "-5\xa0%"),
        (1.0, "+100\xa0%"),
        (99.0, "+9,900\xa0%"),
    ],
)
def test_a_small_change_is_none(change, text):
    assert columns.change_text(change) == text


def test_the_figures_are_the_columns_between_the_name_and_the_methods():
    keys = [column.key for column in columns.FIGURES]
    assert keys == ["rate", "errors", "p50", "p95", "p99", "max", "change", "requests"]
    assert len(columns.cells(routes()[0])) == len(keys)


def test_a_cell_has_a_value_to_sort_by_and_a_text_to_read():
    book, _ = routes()
    assert [(cell.value, cell.text) for cell in columns.cells(book)] == [
        ("0.00344828", "0.21/min"),
        ("1", "100\xa0%"),
        *[("0.395618", "396\xa0ms")] * 3,
        ("0.4", "400\xa0ms"),
        ("11", "+1,100\xa0%"),
        ("1", "1"),
    ]


@pytest.mark.parametrize(
    ("figure", "value", "cell"),
    [
        ("error_share", 0.0, ("0", "0\xa0%", False)),
        ("error_share", None, ("", units.share(None), False)),
        ("p50", None, ("", units.duration(None), False)),
    ],
)
def test_no_errors_are_told_from_no_requests(figure, value, cell):
    assert cell in columns.cells(_with(routes()[0], **{figure: value}))


def test_only_errors_are_alarming():
    book, home = routes()
    assert [column.key for column, cell in zip(columns.FIGURES, columns.cells(book)) if cell.bad] == [
        "errors"
    ]
    assert not any(cell.bad for cell in columns.cells(home))


def test_a_share_too_small_to_write_is_safe_in_html():
    cell = columns.cells(_with(routes()[0], error_share=1e-6))[1]
    assert (cell.text, cell.bad) == ("&lt;\xa00.01\xa0%", True)
