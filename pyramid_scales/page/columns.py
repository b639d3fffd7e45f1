"""The figures of a route as columns of a table: what they are sorted by, and how they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from markupsafe import escape

from ..figures.figures import Figures, Route
from . import units

ORDERS = ("asc", "desc")
DEFAULT_SORT = "rate"


class Cell(NamedTuple):
    """One figure of a route; every text is safe in HTML."""

    value: str
    """What a browser sorts by; ``""`` where there is no figure."""
    text: str
    bad: bool = False


class Column(NamedTuple):
    """One column of the table of routes."""

    key: str
    """Value of ``?sort=``, and the name of its explanation."""
    title: str
    value: Callable[[Any], Any]
    """The figure; ``None``, where there is none, comes last."""
    cell: Callable[[Any], Cell] | None = None
    """What a figure reads, and what a browser sorts by; ``None``: it is no figure, but text of the row."""
    rising: bool = False
    """A first click sorts it upwards."""
    by_size: bool = False
    """It is sorted by its size: what fell to nothing has changed as well."""


def change_text(change: float) -> str:
    """A change of rate: ``+120 %``, ``-40 %``; a small one is none."""
    if abs(change) < 0.05:
        return "±0"
    return f"{change * 100:+,.0f}{units.SPACE}%"


def _count(value: int) -> Cell:
    return Cell(str(value), units.count(value))


def _rate(value: float) -> Cell:
    return Cell(f"{value:.6g}", units.rate(value))


def _errors(value: float | None) -> Cell:
    if not value:
        return _NO_REQUESTS if value is None else _NO_ERRORS
    return Cell(f"{value:.6g}", escape(units.share(value)), bad=True)


_NO_REQUESTS, _NO_ERRORS = Cell("", units.share(None)), Cell("0", units.share(0.0))


def _change(value: float) -> Cell:
    return Cell(f"{abs(value):.6g}", change_text(value))


@lru_cache(maxsize=1024)
def _duration(value: float | None) -> Cell:
    """Kept, since most durations are the middle of one of a few hundred buckets."""
    return Cell("" if value is None else f"{value:.6g}", units.duration(value))


COLUMNS = (
    Column("route", "Route", attrgetter("name"), rising=True),
    Column("rate", "Rate", attrgetter("m5"), _rate),
    Column("errors", "Errors", attrgetter("error_share"), _errors),
    Column("p50", "p50", attrgetter("p50"), _duration),
    Column("p95", "p95", attrgetter("p95"), _duration),
    Column("p99", "p99", attrgetter("p99"), _duration),
    Column("max", "Max", attrgetter("max"), _duration),
    Column("change", "Change", attrgetter("change"), _change, by_size=True),
    Column("requests", "Requests", attrgetter("count"), _count),
    Column("methods", "Methods", lambda route: " ".join(route.methods), rising=True),
)
_CELLS = [(column, column.value, column.cell) for column in COLUMNS if column.cell]
FIGURES = [column for column, _, _ in _CELLS]
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
    key = (lambda route: abs(value(route))) if by.column.by_size else value
    ordered = sorted(routes, key=attrgetter("name"))
    known = [route for route in ordered if value(route) is not None]
    unknown = [route for route in ordered if value(route) is None]
    return sorted(known, key=key, reverse=by.descending) + unknown


def cells(found: Figures) -> list[Cell]:
    """The figures of one route, in the order of the columns."""
    return [cell(value(found)) for _, value, cell in _CELLS]
