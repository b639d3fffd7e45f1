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

from ..merge.merge import WorkerSnapshot
from ..recording.histogram import Layout
from ..recording.readout import Extent
from ..recording.store import Store
from ..snapshot import Node
from ..tree import process, tree
from ..tree.mount import Branch
from .directory import Unusable
from .home import Home, SharedHome
from .publish import INTERVAL

log = logging.getLogger(__name__)


class Shared:
    """One application's share in ``scales.shared_dir``, in whichever process it is asked.

    ``name`` tells the application from others of this machine; ``keep`` is the time in seconds after which
    an application that has stopped is forgotten; ``read`` gives the statistics to publish.
    """

    def __init__(
        self, shared_dir: str, keep: float, name: str, layout: Layout, read: Callable[[], Node] | None = None
    ) -> None:
        self._shared_dir = shared_dir
        self._keep = keep
        self._name = name
        self._layout = layout
        self._read = read or _statistics
        self._current: Home | None = None
        self._locks: dict[int, threading.Lock] = {}
        self._wake = 0.0
        self._warned = False
        self._watched = False
        self.unshared: Callable[[], tuple[int, int]] = _nothing
        """How many series of this process are in its private memory alone, and their records."""

    def open_store(self) -> Store:
        """The store of this process: its slot, or private memory if there can be none. Never raises."""
        return self._home().store

    @property
    def active(self) -> bool:
        """Whether this process shares; ``False`` before the first request, too."""
        home = self._current
        return home is not None and home.active

    def publish_if_due(self) -> None:
        """To be called with each request, or by about one a second: mostly one comparison. Never raises.

        What changes after it within a second is published when that has passed.
        """
        now = time.monotonic()
        if now < self._wake:
            return
        self._wake = now + INTERVAL
        try:
            home = self._home()
            home.look()
            home.look_later()
        except Exception:
            log.exception("the application's statistics could not be shared")

    def others(self, now: int, extent: Extent = Extent.MEANS) -> Sequence[WorkerSnapshot]:
        """What all slots hold, live or dead, except this process's own figures. Never raises.

        ``now`` is ``Requests.now`` of the process's own; ``extent`` says how much is read.
        Call it after the recorder's own snapshot, which makes sure that this process has taken its slot.
        """
        return self._home().others(now, extent)

    def notes(self) -> Sequence[str]:
        """Sentences that a page must show about sharing."""
        return self._home().notes()

    def close(self) -> None:
        """Publish, and give the slot back, as the end of the process does."""
        home, self._current = self._current, None
        if home is not None:
            home.rest()
            home.leave()

    def _own(self) -> Home | None:
        """Where this process counts; ``None`` before its first request, though its parent may have a home."""
        home = self._current
        return home if home is not None and home.pid == os.getpid() else None

    def _home(self) -> Home:
        """Where this process counts from now on, at the latest."""
        home = self._own()
        if home is not None:
            return home
        # A lock for each process: one that a thread of the parent held when it forked is never released.
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            home = self._own()
            if home is None:  # pragma: no branch (another thread may have been faster)
                home = self._current = self._settle(self._current)
                self._wake = 0.0
                home.look_later(INTERVAL)
            return home

    def _settle(self, parents: Home | None) -> Home:
        place = (self._shared_dir, self._name, self._keep, self._layout)
        inherited = None
        try:
            if parents is not None:
                inherited = parents.counted()
                parents.leave()
            home = SharedHome(*place, self._read, process.read, lambda: self.unshared(), inherited)
        except Exception as error:
            return Home(self._refused(error))
        if not self._watched:
            self._watched = True
            _watch(self)
        return home

    def _refused(self, error: Exception) -> str:
        expected = isinstance(error, (Unusable, OSError))
        reason = str(error) if isinstance(error, Unusable) else f"scales.shared_dir can't be used: {error}."
        if not self._warned:
            self._warned = True
            log.warning("%s Each worker shows itself alone.", reason, exc_info=None if expected else error)
        return reason

    def _end(self) -> None:
        home = self._own()
        if home is not None:
            home.end()

    def _rest(self) -> None:
        home = self._own()
        if home is not None:
            home.rest()

    def _go_on(self) -> None:
        home = self._own()
        if home is not None:
            home.go_on()

    def _let_go(self) -> None:
        if self._current is not None:
            self._current.let_go()


def _watch(shared: Shared) -> None:
    """Be told of forks and, as a courtesy, of the end of the process.

    Before a fork everything is written down, so that the child knows what its parent counts; right after it
    the child gives up its share in the parent's lock. Neither is relied on: not every fork and not every end
    of a process runs such hooks, and a child settles anew at its first request.
    """
    reference = weakref.ref(shared)

    def hook(method: Callable[[Shared], None]) -> Callable[[], None]:
        def run() -> None:
            alive = reference()
            if alive is not None:
                method(alive)

        return run

    os.register_at_fork(
        before=hook(Shared._rest), after_in_parent=hook(Shared._go_on), after_in_child=hook(Shared._let_go)
    )
    atexit.register(hook(Shared._end))


def _statistics() -> Node:
    """The process's tree without what this package mounted there, and without asking callables."""
    return tree.read(call=False, without=Branch)[0]


def _nothing() -> tuple[int, int]:
    return 0, 0
