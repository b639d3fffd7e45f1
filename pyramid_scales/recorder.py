"""Which series exist, where their words are, and what they hold.

One recorder belongs to one application (it is a field of ``application.Application``). Recording takes
no lock on CPython with its global interpreter lock: a statement such as ``words[i] += 1`` holds no call,
and threads and asynchronous exceptions take turns only at calls and at the ends of loops. Other
interpreters take a lock. Creating a series and noting a slice take one everywhere.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from time import perf_counter_ns

from .cap import OTHER, RESERVED, other, sentences
from .forks import Mine, mark
from .histogram import SLICE_NS, Layout, read_series, turn
from .snapshot import Labels, Requests
from .store import ACTIVE, FAILURES, OVERFLOWED, RETRIES, STARTED, PrivateStore, Store

TICK_NS = 1_000_000_000

log = logging.getLogger(__name__)


def needs_lock() -> bool:
    """Can two threads run Python code at once here, or is that not known?"""
    with_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return sys.implementation.name != "cpython" or not with_gil


class Cell:
    """A series while this process records into it."""

    __slots__ = ("labels", "until", "words")

    def __init__(self, labels: Labels, words: memoryview) -> None:
        self.labels = labels
        self.words = words
        self.until = 0
        """The clock at which the recorder wants to be asked before the next record, nanoseconds."""


class Recorder:
    """Counts the requests of one application in whichever process it finds itself.

    Nothing is opened before the first request; a process forked later opens a store of its own then.
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
        self.on_slice: Callable[[], object] | None = None
        """Called at the first record of a slice of ten seconds, of whichever series."""
        self.on_tick: Callable[[], object] | None = None
        """Called by about one request a second."""
        self.in_flight = [0]
        """What the first word of the gauge is set to; adding to this is cheaper than to the word."""
        self.on_open: list[Callable[[], object]] = []
        """Called when the series are new, as in a forked child: whoever keeps cells must forget them."""
        self._store_factory = store_factory
        self._getpid = getpid
        self._locks: dict[int, threading.Lock] = {}
        self._lock = threading.RLock()
        self._mine: Mine = (0,)
        self._store: Store = PrivateStore()
        self._gauge = self._store.gauge()
        self._cells: dict[Labels, Cell] = {}
        self._unshared: list[Cell] = []
        self._slice = -1
        self._tick = 0
        self._failed = False

    def open(self) -> tuple[Mine, memoryview]:
        """Have this process's own store open; returns its mark and the words of its gauge."""
        if not self._mine[0]:
            # A lock for each process: one that a thread of the parent held when it forked stays locked here.
            with self._locks.setdefault(self._getpid(), threading.Lock()):
                if not self._mine[0]:
                    self._reopen()
        return self._mine, self._gauge

    def _reopen(self) -> None:
        self._lock = threading.RLock()
        try:
            self._take(self._store_factory())
        except Exception:
            log.exception("requests are counted in the private memory of this process")
            self._take(PrivateStore())
        self._unshared = []
        for forget in self.on_open:
            forget()
        self._mine = mark(self._getpid)

    def _take(self, store: Store) -> None:
        cells = {labels: Cell(labels, words) for labels, words in store.blocks()}
        gauge = store.gauge()
        gauge[STARTED] = gauge[STARTED] or self.clock()
        gauge[ACTIVE] = self.in_flight[0] = 0
        self._store, self._cells, self._gauge = store, cells, gauge

    def cell(self, labels: Labels) -> Cell:
        """Where requests with these labels are recorded; at the cap, the series ``(other)``."""
        cell = self._cells.get(labels)
        if cell is None:
            with self._lock:
                cell = self._cells.get(labels) or self._add(labels)
        return cell

    def _add(self, labels: Labels) -> Cell:
        if len(self._cells) >= self.max_series - RESERVED and labels.route != OTHER:
            return self.cell(other(labels))
        words = self._store.allocate(labels, self.layout.words)
        cell = Cell(labels, words or self.scratch(labels).words)
        if words is None:
            self._unshared.append(cell)
        self._cells[labels] = cell
        return cell

    def scratch(self, labels: Labels) -> Cell:
        """Words like those of a series that nobody reads."""
        words = PrivateStore().allocate(labels, self.layout.words)
        return Cell(labels, words)

    def fail(self) -> None:
        """Count the exception that is being handled, and log the first: it must not break a request."""
        # An attempt that began before a fork ends after it: then more may have ended than begun.
        self.in_flight[0] = max(self.in_flight[0], 0)
        self._gauge[FAILURES] += 1
        self._log_once("a request could not be recorded")

    def _log_once(self, what: str) -> None:
        if not self._failed:
            self._failed = True
            log.exception("%s; what fails from now on is not logged", what)

    def record(self, cell: Cell, start: int, end: int) -> None:
        """Add a request from ``start`` to ``end`` on the clock to a series.

        The tween has these statements once more, written out, for its usual case.
        """
        if end >= cell.until:
            self.turn(cell, end)
        place = bisect_left(self.layout.bounds, max(end - start, 0))
        self._add_up(cell.words, place, max(end - start, 0))

    def _add_up(self, words: memoryview, place: int, elapsed: int) -> None:
        total = self.layout.total
        if self.locked:
            with self._lock:
                words[total] += elapsed
                words[place] += 1
        else:
            words[total] += elapsed
            words[place] += 1

    def turn(self, cell: Cell, end: int) -> None:
        """What is due before a record at ``end``: a note for the ring, a call to who waits for one."""
        number = end // SLICE_NS
        with self._lock:
            turn(cell.words, self.layout, number)
        if number > self._slice:
            self._slice = number
            self._count_overflowed()
            self._call(self.on_slice)
        if end >= self._tick:
            self._tick = end + TICK_NS
            self._call(self.on_tick)
        cell.until = (number + 1) * SLICE_NS
        if self.on_tick is not None:
            cell.until = min(cell.until, self._tick)

    def _call(self, hook: Callable[[], object] | None) -> None:
        if hook is not None:
            try:
                hook()
            except Exception:
                self._log_once("a hook failed")

    def enter(self) -> None:
        """A request begins."""
        with self._lock:
            self.in_flight[0] = self._gauge[ACTIVE] = self.in_flight[0] + 1

    def leave(self) -> bool:
        """A request ends; ``False`` if there is none in flight."""
        with self._lock:
            found = self.in_flight[0] > 0
            if found:
                self.in_flight[0] = self._gauge[ACTIVE] = self.in_flight[0] - 1
            return found

    def retry(self) -> None:
        """An attempt ends that will be repeated."""
        with self._lock:
            self._gauge[RETRIES] += 1

    def requests(self) -> Requests:
        """What this process has recorded."""
        _, gauge = self.open()
        clock = self.clock()
        now = clock // SLICE_NS
        cells = list(self._cells.values())
        series = tuple(read_series(cell.labels, self._copy(cell), self.layout, now) for cell in cells)
        overflowed = self._count_overflowed()
        return Requests(
            bounds_ns=self.layout.bounds,
            le_ns=self.layout.le,
            series=series,
            active=gauge[ACTIVE],
            now=max([now, *(one.slices[-1].number for one in series if one.slices)]),
            max_series=self.max_series,
            overflowed=overflowed,
            retries=gauge[RETRIES],
            failures=gauge[FAILURES],
            notes=sentences([cell.labels.route for cell in cells], self.max_series, len(self._unshared)),
            clock_ns=clock,
            started_ns=gauge[STARTED],
        )

    def unshared(self) -> tuple[int, int]:
        """How many series found no room in the store and are in this process's memory alone, and how
        many requests they have."""
        return len(self._unshared), sum(map(self._count, self._unshared))

    def _copy(self, cell: Cell) -> bytes:
        # One call, so that no record falls between two of the words; the lock is for who needs one.
        with self._lock:
            return cell.words.tobytes()

    def _count(self, cell: Cell) -> int:
        return sum(cell.words[: self.layout.buckets].tolist())

    def _count_overflowed(self) -> int:
        cells = [cell for cell in list(self._cells.values()) if cell.labels.route == OTHER]
        self._gauge[OVERFLOWED] = overflowed = sum(map(self._count, cells))
        return overflowed
