"""The workers side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from paging import some_requests
from snapshots import worker

from pyramid_scales.page import columns, worker_rows


@pytest.mark.parametrize(
    ("uptime", "age", "state"),
    [(700.0, 0.0, "live"), (598.5, 2.0, "live"), (30.0, 0.0, "live, adopted"), (None, 0.0, "live")],
)
def test_a_worker_that_is_younger_than_its_counts_has_adopted_them(uptime, age, state):
    figures = {} if uptime is None else {"uptime_seconds": uptime}
    young = replace(worker(0, age=age, **figures), requests=some_requests())
    assert [worker_rows.state(one) for one in (young, worker(1, live=False))] == [state, "ended"]
    assert worker_rows.is_adopted(young) is ("adopted" in state)


def test_each_worker_shows_its_own_figures_where_they_are_known():
    workers = (replace(worker(0), requests=some_requests()), worker(1))
    first, second = map(worker_rows.row, workers)
    assert len(first.cells) == len(columns.FIGURES)
    assert (second.active, second.cells) == ("-", ())
