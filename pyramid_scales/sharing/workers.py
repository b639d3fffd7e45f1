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
from ..recording.histogram import SLICE_NS, Layout, read_series
from ..recording.store import ACTIVE, FAILURES, RETRIES, STARTED
from ..snapshot import Requests, Series, Worker
from .directory import SOMETHING_ELSE, Directory, is_locked
from .publish import read_published
from .published import name_of
from .slotfile import Geometry, Header, boot_id, read_blocks, read_header
from .slots import slot_name, slot_numbers


def read_workers(directory: Directory, shape: Geometry, layout: Layout, own: int) -> Sequence[WorkerSnapshot]:
    """What all slots but the process's own hold, by their numbers.

    Raises ``OSError`` if they can't be read now, for example for want of descriptors.
    """
    numbers = [number for number in slot_numbers(directory.names()) if number != own]
    with directory.locked(shared=True):
        alive = {number for number in numbers if _is_live(directory, number)}
    read = (_read(directory, shape, layout, number, number in alive) for number in numbers)
    return [worker for worker in read if worker is not None]


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


def _read(
    directory: Directory, shape: Geometry, layout: Layout, number: int, live: bool
) -> WorkerSnapshot | None:
    with _opened(directory, number) as fd:
        header = read_header(fd, shape) if fd is not None else None
        if fd is None or header is None:
            return None
        requests = _requests(fd, shape, layout, header, live)
        age = _age(directory, number, fd)
    published = read_published(directory, number)
    figures = published.process if published is not None and live else None
    worker = Worker(header.pid, live, age, requests, number, figures)
    notes = _notes(header) if live else ()
    if published is None:
        return WorkerSnapshot(worker, requests, notes=notes)
    return WorkerSnapshot(worker, requests, published.tree, published.carried, published.fell, notes=notes)


def _requests(fd: int, shape: Geometry, layout: Layout, header: Header, live: bool) -> Requests:
    clock = time.perf_counter_ns()
    now = clock // SLICE_NS
    same_boot = header.boot == boot_id()
    series = tuple(_series(fd, shape, layout, header.series, now))
    gauges = header.gauges
    return Requests(
        bounds_ns=layout.bounds,
        le_ns=layout.le,
        series=series if same_boot else tuple(map(_without_time, series)),
        active=gauges[ACTIVE] if live else 0,
        now=now,
        max_series=0,
        retries=gauges[RETRIES],
        failures=gauges[FAILURES],
        overflowed=sum(sum(one.buckets) for one in series if one.labels.route == OTHER),
        clock_ns=clock,
        started_ns=(gauges[STARTED] or None) if same_boot else None,
    )


def _series(fd: int, shape: Geometry, layout: Layout, count: int, now: int) -> Iterator[Series]:
    for labels, words in read_blocks(fd, shape, count):
        try:
            yield read_series(labels, words, layout, now)
        except (ValueError, LookupError, OverflowError):
            continue


def _without_time(series: Series) -> Series:
    """What was recorded before a reboot: its slices were counted by another clock."""
    return series._replace(recent=[0] * len(series.recent), slices=(), recent_sum_ns=0)


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
