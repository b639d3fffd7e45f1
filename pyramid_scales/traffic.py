"""Requests as the page shows them: the overview and the table of routes, as texts and drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import charts, figures, units
from .figures import Figures, Overview, Route
from .page_context import PageContext
from .snapshot import Requests, Worker

ORDERS = ("asc", "desc")
DEFAULT_SORT = "rate"


class Column(NamedTuple):
    """One column of the table of routes."""

    key: str
    """Value of ``?sort=``, and the name of its explanation."""
    title: str
    value: Callable[[Any], Any]
    """What it is sorted by; ``None`` comes last."""
    text: Callable[[Any], str]
    rising: bool = False
    """A first click sorts it upwards."""


def change_text(change: float) -> str:
    """A change of rate: ``+120 %``, ``−40 %``; a small one is none."""
    if abs(change) < 0.05:
        return "±0"
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(change) * 100:,.0f}{units.SPACE}%"


COLUMNS = (
    Column("route", "Route", lambda route: route.name, str, rising=True),
    Column("rate", "Rate", lambda route: route.m5, units.rate),
    Column("errors", "Errors", lambda route: route.error_share, units.share),
    Column("p50", "p50", lambda route: route.p50, units.duration),
    Column("p95", "p95", lambda route: route.p95, units.duration),
    Column("p99", "p99", lambda route: route.p99, units.duration),
    Column("max", "Max", lambda route: route.max, units.duration),
    Column("change", "Change", lambda route: route.change, change_text),
    Column("requests", "Requests", lambda route: route.count, units.count),
    Column("methods", "Methods", lambda route: " ".join(route.methods), str, rising=True),
)
FIGURES = COLUMNS[1:-1]
_BY_KEY = {column.key: column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Sorting:
    """How the table of routes is sorted."""

    column: Column
    descending: bool

    @property
    def aria(self) -> str:
        """The value of ``aria-sort``."""
        return "descending" if self.descending else "ascending"


def sorting(sort: str, order: str) -> Sorting:
    """What ``?sort=`` and ``?order=`` ask for. Raises ``ValueError`` with a sentence."""
    column = _BY_KEY.get(sort or DEFAULT_SORT)
    if column is None:
        raise ValueError(f"The routes can't be sorted by {sort!r}. Use one of {', '.join(_BY_KEY)}.")
    if order not in ("", *ORDERS):
        raise ValueError(f"There is no order {order!r}. Use asc or desc.")
    return Sorting(column, order == "desc" if order else not column.rising)


def arranged(routes: Iterable[Route], by: Sorting) -> list[Route]:
    """The routes in order; those that have no figure to sort by come last."""
    value = by.column.value
    known = [route for route in routes if value(route) is not None]
    unknown = [route for route in routes if value(route) is None]
    ordered = sorted(known, key=lambda route: route.name)
    return sorted(ordered, key=value, reverse=by.descending) + unknown


class Cell(NamedTuple):
    """One figure of a route: what a browser sorts by, what people read, and whether it is alarming."""

    key: str
    value: Any
    text: str
    bad: bool


class Row(NamedTuple):
    """One route in the table."""

    name: str
    pattern: str
    href: str
    cells: Sequence[Cell]
    methods: str
    drawing: charts.Row


def rows(routes: Iterable[Route], to: Callable[[str], str]) -> list[Row]:
    """The rows of the table; ``to`` gives the address of a route's own page."""
    return [
        Row(
            route.name,
            "" if route.pattern == route.name else route.pattern,
            to(route.name),
            cells(route),
            " ".join(route.methods),
            charts.row(route.sparkline),
        )
        for route in routes
    ]


def cells(found: Figures) -> list[Cell]:
    """The figures of one route, in the order of the columns."""
    shown = []
    for column in FIGURES:
        value = column.value(found)
        shown.append(
            Cell(column.key, "" if value is None else value, column.text(value), _bad(column, value))
        )
    return shown


def _bad(column: Column, value: Any) -> bool:
    return column.key == "errors" and bool(value)


class Silent(NamedTuple):
    """A route of the application that was never requested."""

    name: str
    pattern: str
    view: str
    href: str


def silent(
    known: Iterable[tuple[str, str, str]], routes: Iterable[Route], to: Callable[[str], str]
) -> list[Silent]:
    """The application's routes that are not among ``routes``, sorted by name."""
    seen = {route.name for route in routes}
    return sorted(Silent(name, pattern, view, to(name)) for name, pattern, view in known if name not in seen)


