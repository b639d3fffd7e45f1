"""What series add up to, also where their notes are missing."""

from __future__ import annotations

import pytest
from recorded import BOUNDS, SECOND, SLICE, Event, filled, labels, recorded

from pyramid_scales.figures import figures
from pyramid_scales.figures.totals import altogether, by_route, of_route, together
from pyramid_scales.snapshot import NO_BUCKETS, NO_SLICES, Requests, Slices

START = 1000 * SLICE + 3 * SECOND


def test_one_route_can_be_looked_at_alone():
    events = [Event(START, labels(route), SECOND) for route in ("home", "shop", "home")]
    requests = recorded(events, START + SECOND, START)
    assert of_route(requests, "home").count == 2
    assert of_route(requests, "nowhere") is None
    assert {name: found.count for name, found in by_route(requests).items()} == {"home": 2, "shop": 1}


def test_the_totals_of_routes_add_up_to_those_of_their_series():
    names = [labels(), labels("shop", status=500), labels("shop"), labels("idle", status=503)]
    events = [Event(START + 7 * step * SECOND, names[step % 4 % 3], step * SECOND) for step in range(90)]
    events.append(Event(START - 2000 * SECOND, names[3], SECOND))
    requests = recorded(events, START + 900 * SECOND, START)
    whole, parts = together(requests.series), altogether(list(by_route(requests).values()))
    for name in ("count", "errors", "sum_ns", "buckets", "recent", "recent_sum_ns", "lately", "held_ns"):
        assert getattr(parts, name) == getattr(whole, name), name
    assert (list(parts.held), list(parts.held_errors)) == (list(whole.held), list(whole.held_errors))
    assert list(parts.errors_lately) == list(whole.errors_lately)
    assert parts.by(lambda labels: labels.status) == {200: 67, 500: 23, 503: 1}


@pytest.mark.parametrize(("status", "errors"), [(499, 0), (500, 1), (503, 1)])
@pytest.mark.parametrize("others", [[], [Event(START, labels("shop"), SECOND)]], ids=["alone", "with others"])
def test_an_error_is_an_answer_from_500_on(status, errors, others):
    events = [Event(START, labels(status=status), SECOND), *others]
    found = together(recorded(events, START + SECOND, START).series)
    assert (found.errors, list(found.errors_lately)) == (errors, [errors] * 3)


def test_time_spent_lately_is_unknown_if_it_is_for_one_of_the_series():
    events = [Event(START, labels(), SECOND), Event(START, labels(status=404), SECOND)]
    known = recorded(events, START + SECOND, START)
    assert together(known.series).recent_sum_ns == 2 * SECOND
    partly = [known.series[0], known.series[1]._replace(recent_sum_ns=None)]
    unknown = together(partly)
    assert unknown.recent_sum_ns is None
    assert unknown.sum_ns == 2 * SECOND


def test_totals_whose_notes_were_lost_give_no_rate():
    requests = recorded([Event(START, labels(), SECOND)], START + 2 * SECOND, START)
    voided = requests.series[0]._replace(slices=NO_SLICES, recent=NO_BUCKETS, recent_sum_ns=0)
    found = figures.overview(Requests(BOUNDS, (), [voided], 0, requests.now, 500))
    assert (found.count, found.m1, found.m15, found.p50, found.error_share) == (1, 0.0, 0.0, None, None)
    line = found.sparkline
    assert list(line.rates) == list(line.errors) == [0.0] * 90
    assert (list(line.bars), list(line.error_bars), line.latency) == ([0] * 30, [], [None] * 30)


def test_notes_of_a_damaged_file_put_no_rate_below_zero():
    requests = recorded([Event(START, labels(), SECOND)], START + 2 * SECOND, START)
    damaged = requests.series[0]._replace(slices=Slices([2**64 - 1] * 91, [2**64 - 1] * 31))
    for series in ([damaged], [damaged, requests.series[0]]):
        found = figures.overview(Requests(BOUNDS, (), series, 0, requests.now, 500))
        assert (found.m1, found.m15, found.error_share) == (0.0, 0.0, None)


def test_no_more_than_all_requests_can_have_failed_even_where_a_file_is_damaged():
    names = (labels(), labels(status=500))
    requests = recorded([Event(START, name, SECOND) for name in names], START + SECOND, START)
    fine, failed = requests.series
    damaged = fine._replace(slices=fine.slices._replace(counts=[9] * 91), buckets=filled(0, 8))
    several = [damaged, failed, *[failed] * 2]
    assert figures.overview(Requests(BOUNDS, (), several, 0, requests.now, 500)).error_share == 1.0
