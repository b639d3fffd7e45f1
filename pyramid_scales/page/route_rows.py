"""The routes side by side: the rows of their table, and those that nobody has requested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ..figures.figures import Route
from . import charts
from .columns import Cell, cells
from .plain_text import escape_all

Hrefs: TypeAlias = "Callable[[Sequence[str]], Sequence[str]]"
"""Names of routes → the addresses of their own pages."""


class Row(NamedTuple):
    """One route in the table; every text is safe in HTML."""

    name: str
    pattern: str
    href: str
    methods: str
    cells: Sequence[Cell]
    drawing: charts.Row


@dataclass(frozen=True, slots=True)
class Table:
    """The rows, in order."""

    rows: Sequence[Row]

    def laid(self, row: str, code: str, failed: str, cell: Sequence[str], bad: str) -> str:
        """The rows between the pieces of markup that the template gives, each ``%s`` a place for a text.

        ``row``: name (twice), address, name, ``code`` with the pattern, path of the rates, ``failed`` with
        the path of the errors, cells, methods (twice). ``cell``: before a value, before its text, and after
        it; ``bad`` instead of the first of them where a figure is bad.
        """
        start, to_text, end = cell
        a, b, c, d, e, f, g, h, i, j, k = row.split("%s")
        lines = []
        for name, pattern, href, methods, shown, (rates, errors) in self.rows:
            path, failures = pattern and code % pattern, errors and failed % errors
            figures = [f"{bad if alarms else start}{at}{to_text}{text}{end}" for at, text, alarms in shown]
            lines.append(f"{a}{name}{b}{name}{c}{href}{d}{name}{e}{path}{f}{rates}{g}{failures}{h}")
            lines += figures
            lines.append(f"{i}{methods}{j}{methods}{k}")
        return "".join(lines)


def table(routes: Sequence[Route], to: Hrefs) -> Table:
    """The rows of the table; ``to`` gives the addresses of routes' own pages."""
    names = [route.name for route in routes]
    patterns = ["" if route.pattern == route.name else route.pattern for route in routes]
    methods = [" ".join(route.methods) for route in routes]
    columns = zip(*map(escape_all, (names, patterns, to(names), methods)))
    return Table(
        [
            Row(name, pattern, href, used, cells(route), charts.row(route.sparkline))
            for route, (name, pattern, href, used) in zip(routes, columns)
        ]
    )


class Silent(NamedTuple):
    """A route of the application that was never requested."""

    name: str
    pattern: str
    view: str
    href: str


def silent(
    known: Iterable[tuple[str, str, str]],
    routes: Iterable[Route],
    to: Hrefs,
) -> list[Silent]:
    """The application's routes that are not among ``routes``, sorted by name."""
    seen = {route.name for route in routes}
    found = sorted(route for route in known if route[0] not in seen)
    return [Silent(*route, href) for route, href in zip(found, to([name for name, _, _ in found]))]
