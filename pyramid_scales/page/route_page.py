"""One route on a page of its own: why it is as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..figures import figures
from ..figures.figures import Bar, Detail
from ..snapshot import Requests, Worker
from . import charts, columns, traffic, units, worker_rows


class Share(NamedTuple):
    """One row of a table of counts."""

    name: str
    amount: str
    share: str
    bad: bool


class Bucket(NamedTuple):
    """One row of the histogram as a table."""

    low: str
    high: str
    amount: str


class WorkerRow(NamedTuple):
    """The same figures of one worker."""

    pid: int
    state: str
    cells: Sequence[columns.Cell]


@dataclass(frozen=True, slots=True)
class RouteView:
    """What the page of one route prints."""

    name: str
    pattern: str
    view: str
    detail: Detail | None
    """``None`` for a route that was never requested."""
    figures: Sequence[tuple[columns.Column, columns.Cell]] = ()
    tiles: Sequence[traffic.Tile] = ()
    histogram: charts.Histogram | None = None
    amounts: tuple[str, str] = ("", "")
    """Requests of the last five minutes, and of all, that it shows."""
    buckets: Sequence[Bucket] = ()
    counts: Sequence[tuple[str, str, Sequence[Share]]] = ()
    """(explanation, title, rows) of status codes, methods, exceptions."""
    workers: Sequence[WorkerRow] = ()


def view_of(
    name: str, requests: Requests, known: Sequence[tuple[str, str, str]], workers: Sequence[Worker]
) -> RouteView | None:
    """The route ``name``; ``None`` if the application has none and none was requested."""
    patterns = {route: (pattern, view) for route, pattern, view in known}
    pattern, view = patterns.get(name, ("", ""))
    found = figures.detail(requests, name)
    if found is None:
        return RouteView(name, pattern, view, None) if name in patterns else None
    route = found.route
    marks = {"p50": route.p50, "p95": route.p95, "p99": route.p99, "max": route.max}
    return RouteView(
        name=name,
        pattern=route.pattern or pattern,
        view=view,
        detail=found,
        figures=list(zip(columns.FIGURES, columns.cells(route), strict=True)),
        tiles=traffic.tiles(route),
        histogram=charts.histogram(found.recent, found.total, marks),
        amounts=(_amount(found.recent), _amount(found.total)),
        buckets=[_bucket(bar) for bar in found.recent or found.total if bar.count],
        counts=_counts(found),
        workers=[row for worker in workers if (row := _worker(worker, name))],
    )


def _amount(bars: Sequence[Bar]) -> str:
    return units.count(sum(bar.count for bar in bars))


def _bucket(bar: Bar) -> Bucket:
    return Bucket(units.duration(bar.low), units.duration(bar.high), units.count(bar.count))


def _counts(found: Detail) -> list[tuple[str, str, Sequence[Share]]]:
    return [
        ("statuses", "Status codes", _shares(found.statuses, lambda code: code >= 500)),
        ("methods", "Methods", _shares(found.methods, lambda method: False)),
        ("exceptions", "Exceptions", _shares(found.exceptions, lambda name: True)),
    ]


def _shares(found: Mapping[Any, int], is_bad: Callable[[Any], bool]) -> list[Share]:
    total = sum(found.values())
    ordered = sorted(found.items(), key=lambda item: (-item[1], str(item[0])))
    return [Share(str(key), units.count(n), units.share(n / total), is_bad(key)) for key, n in ordered if n]


def _worker(worker: Worker, name: str) -> WorkerRow | None:
    found = figures.detail(worker.requests, name) if worker.requests else None
    if found is None:
        return None
    return WorkerRow(worker.pid, worker_rows.state(worker), columns.cells(found.route))
