"""The workers side by side: whether they live, and the figures of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..figures import figures
from ..snapshot import Worker
from . import units
from .columns import Cell, cells


class WorkerRow(NamedTuple):
    """One worker in the table of workers."""

    pid: int
    state: str
    age: str
    active: str
    cells: Sequence[Cell]


def state(worker: Worker) -> str:
    """Whether a worker lives, and whether it continues the counts of one that ended."""
    if not worker.live:
        return "ended"
    return "live, adopted" if is_adopted(worker) else "live"


def is_adopted(worker: Worker) -> bool:
    """Recording in the worker's slot began before the worker did: an earlier one's counts are in it."""
    uptime, requests = (worker.process or {}).get("uptime_seconds"), worker.requests
    if uptime is None or requests is None or requests.started_ns is None or requests.clock_ns is None:
        return False
    # Of another worker, the uptime is as old as what it has published last.
    return (requests.clock_ns - requests.started_ns) / 1e9 > uptime + worker.age + 1


def row(worker: Worker) -> WorkerRow:
    """A row of the table of workers."""
    found = figures.overview(worker.requests) if worker.requests else None
    return WorkerRow(
        worker.pid,
        state(worker),
        units.duration(worker.age),
        units.count(found.active) if found else units.NONE,
        cells(found) if found else (),
    )
