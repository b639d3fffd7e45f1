"""What stands around the figures: path, notes, formats, scope, interval of refreshing."""

from __future__ import annotations

from typing import Any

from ..snapshot import Path
from . import rows, traffic, units
from .context import BadParameter, PageContext

FORMATS = (
    ("json", "JSON"),
    ("prettyjson", "pretty JSON"),
    ("prometheus", "Prometheus"),
    ("openmetrics", "OpenMetrics"),
)
INTERVALS = (2, 5, 10, 30, 60)
"""Seconds between two refreshes that the reader can choose from."""
LONGEST_INTERVAL = 3600


def head(context: PageContext) -> dict[str, Any]:
    """What the templates print around the figures. Raises :class:`BadParameter`."""
    interval = _interval(context.refresh)
    return {
        "heading": _heading(context),
        "interval": interval,
        "intervals": sorted({*INTERVALS, interval or INTERVALS[0]}),
        "asked": context.asked,
        "kept": context.kept,
        "crumbs": _crumbs(context),
        "formats": _formats(context),
        "here": context.address.to(context.path),
        "clear": context.address.to(context.path, **context.kept),
        "uptime": units.duration(context.uptime),
        "notes": _notes(context),
        "problems": _problems(context),
        "scopes": _scopes(context),
    }


def _interval(text: str) -> int | None:
    """Seconds between two refreshes, 0 for never; ``None`` where the reader has not chosen."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 5 and int(text) <= LONGEST_INTERVAL:
        return int(text)
    raise BadParameter(
        f"The page can't be refreshed every {text!r}. Use a number of seconds up to {LONGEST_INTERVAL},"
        " or 0 for never."
    )


def _crumbs(context: PageContext) -> list[tuple[str, str]]:
    """Name and address of each step from the root to what is shown."""
    steps = [("scales", context.address.to((), **context.kept))]
    for depth, key in enumerate(context.path, 1):
        steps.append((key or rows.EMPTY_KEY, context.address.to(context.path[:depth], **context.kept)))
    if context.route is not None:
        steps.append((context.route, context.address.to(context.path, route=context.route, **context.kept)))
    return steps


def _heading(context: PageContext) -> str:
    """What the page is called: in a tab, most telling comes first."""
    what = [path_text(context.path)] if context.path else []
    what += [context.route] if context.route is not None else []
    return " · ".join([*what, context.title or "scales", *([context.host] if context.host else [])])


def _formats(context: PageContext) -> list[tuple[str, str]]:
    """Name and address of the same data in each other format."""
    asked = {"query": context.query, "scope": context.scope}
    return [(name, context.address.to(context.path, format=key, **asked)) for key, name in FORMATS]


def _notes(context: PageContext) -> list[str]:
    """Sentences about what is shown, and what it lacks."""
    notes = list(context.snapshot.notes)
    if context.multiprocess and not context.shared_dir and not context.snapshot.workers:
        notes.append(
            f"This is one process (pid {context.pid}) of several that serve this application: the next"
            " request may be answered by another one, with other figures. Set scales.shared_dir to a"
            " directory that they share, and every page shows all of them as one application."
        )
    if context.snapshot.requests is not None:
        notes += traffic.troubles(context.snapshot.requests)
    return list(dict.fromkeys(notes))


def _problems(context: PageContext) -> list[tuple[str, str, str]]:
    """Address, path and reason of each statistic that could not be read as it is."""
    return [
        (context.address.to(problem.path, **context.kept), path_text(problem.path), problem.reason)
        for problem in context.snapshot.problems
    ]


def path_text(path: Path) -> str:
    """A path as one line of text."""
    return "/".join(key or rows.EMPTY_KEY for key in path) or "/"


def _scopes(context: PageContext) -> list[tuple[str, str, bool]]:
    """(name, address, whether it is shown) of all workers and of this one, where there are several."""
    one = context.scope == "worker"
    if not context.snapshot.workers and not (one and context.shared_dir):
        return []
    asked = {**context.asked, "refresh": context.refresh}
    return [
        ("all workers", context.address.to(context.path, **{**asked, "scope": ""}), not one),
        (
            f"this worker, {context.pid}",
            context.address.to(context.path, **{**asked, "scope": "worker"}),
            one,
        ),
    ]
