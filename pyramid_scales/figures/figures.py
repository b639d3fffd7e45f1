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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..snapshot import Requests
from .spread import Bar, bars, middles, spread
from .totals import Totals, altogether, by_route, of_route, together
from .windows import Frame, Sparkline, frame

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

_Made = TypeVar("_Made", bound="Figures")
_PERMILLES = (500, 950, 990)


@dataclass(slots=True, kw_only=True)
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


@dataclass(slots=True, kw_only=True)
class Overview(Figures):
    """All requests of the application."""

    active: int
    """Requests in flight."""


@dataclass(slots=True, kw_only=True)
class Route(Figures):
    """One row of the table of routes."""

    name: str
    pattern: str
    methods: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Summary:
    """The overview, and a row for each route that was ever requested, sorted by name."""

    overview: Overview
    routes: tuple[Route, ...]


@dataclass(slots=True, kw_only=True)
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
    window, values = frame(requests), middles(tuple(requests.bounds_ns))
    found = by_route(requests)
    whole = _overview(altogether(list(found.values())), requests, window, values)
    return Summary(
        overview=whole,
        routes=tuple([_route(name, totals, window, values) for name, totals in found.items()]),
    )


def overview(requests: Requests) -> Overview:
    """The figures of all requests together."""
    totals, values = together(requests.series), middles(tuple(requests.bounds_ns))
    return _overview(totals, requests, frame(requests), values)


def routes(requests: Requests) -> tuple[Route, ...]:
    """A row for each route that was ever requested, sorted by name."""
    return summary(requests).routes


def detail(requests: Requests, name: str) -> Detail | None:
    """All that is known of the route ``name``; ``None`` if it was never requested."""
    totals = of_route(requests, name)
    if totals is None:
        return None
    return Detail(
        route=_route(name, totals, frame(requests), middles(tuple(requests.bounds_ns))),
        statuses=totals.by(lambda labels: labels.status),
        methods=totals.by(lambda labels: labels.method),
        exceptions=totals.by(lambda labels: labels.error),
        recent=bars(totals.recent, requests.bounds_ns),
        total=bars(totals.buckets, requests.bounds_ns),
    )


def _overview(totals: Totals, requests: Requests, window: Frame, values: Sequence[float]) -> Overview:
    return _filled(partial(Overview, active=requests.active), totals, window, values)


def _route(name: str, totals: Totals, window: Frame, values: Sequence[float]) -> Route:
    methods = tuple(sorted({one.labels.method for one in totals.series}))
    make = partial(Route, name=name, pattern=totals.series[0].labels.pattern, methods=methods)
    return _filled(make, totals, window, values)


def _filled(make: Callable[..., _Made], totals: Totals, window: Frame, values: Sequence[float]) -> _Made:
    lately = totals.lately
    m1, m5, m15 = window.rates(lately)
    found = spread(totals.recent, totals.recent_sum_ns, values)
    p50, p95, p99 = found.percentiles(_PERMILLES) if found else (None, None, None)
    return make(
        count=totals.count,
        errors=totals.errors,
        m1=m1,
        m5=m5,
        m15=m15,
        # More errors than requests: only where a file is damaged.
        error_share=min(totals.errors_lately[1] / lately[1], 1.0) if lately[1] else None,
        mean=found and found.mean,
        p50=p50,
        p95=p95,
        p99=p99,
        max=found and found.max,
        change=m1 / m15 - 1 if m15 else 0.0,
        sparkline=window.sparkline(totals),
    )
