"""Count the requests of one application, in whichever process it finds itself.

Recording takes no lock on CPython with its global interpreter lock: a statement such as ``words[i] += 1``
holds no call, and threads and asynchronous exceptions take turns only at calls and at the ends of loops.
Other interpreters take a lock. Creating a series and noting a slice take one everywhere.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any

from ..snapshot import SLICE_NS, Labels, Requests, Series
from .cap import sentences
from .cells import Cell, Cells
from .forks import NOBODYS, Mine, mark
from .histogram import Layout, turn
from .readout import Extent, Window, read_series, read_totals
from .store import ACTIVE, FAILURES, OVERFLOWED, RETRIES, STARTED, PrivateStore, Store
from .words import Copy, Words, copied

TICK_NS = 1_000_000_000

log = logging.getLogger(__name__)

Hook = Callable[[], object]


def needs_lock() -> bool:
    """Can two threads run Python code at once here, or is that not known?"""
    with_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return sys.implementation.name != "cpython" or not with_gil


class Recorder:
    """What one application counts; its ``application.Application`` holds it.

    Nothing is opened before the first request; a process that is forked later opens a store of its own.
    """

    def __init__(
        self,
        buckets: Sequence[float],
        max_series: int,
        store_factory: Callable[[], Store] = PrivateStore,
        *,
        clock: Callable[[], int] = perf_counter_ns,
        getpid: Callable[[], int] = os.getpid,
        locked: bool | None = None,
    ) -> None:
        self.layout = Layout.of(buckets)
        self.max_series = max_series
        self.clock = clock
        self.locked = needs_lock() if locked is None else locked
        """Whether each record takes a lock."""
        self.on_slice: Hook | None = None
        """Called at the first record of a slice of ten seconds, of whichever series."""
        self.on_tick: Hook | None = None
        """Called by about one request a second."""
        self.on_open: list[Hook] = []
        """Called when this process begins to count: whoever remembers cells or requests in flight, perhaps
        those of the process that forked us, must forget them."""
        self.around: Any = None
        """What the tween keeps for all routers of one application."""
        self._store_factory = store_factory
        self._getpid = getpid
        self._locks: dict[int, threading.Lock] = {}
        self._mine: Mine = NOBODYS
        self._begin_with(PrivateStore())
        self._slice = -1
        self._tick = 0
        self._logged: set[str] = set()

    def open(self) -> tuple[Mine, Words]:
        """Have this process's own store open; returns its mark and the words of its gauge. Never raises."""
        if not self._mine:
            # A lock for each process: one that a thread of the parent held when it forked stays locked here.
            with self._locks.setdefault(self._getpid(), threading.Lock()):
                if not self._mine:
                    self._reopen()
        return self._mine, self._gauge

    def _reopen(self) -> None:
        try:
            self._begin_with(self._store_factory())
        except Exception:
            log.exception("requests are counted in the private memory of this process")
            self._begin_with(PrivateStore())
        for forget in self.on_open:
            forget()
        self._mine = mark(self._getpid)

    def _begin_with(self, store: Store) -> None:
        cells = Cells(store, self.layout, self.max_series)
        gauge = store.gauge()
        gauge[STARTED] = gauge[STARTED] or self.clock()
        gauge[ACTIVE] = self._own = 0
        self._cells, self._gauge, self._lock = cells, gauge, cells.lock

    def cell(self, labels: Labels) -> Cell:
        """Where requests with these labels are recorded; at the cap, a series of ``(other)``."""
        self.open()
        return self._cells.find(labels)

    def record(self, cell: Cell, start: int, end: int) -> None:
        """Add a request from ``start`` to ``end`` (nanoseconds of the recorder's clock) to a series.

        The tween has these statements once more, written out, for its usual case.
        """
        if end >= cell.until:
            self.turn(cell, end)
        elapsed = max(end - start, 0)
        words, total = cell.words, self.layout.total
        place = bisect_left(self.layout.bounds, elapsed)
        if self.locked:
            with self._lock:
                words[total] = cell.total = cell.total + elapsed
                words[place] += 1
        else:
            words[total] = cell.total = cell.total + elapsed
            words[place] += 1

    def turn(self, cell: Cell, end: int) -> None:
        """What is due before a record at ``end``, in nanoseconds: a note for the ring, and the hooks."""
        number = end // SLICE_NS
        with self._lock:
            turn(cell.words, self.layout, number)
        if number > self._slice:
            self._slice = number
            self._gauge[OVERFLOWED] = self._cells.overflowed()
            self._call(self.on_slice)
        if end >= self._tick:
            self._tick = end + TICK_NS
            self._call(self.on_tick)
        slice_end = (number + 1) * SLICE_NS
        cell.until = slice_end if self.on_tick is None else min(slice_end, self._tick)

    def _call(self, hook: Hook | None) -> None:
        try:
            if hook is not None:
                hook()
        except Exception:
            self._log_once("what is due once in a while failed")

    def fail(self) -> None:
        """Count the exception that is being handled, and log the first: it must not break a request."""
        with self._lock:
            self._gauge[FAILURES] += 1
        self._log_once("a request could not be recorded")

    def _log_once(self, what: str) -> None:
        if what not in self._logged:
            self._logged.add(what)
            log.exception("%s; this is logged once", what)

    def enter(self) -> None:
        """A request begins, for a tween that takes the lock."""
        with self._lock:
            self._gauge[ACTIVE] += 1

    def leave(self) -> None:
        """A request ends, for a tween that takes the lock."""
        with self._lock:
            self._gauge[ACTIVE] = max(self._gauge[ACTIVE], 1) - 1

    def own_request(self, number: int) -> None:
        """A request for a page of ours, which is not the application's, begins (1) or ends (-1)."""
        with self._lock:
            self._own = max(self._own + number, 0)

    def retry(self) -> None:
        """An attempt ends that will be repeated."""
        with self._lock:
            self._gauge[RETRIES] += 1

    def requests(self, extent: Extent = Extent.MEANS) -> Requests:
        """What this process has recorded."""
        _, gauge = self.open()
        clock = self.clock()
        # A clock that went back is behind what was recorded.
        now = max(clock // SLICE_NS, self._slice)
        cells = self._cells.all()
        window = Window(self.layout, now, extent) if extent >= Extent.RATES else None
        series = [self._read(cell, window) for cell in cells] if extent else []
        gauge[OVERFLOWED] = self._cells.overflowed()
        routes = [cell.labels.route for cell in cells]
        return Requests(
            bounds_ns=self.layout.bounds,
            le_ns=self.layout.le,
            series=series,
            active=max(gauge[ACTIVE] - self._own, 0),
            now=now,
            max_series=self.max_series,
            overflowed=gauge[OVERFLOWED],
            retries=gauge[RETRIES],
            failures=gauge[FAILURES],
            notes=sentences(routes, self.max_series, len(self._cells.unshared)),
            clock_ns=clock,
            started_ns=gauge[STARTED],
        )

    def _read(self, cell: Cell, window: Window | None) -> Series:
        def copy(start: int, stop: int) -> Copy:
            with self._lock:
                return copied(cell.words[start:stop])

        if window is None:
            return read_totals(cell.labels, copy(0, self.layout.ring), self.layout)
        return read_series(cell.labels, copy(0, self.layout.copies), window, copy)

    def unshared(self) -> tuple[int, int]:
        """How many series found no room in the store and are in this process's memory alone, and how
        many requests they have."""
        cells = list(self._cells.unshared)
        return len(cells), sum(map(self._cells.count, cells))
