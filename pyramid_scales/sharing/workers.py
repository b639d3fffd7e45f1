"""Read the other workers' slots: what each has recorded and published, and whether it lives.

Nothing is mapped and nothing is locked for longer than it takes to ask; a dead worker's slot counts as a live
one's does. Whatever is not legible is left out, since its writer may be in the middle of it, of another
version, or none of ours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..merge.merge import WorkerSnapshot
from ..recording.cap import OTHER
from ..recording.histogram import Layout
from ..recording.readout import Extent, Window, read_series, read_totals
from ..recording.store import ACTIVE, FAILURES, OVERFLOWED, RETRIES, STARTED
from ..snapshot import Requests, Series, Worker
from .directory import SOMETHING_ELSE, Directory, is_locked
from .publish import read_published
from .published import name_of
from .slotfile import Geometry, Header, boot_id, read_blocks, read_header
from .slots import slot_name, slot_numbers


def read_workers(
    directory: Directory, shape: Geometry, layout: Layout, own: int, now: int, extent: Extent
) -> Sequence[WorkerSnapshot]:
    """What all slots but the process's own hold, by their numbers.

    ``now`` is the number of the slice that is taken to be the current one of all, ``extent``
    says how much is read.

    Raises ``OSError`` if they can't be read now, for example for want of descriptors.
    """
    numbers = [number for number in slot_numbers(directory.names()) if number != own]
    with directory.locked(shared=True):
        alive = {number for number in numbers if _is_live(directory, number)}
    reader = _Reader(directory, shape, layout, now, extent)
    read = (reader.worker(number, number in alive) for number in numbers)
    return [worker for worker in read if worker is not None]


class _Reader:
    """Reads one worker after the other."""

    def __init__(
        self, directory: Directory, shape: Geometry, layout: Layout, now: int, extent: Extent
    ) -> None:
        self._directory = directory
        self._shape = shape
        self._layout = layout
        self._now = now
        self._extent = extent
        self._window = Window(layout, now, extent) if extent >= Extent.RATES else None

    def worker(self, number: int, live: bool) -> WorkerSnapshot | None:
        """What a slot holds; ``None`` if nothing legible."""
        with _opened(self._directory, number) as fd:
            header = read_header(fd, self._shape) if fd is not None else None
            if fd is None or header is None:
                return None
            requests = self._requests(fd, header, live)
            age = _age(self._directory, number, fd)
        published = read_published(self._directory, number)
        figures = published.process if published is not None and live else None
        worker = Worker(header.pid, live, age, requests, number, figures)
        notes = _notes(header) if live else ()
        if published is None:
            return WorkerSnapshot(worker, requests, notes=notes)
        return WorkerSnapshot(
            worker, requests, published.tree, published.carried, published.fell, notes=notes
        )

    def _requests(self, fd: int, header: Header, live: bool) -> Requests:
        clock = time.perf_counter_ns()
        # What was noted before a reboot was counted by another clock.
        same_boot = header.boot == boot_id()
        window = self._window if same_boot else None
        series = tuple(self._series(fd, header.series, window)) if self._extent else ()
        gauges = header.gauges
        overflowed = sum(one.amount for one in series if one.labels.route == OTHER)
        return Requests(
            bounds_ns=self._layout.bounds,
            le_ns=self._layout.le,
            series=series,
            active=gauges[ACTIVE] if live else 0,
            now=self._now,
            max_series=0,
            retries=gauges[RETRIES],
            failures=gauges[FAILURES],
            # Without the series, what the worker itself noted as its last slice began.
            overflowed=overflowed if self._extent else gauges[OVERFLOWED],
            clock_ns=clock,
            started_ns=(gauges[STARTED] or None) if same_boot else None,
        )

    def _series(self, fd: int, count: int, window: Window | None) -> Iterator[Series]:
        layout = self._layout
        for block in read_blocks(fd, self._shape, count, layout.copies if window else layout.ring):
            try:
                if window is None:
                    yield read_totals(block.labels, block.words, layout)
                else:
                    yield read_series(block.labels, block.words, window, block.more)
            except (ValueError, LookupError):  # pragma: no cover (a file that shrinks meanwhile)
                continue


def _is_live(directory: Directory, number: int) -> bool:
    with _opened(directory, number) as fd:
        return fd is not None and is_locked(fd)


@contextmanager
def _opened(directory: Directory, number: int) -> Iterator[int | None]:
    """A descriptor of a slot's file; ``None`` where there is none."""
    try:
        fd = directory.open_file(slot_name(number))
    except OSError as error:
        if error.errno not in SOMETHING_ELSE:
            raise
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def _age(directory: Directory, number: int, fd: int) -> float:
    """Seconds since the worker last looked at its statistics."""
    try:
        looked = os.stat(name_of(number), dir_fd=directory.fd, follow_symlinks=False).st_mtime
    except OSError:
        looked = os.fstat(fd).st_mtime
    return max(0.0, time.time() - looked)


def _notes(header: Header) -> Sequence[str]:
    series, records = header.unshared
    if not series:
        return ()
    return (
        f"{series} series of worker {header.pid} did not fit into the shared directory;"
        f" their {records} requests are only on that worker's own page.",
    )
