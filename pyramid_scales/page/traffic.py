"""Requests as the page shows them: the overview and the table of routes, as texts and drawings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..figures import figures
from ..figures.figures import Figures, Overview
from ..snapshot import Requests, Worker
from . import charts, route_rows, units, worker_rows
from .columns import COLUMNS, Column, Sorting, arranged
from .context import PageContext
from .plain_text import quote_all


class Drawing(NamedTuple):
    """A sparkline, and what stands below it."""

    trace: charts.Trace
    says: str
    """All of it in words."""
    since: str
    """Where it begins."""
    peak: str
    """How high it goes."""


class Tile(NamedTuple):
    """One box of the overview."""

    key: str
    """The name of its explanation."""
    title: str
    figures: Sequence[tuple[str, str]]
    """(label, text) of each figure; the first is the great one."""
    bad: bool
    drawing: Drawing


def tiles(found: Figures) -> list[Tile]:
    """Rates, errors and durations."""
    spark, failing = found.sparkline, bool(found.error_share)
    rates = (("1 min", found.m1), ("5 min", found.m5), ("15 min", found.m15))
    shares = (("5 min", units.share(found.error_share)), ("in total", units.count(found.errors)))
    times = (("p50", found.p50), ("p95", found.p95), ("p99", found.p99), ("max", found.max))
    minutes, rate, time = charts.minutes(spark), units.rate, units.duration
    drawn = (
        _drawing("Requests", "rates", minutes, spark.rates, rate),
        _drawing("Errors", "errors", minutes, spark.errors, rate),
        _drawing("Mean latency", "line", minutes, spark.latency, time),
    )
    return [
        Tile("rate", "Requests", [(name, rate(value)) for name, value in rates], False, drawn[0]),
        Tile("errors", "Errors", shares, failing, drawn[1]),
        Tile("latency", "Latency", [(name, time(value)) for name, value in times], False, drawn[2]),
    ]


def _drawing(
    name: str, kind: str, minutes: int, values: Sequence[float | None], text: Callable[[float | None], str]
) -> Drawing:
    """The last minutes of a figure; a mean is drawn as a line."""
    trace = charts.trace(values, kind, (2 if kind == "line" else 6) * minutes)
    over, since = f"{name} over the last {minutes} minutes", f"{minutes} min ago"
    if trace.highest is None:
        return Drawing(trace, f"{over}: nothing yet", since, "")
    peak = f"up to {text(trace.highest)}" if trace.highest else "none"
    peak = f"mean {peak}" if kind == "line" else peak
    return Drawing(trace, f"{over}: {text(trace.lowest)} to {text(trace.highest)}", since, peak)


def troubles(requests: Requests) -> list[str]:
    """Sentences about what was recorded otherwise than usual."""
    found = list(requests.notes)
    if requests.overflowed:
        found.append(
            f"{units.count(requests.overflowed)} requests stand under (other): the cap of"
            f" {requests.max_series} series is reached. Raise scales.max_series, or look for what"
            " makes so many."
        )
    if requests.failures:
        found.append(f"{units.count(requests.failures)} requests could not be recorded and are missing here.")
    return found


class Fact(NamedTuple):
    """A small figure beside the tiles."""

    key: str
    """The name of its explanation."""
    label: str
    text: str


def facts(found: Overview, requests: Requests, workers: Sequence[Worker], uptime: float) -> list[Fact]:
    """The small figures beside the tiles."""
    shown = [
        Fact("active", "In flight", units.count(found.active)),
        Fact("requests", "Requests in total", units.count(found.count)),
        Fact("uptime", "Up", units.duration(uptime)),
    ]
    if requests.retries:
        shown.append(Fact("retries", "Retried", units.count(requests.retries)))
    if workers:
        live = [worker for worker in workers if worker.live]
        amounts = {
            "live": len(live),
            "adopted": sum(map(worker_rows.is_adopted, live)),
            "ended": len(workers) - len(live),
        }
        said = [f"{amount} {name}" for name, amount in amounts.items() if amount or name == "live"]
        shown.append(Fact("workers", "Workers", ", ".join(said)))
        oldest = max((worker.age for worker in live), default=0.0)
        shown.append(Fact("oldest", "Oldest snapshot", units.duration(oldest)))
    return shown


class Heading(NamedTuple):
    """The heading of a column, with the address that sorts by it."""

    column: Column
    href: str
    aria: str
    """``ascending``, ``descending``, or ``""`` for another column."""


@dataclass(frozen=True, slots=True)
class TrafficView:
    """What the root of the page prints of requests."""

    minutes: int
    """How many the drawings span."""
    tiles: Sequence[Tile]
    facts: Sequence[Fact]
    headings: Sequence[Heading]
    table: route_rows.Table
    silent: Sequence[route_rows.Silent]
    workers: Sequence[worker_rows.WorkerRow]


def view_of(requests: Requests, by: Sorting, context: PageContext) -> TrafficView:
    """The overview and the routes."""
    found = figures.summary(requests)
    workers = context.snapshot.workers
    start = context.address.to((), **context.kept)
    start += "&route=" if context.kept else "?route="

    def to(names: Sequence[str]) -> Sequence[str]:
        return [start + name for name in quote_all(names)] if names else ()

    return TrafficView(
        minutes=charts.minutes(found.overview.sparkline),
        tiles=tiles(found.overview),
        facts=facts(found.overview, requests, workers, context.uptime),
        headings=[_heading(column, by, context) for column in COLUMNS],
        table=route_rows.table(arranged(found.routes, by), to),
        silent=route_rows.silent(context.known_routes, found.routes, to),
        workers=[worker_rows.row(worker) for worker in workers],
    )


def _heading(column: Column, by: Sorting, context: PageContext) -> Heading:
    """A link that sorts by a column, or turns its order round."""
    current = column is by.column
    descending = not by.descending if current else not column.rising
    order = "desc" if descending else "asc"
    href = context.address.to((), sort=column.key, order=order, **context.kept)
    return Heading(column, href, by.aria if current else "")
