"""Figures of requests, for people and for the scales tree: pure functions of :class:`.snapshot.Requests`.

Everything is in seconds and per second. An error is an answer with a status of 500 or more; an exception
that escaped is recorded as 500.

=================================  ====================================================================
figure                             window
=================================  ====================================================================
``count``, ``errors``, statuses,   for ever
methods, exceptions
rates ``m1``, ``m5``, ``m15``      the last 1, 5, 15 minutes in slices of ten seconds; an application
                                   that is younger is measured by its age
error share                        the last five minutes, in slices
percentiles, min, max, mean,       the last five minutes, in steps of a minute; in the scales tree for
stddev                             ever where these hold nothing (its ``latency`` keeps its keys)
sparkline                          the last fifteen minutes, in slices
=================================  ====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..snapshot import Requests
from .request_tree import tree_key
from .spread import Bar, bars, middles, spread
from .totals import Totals, group, together
from .windows import FIFTEEN_MINUTES, FIVE_MINUTES, ONE_MINUTE, Frame, Sparkline, frame

__all__ = [
    "Bar",
    "Detail",
    "Figures",
    "Overview",
    "Route",
    "Sparkline",
    "Summary",
    "detail",
    "overview",
    "routes",
    "summary",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is shown of one route, and of all together. ``None``: no request in these five minutes."""

    count: int
    errors: int
    m1: float
    m5: float
    m15: float
    error_share: float | None
    """Errors of the last five minutes as a part (0 to 1) of their requests."""
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    change: float
    """How much the last minute's rate differs from that of fifteen: 1.0 is twice as many, -1.0 none."""
    sparkline: Sparkline


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(Figures):
    """All requests of the application."""

    active: int
    """Requests in flight."""
    series: int
    """Series in use, of ``max_series``."""
    max_series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Figures):
    """One row of the table of routes."""

    name: str
    key: str
    """The key of the route in the scales tree, below ``routes``."""
    pattern: str
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The overview, and a row for each route that was ever requested, sorted by name."""

    overview: Overview
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """Why a route is as it is."""

    route: Route
    statuses: Mapping[int, int]
    methods: Mapping[str, int]
    exceptions: Mapping[str, int]
    """By dotted class; requests, for ever, as in the two above."""
    recent: tuple[Bar, ...]
    """Durations of the last five minutes."""
    total: tuple[Bar, ...]
    """Durations of all requests."""


def summary(requests: Requests) -> Summary:
    """The overview and the table of routes, from one pass over the series."""
    grouped, window = group(requests), frame(requests)
    rows = (_route(name, totals, requests, window) for name, totals in grouped.routes.items())
    return Summary(overview=_overview(grouped.all, requests, window), routes=tuple(rows))


def overview(requests: Requests) -> Overview:
    """The figures of all requests together."""
    return _overview(together(requests), requests, frame(requests))


def routes(requests: Requests) -> tuple[Route, ...]:
    """A row for each route that was ever requested, sorted by name."""
    return summary(requests).routes


def detail(requests: Requests, name: str) -> Detail | None:
    """All that is known of the route ``name``; ``None`` if it was never requested."""
    totals = group(requests, only=name).routes.get(name)
    if totals is None:
        return None
    return Detail(
        route=_route(name, totals, requests, frame(requests)),
        statuses=totals.by(lambda labels: labels.status),
        methods=totals.by(lambda labels: labels.method),
        exceptions=totals.by(lambda labels: labels.error),
        recent=bars(totals.recent, requests.bounds_ns),
        total=bars(totals.buckets, requests.bounds_ns),
    )


def _overview(totals: Totals, requests: Requests, window: Frame) -> Overview:
    return Overview(
        active=requests.active,
        series=len(requests.series),
        max_series=requests.max_series,
        **_figures(totals, requests, window),
    )


def _route(name: str, totals: Totals, requests: Requests, window: Frame) -> Route:
    return Route(
        name=name,
        key=tree_key(name),
        pattern=totals.series[0].labels.pattern,
        methods=tuple(totals.by(lambda labels: labels.method)),
        **_figures(totals, requests, window),
    )


def _figures(totals: Totals, requests: Requests, window: Frame) -> dict[str, Any]:
    history = totals.history
    lately = sum(history.counts[-FIVE_MINUTES:])
    m1, m15 = window.rate(history.counts, ONE_MINUTE), window.rate(history.counts, FIFTEEN_MINUTES)
    return {
        "count": totals.count,
        "errors": totals.errors,
        "m1": m1,
        "m5": window.rate(history.counts, FIVE_MINUTES),
        "m15": m15,
        "error_share": sum(history.errors[-FIVE_MINUTES:]) / lately if lately else None,
        "change": m1 / m15 - 1 if m15 else 0.0,
        "sparkline": window.sparkline(totals),
        **_durations(totals, requests),
    }


def _durations(totals: Totals, requests: Requests) -> dict[str, float | None]:
    found = spread(totals.recent, totals.recent_sum_ns, middles(tuple(requests.bounds_ns)))
    if found is None:
        return dict.fromkeys(("mean", "p50", "p95", "p99", "max"))
    return {
        "mean": found.mean,
        "p50": found.percentile(500),
        "p95": found.percentile(950),
        "p99": found.percentile(990),
        "max": found.max,
    }