class Tile(NamedTuple):
    """One box of the overview."""

    key: str
    """The name of its explanation."""
    title: str
    figures: Sequence[tuple[str, str]]
    """(label, text) of each figure; the first is the great one."""
    bad: bool
    trace: charts.Trace
    says: str
    """The drawing in words."""


def tiles(found: Figures) -> list[Tile]:
    """Rates, errors and durations."""
    spark, failing = found.sparkline, bool(found.error_share)
    rate = charts.trace(spark.rates)
    errors, latency = charts.trace(spark.errors, strokes=True), charts.trace(spark.latency)
    rates = (
        ("1 min", units.rate(found.m1)),
        ("5 min", units.rate(found.m5)),
        ("15 min", units.rate(found.m15)),
    )
    shares = (("5 min", units.share(found.error_share)), ("in total", units.count(found.errors)))
    times = (("p50", found.p50), ("p95", found.p95), ("p99", found.p99), ("max", found.max))
    return [
        Tile("rate", "Requests", rates, False, rate, _in_words("Requests", rate, units.rate)),
        Tile("errors", "Errors", shares, failing, errors, _in_words("Errors", errors, units.rate)),
        Tile(
            "latency",
            "Latency",
            [(name, units.duration(value)) for name, value in times],
            False,
            latency,
            _in_words("Mean latency", latency, units.duration),
        ),
    ]


def _in_words(name: str, trace: charts.Trace, text: Callable[[float | None], str]) -> str:
    if trace.highest is None:
        return f"{name} over the last fifteen minutes: nothing yet"
    return f"{name} over the last fifteen minutes: {text(trace.lowest)} to {text(trace.highest)}"


def troubles(requests: Requests) -> list[str]:
    """Sentences about what was recorded otherwise than usual."""
    found = list(requests.notes)
    if requests.overflowed:
        found.append(
            f"{units.count(requests.overflowed)} requests stand under (other): the cap of"
            f" {requests.max_series} series is reached. Raise scales.max_series, or look for what makes so many."
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
        Fact("requests", "Requests", units.count(found.count)),
        Fact("uptime", "Up", units.duration(uptime)),
    ]
    if requests.retries:
        shown.append(Fact("retries", "Retried", units.count(requests.retries)))
    if workers:
        live = [worker for worker in workers if worker.live]
        ended = len(workers) - len(live)
        shown.append(Fact("workers", "Workers", f"{len(live)} live" + (f", {ended} ended" if ended else "")))
        oldest = max((worker.age for worker in live), default=0.0)
        shown.append(Fact("oldest", "Oldest snapshot", units.duration(oldest)))
    return shown


class Heading(NamedTuple):
    """The heading of a column, with the address that sorts by it."""

    column: Column
    href: str
    aria: str
    """``ascending``, ``descending``, or ``""`` for another column."""


class WorkerRow(NamedTuple):
    """One worker in the table of workers."""

    pid: int
    state: str
    age: str
    active: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class TrafficView:
    """What the root of the page prints of requests."""

    tiles: Sequence[Tile]
    facts: Sequence[Fact]
    headings: Sequence[Heading]
    rows: Sequence[Row]
    silent: Sequence[Silent]
    workers: Sequence[WorkerRow]


def view_of(requests: Requests, by: Sorting, context: PageContext) -> TrafficView:
    """The overview and the routes."""
    found = figures.summary(requests)
    address, kept, workers = context.address, context.kept, context.snapshot.workers

    def to(name: str) -> str:
        return address.to((), route=name, **kept)

    return TrafficView(
        tiles=tiles(found.overview),
        facts=facts(found.overview, requests, workers, context.uptime),
        headings=[_heading(column, by, context) for column in COLUMNS],
        rows=rows(arranged(found.routes, by), to),
        silent=silent(context.known_routes, found.routes, to),
        workers=[_worker(worker) for worker in workers],
    )


def _heading(column: Column, by: Sorting, context: PageContext) -> Heading:
    """A link that sorts by a column, or turns its order round."""
    current = column is by.column
    descending = not by.descending if current else not column.rising
    order = "desc" if descending else "asc"
    href = context.address.to((), sort=column.key, order=order, **context.kept)
    return Heading(column, href, by.aria if current else "")


def _worker(worker: Worker) -> WorkerRow:
    found = figures.overview(worker.requests) if worker.requests else None
    return WorkerRow(
        worker.pid,
        "live" if worker.live else "ended",
        units.duration(worker.age),
        units.count(found.active) if found else units.NONE,
        cells(found) if found else (),
    )
