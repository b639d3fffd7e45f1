"""All workers of a machine as one application: what one process does for that, and knows of the others.

Nothing happens before the first request. Then the process takes a slot (:mod:`.slots`), counts in it, and
writes down its application's statistics now and then (:mod:`.publish`). A process that finds itself with the
slot of another, since it was forked, lets go of it and takes one of its own. Whatever goes wrong, the process
counts in its own memory, and says so.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import process, tree
from .claim import acquire
from .histogram import Layout
from .merge import WorkerSnapshot
from .publish import Publisher
from .shared_dir import Directory, Unusable
from .slotfile import Geometry, geometry
from .slots import SlotStore
from .snapshot import Node, Worker
from .store import PrivateStore, Store
from .workers import read_workers

IDLE = 3600.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Home:
    """Where one process counts: its slot, or its own memory with the reason for that."""

    pid: int
    store: Store
    directory: Directory | None = None
    publisher: Publisher | None = None
    slot: SlotStore | None = None
    reason: str = ""
    timed: bool = False


class Shared:
    """One application's share in ``scales.shared_dir``, in whichever process it is asked."""

    def __init__(
        self,
        shared_dir: str,
        keep: float,
        name: str,
        layout: Layout,
        *,
        read: Callable[[], Node] | None = None,
    ) -> None:
        self._shared_dir = shared_dir
        self._keep = keep
        self._name = name
        self._layout = layout
        self._shape: Geometry = geometry(layout.words, layout.fingerprint)
        self._read = read or _statistics
        self._current: _Home | None = None
        self._locks: dict[int, threading.Lock] = {}
        self._wake = 0.0
        self._warned = False
        self.unshared: Callable[[], tuple[int, int]] = _nothing
        """How many series of this process are in its private memory alone, and their records."""

    def open_store(self) -> Store:
        """The store of this process: its slot, or private memory if there can be none. Never raises."""
        return self._home().store

    @property
    def active(self) -> bool:
        """Whether this process shares; ``False`` before the first request, too."""
        home = self._current
        return home is not None and home.slot is not None

    def publish_if_due(self) -> None:
        """To be called with each request: mostly one comparison. Never raises."""
        now = time.monotonic()
        if now < self._wake:
            return
        try:
            self._wake = now + self._publish_or_wait()
        except Exception:
            self._wake = now + IDLE
            log.exception("the application's statistics could not be shared")

    def others(self) -> Sequence[WorkerSnapshot]:
        """What all slots hold, live or dead, except this process's own figures. Never raises.

        Call it after the recorder's own snapshot, which makes sure that this process has taken its slot.
        """
        home = self._home()
        if home.directory is None or home.slot is None or home.publisher is None:
            return ()
        publisher, pid = home.publisher, home.pid
        worker = Worker(pid, True, 0.0, slot=home.slot.number, process=process.read())
        mine = WorkerSnapshot(worker, carried=publisher.carried, fell=frozenset(publisher.fell), mine=True)
        try:
            return (mine, *read_workers(home.directory, self._shape, self._layout, home.slot.number))
        except (OSError, Unusable):
            # The directory is not what it was; notes() says so.
            return (mine,)

    def notes(self) -> Sequence[str]:
        """Sentences that a page must show about sharing."""
        home = self._home()
        if home.directory is None:
            return (f"{home.reason} This page shows this worker alone.",)
        notes = []
        if not home.directory.is_there():
            notes.append(
                f"{home.directory.path} was removed. This page shows the workers that started before that;"
                " restart the application."
            )
        if home.publisher is not None and home.publisher.failed:
            notes.append(
                "This worker could not write its statistics for the others"
                f" ({home.directory.path}: {home.publisher.failed}); they see older ones."
            )
        return notes

    def close(self) -> None:
        """Publish, and give the slot back, as the end of the process does."""
        home, self._current = self._current, None
        if home is not None and home.slot is not None:
            self._look(home, always=True)
            home.slot.close()

    def _home(self) -> _Home:
        home, pid = self._current, os.getpid()
        if home is not None and home.pid == pid:
            return home
        # A lock for each process: one that a thread of the parent held when it forked is never released.
        with self._locks.setdefault(pid, threading.Lock()):
            home = self._current
            if home is None or home.pid != pid:
                home = self._current = self._settle(pid, home)
                self._wake = 0.0
            return home

    def _settle(self, pid: int, parent: _Home | None) -> _Home:
        inherited = None
        if parent is not None and parent.slot is not None and parent.publisher is not None:
            parent.slot.close()
            inherited = parent.publisher.last
        try:
            directory = Directory(self._shared_dir, self._name)
            slot = acquire(directory, self._shape, self._keep)
            slot.forget_time(self._layout.forget_time)
            publisher = Publisher(directory, slot.number, self._read, process.read, inherited)
        except Exception as error:
            return self._settle_alone(pid, error)
        if parent is None:
            _watch(self)
        return _Home(pid, slot, directory, publisher, slot)

    def _settle_alone(self, pid: int, error: Exception) -> _Home:
        reason = str(error) if isinstance(error, Unusable) else f"scales.shared_dir can't be used: {error}."
        if not self._warned:
            self._warned = True
            expected = isinstance(error, (Unusable, OSError))
            log.warning("%s Each worker shows itself alone.", reason, exc_info=None if expected else error)
        return _Home(pid, PrivateStore(), reason=reason)

    def _publish_or_wait(self) -> float:
        """Publish, or have it done when it is due; returns how long there is nothing to do."""
        home = self._home()
        if home.publisher is None:
            return 1.0
        wait = home.publisher.due_in()
        if wait <= 0:
            self._look(home)
            return 0.0
        if not home.timed:
            home.timed = True
            self._set_timer(home, wait)
        return wait

    def _set_timer(self, home: _Home, wait: float) -> None:
        timer = threading.Timer(wait, self._on_time, (home,))
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            # No more threads, or the interpreter is on its way out: the next request does it.
            home.timed = False

    def _on_time(self, home: _Home) -> None:
        home.timed = False
        self._look(home)
        self._wake = 0.0

    def _look(self, home: _Home, always: bool = False) -> None:
        if home.slot is None or home.publisher is None or home.pid != os.getpid():
            return
        home.publisher.publish(always)
        home.slot.touch()
        home.slot.note_unshared(*self.unshared())

    def look_now(self) -> None:
        """Write down this process's statistics, if it is the one that holds the slot."""
        home = self._current
        if home is not None:
            self._look(home, always=True)


def _watch(shared: Shared) -> None:
    """Publish before a fork, so that a child knows what its parent counts; and, as a courtesy, at the end.

    Neither is relied on: not every fork and not every end of a process runs such hooks.
    """
    reference = weakref.ref(shared)

    def look() -> None:
        alive = reference()
        if alive is not None:
            alive.look_now()

    os.register_at_fork(before=look)
    atexit.register(look)


def _statistics() -> Node:
    """The process's tree without what this package mounted there, and without asking callables."""
    root, _ = tree.read(call=False)
    for key, child in list(root.children.items()):
        if key.startswith("pyramid") and {"requests", "process"} & child.children.keys():
            del root.children[key]
            root.data.pop(key, None)
    return root


def _nothing() -> tuple[int, int]:
    return 0, 0
