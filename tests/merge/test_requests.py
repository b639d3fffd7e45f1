"""Requests of several workers as one application's: side by side, and added up by whoever shows them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import SECOND, SLICE, Event, labels, recorded

from pyramid_scales.figures import figures
from pyramid_scales.figures.request_tree import as_tree
from pyramid_scales.merge.requests import merge_requests
from pyramid_scales.snapshot import Requests

START = 1000 * SLICE + 3 * SECOND
NAMES = st.sampled_from([labels(), labels(status=500, error="app.Oops"), labels("shop"), labels(status=503)])
EVENTS = st.lists(
    st.builds(
        lambda at, name, took: Event(START + at * SECOND, name, took),
        st.one_of(st.integers(0, 1200), st.integers(1100, 1200)),
        NAMES,
        st.integers(10_000, 100 * SECOND),
    ),
    max_size=30,
)


def requests(*found, **fields):
    return Requests((1000,), (1000,), found, **{"active": 0, "now": 100, "max_series": 9, **fields})


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=5))
def test_many_workers_show_what_one_with_all_requests_would_show(parts):
    clock = START + 1200 * SECOND
    first, *others = (recorded(part, clock, START) for part in parts)
    merged = merge_requests(first, others)
    one = recorded([event for part in parts for event in part], clock, START)
    assert as_tree(merged) == as_tree(one)
    assert plain(figures.summary(merged)) == plain(figures.summary(one))
    for name in ("home", "shop"):
        assert plain(figures.detail(merged, name)) == plain(figures.detail(one, name))


def plain(found):
    """A summary, a detail or their parts, compared by what they show."""
    if isinstance(found, figures.Sparkline):
        rows = ("rates", "errors", "bars", "error_bars", "latency")
        return {name: list(getattr(found, name)) for name in rows}
    if isinstance(found, tuple):
        return [plain(each) for each in found]
    names = getattr(type(found), "__dataclass_fields__", None)
    return {name: plain(getattr(found, name)) for name in names} if names else found


def test_figures_of_the_process_are_summed_and_the_moment_is_that_of_the_answering_worker():
    one = requests(active=1, overflowed=2, retries=3, failures=4, clock_ns=50, started_ns=20, notes=("a",))
    two = requests(
        active=10, overflowed=20, retries=30, failures=40, clock_ns=60, started_ns=10, notes=("a", "b")
    )
    merged = merge_requests(one, [two, requests()])
    assert (merged.active, merged.overflowed, merged.retries, merged.failures) == (11, 22, 33, 44)
    assert (merged.clock_ns, merged.started_ns) == (50, 10)
    assert list(merged.notes) == ["a", "b"]
    assert (merged.now, merged.max_series, merged.bounds_ns) == (100, 9, (1000,))
