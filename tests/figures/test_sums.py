"""Rows and buckets of several series, added up."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import dense, filled, trimmed

from pyramid_scales.figures.sums import added_buckets, added_held, added_rows
from pyramid_scales.snapshot import NO_BUCKETS

AMOUNTS = st.lists(st.one_of(st.just(0), st.integers(0, 10**18)), min_size=20, max_size=20)


@settings(deadline=None)
@given(st.integers(0, 9), st.integers(1, 30), st.data())
def test_rows_are_added_element_by_element(height, width, data):
    rows = data.draw(
        st.lists(st.lists(st.integers(0, 10**18), min_size=width, max_size=width), max_size=height)
    )
    assert list(added_rows(rows)) == [sum(column) for column in zip(*rows, strict=True)]


@given(st.lists(st.tuples(st.booleans(), AMOUNTS, st.integers(0, 9)), max_size=8))
def test_where_one_holds_the_same_throughout_its_total_is_added(parts):
    rows = [row if moves else [] for moves, row, _ in parts]
    totals = [total for _, _, total in parts]
    found = added_held(rows, totals)
    if not any(moves for moves, _, _ in parts):
        assert list(found) == []
        return
    full = [row or [total] * 20 for row, total in zip(rows, totals, strict=True)]
    assert list(found) == [sum(column) for column in zip(*full, strict=True)]


@given(st.lists(AMOUNTS, max_size=8))
def test_buckets_are_added_place_by_place(parts):
    found = added_buckets([trimmed(amounts) for amounts in parts])
    assert dense(found, 20) == [sum(column) for column in zip(*parts, strict=True)] or not parts
    assert found.total == sum(map(sum, parts))


def test_empty_buckets_add_nothing():
    assert added_buckets([]) == added_buckets([NO_BUCKETS, filled(3, 0, 0)]) == NO_BUCKETS
    assert added_buckets([NO_BUCKETS, filled(2, 5)]) == filled(2, 5)
