"""The figures of a route as columns of a table: what they are sorted by, and how they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..figures.figures import Figures, Route
from . import units

ORDERS = ("asc", "desc")
DEFAULT_SORT = "rate"


class Column(NamedTuple):
    """One column of the table of routes."""

    key: str
    """Value of ``?sort=``, and the name of its explanation."""
    title: str
    value: Callable[[Any], Any]
    """The figure; ``None``, where there is none, comes last."""
    text: Callable[[Any], str]
    rising: bool = False
    """A first click sorts it upwards."""
    by_size: bool = False
    """It is sorted by its size: what fell to nothing has changed as well."""

    def sorted_by(self, route: Any) -> Any:
        """What a row is sorted by."""
        value = self.value(route)
        return abs(value) if self.by_size else value


def change_text(change: float) -> str:
    """A change of rate: ``+120 %``, ``-40 %``; a small one is none."""
    if abs(change) < 0.05:
        return "±0"
    sign = "+" if change > 0 else "-"
    return f"{sign}{abs(change) * 100:,.0f}{units.SPACE}%"


COLUMNS = (
    Column("route", "Route", lambda route: route.name, str, rising=True),
    Column("rate", "Rate", lambda route: route.m5, units.rate),
    Column("errors", "Errors", lambda route: route.error_share, units.share),
    Column("p50", "p50", lambda route: route.p50, units.duration),
    Column("p95", "p95", lambda route: route.p95, units.duration),
    Column("p99", "p99", lambda route: route.p99, units.duration),
    Column("max", "Max", lambda route: route.max, units.duration),
    Column("change", "Change", lambda route: route.change, change_text, by_size=True),
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
    value = by.column.sorted_by
    known = [route for route in routes if value(route) is not None]
    unknown = [route for route in routes if value(route) is None]
    ordered = sorted(known, key=lambda route: route.name)
    return sorted(ordered, key=value, reverse=by.descending) + unknown


class Cell(NamedTuple):
    """One figure of a route; every text is safe in HTML."""

    value: str
    """What a browser sorts by; ``""`` where there is no figure."""
    text: str
    bad: bool


def cells(found: Figures) -> list[Cell]:
    """The figures of one route, in the order of the columns."""
    shown = []
    for key, _, value_of, text_of, _, by_size in FIGURES:
        value = value_of(found)
        size = abs(value) if by_size else value
        exact = "" if value is None else f"{size:.6g}" if type(value) is float else str(value)
        shown.append(Cell(exact, text_of(value), key == "errors" and bool(value)))
    return shown
