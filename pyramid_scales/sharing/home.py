"""Where one process counts: a slot of the shared directory, or its own memory with the reason for that."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from ..merge.merge import WorkerSnapshot
from ..recording.histogram import Layout
from ..recording.readout import Extent
from ..recording.store import PrivateStore, Store
from ..snapshot import Node, Worker
from .claim import acquire
from .directory import Directory, Unusable
from .publish import INTERVAL, Publisher
from .slotfile import geometry
from .workers import read_workers

log = logging.getLogger(__name__)

_REMOVED = (
    "was removed, or files in it. Workers that started before do not see those that started afterwards,"
    " and are not seen by them; restart the application."
)


class Home:
    """A process without a share: it counts in its own memory."""

    active = False

    def __init__(self, reason: str) -> None:
        self.pid = os.getpid()
        self.store: Store = PrivateStore()
        self._reason = reason

    def look(self, always: bool = False) -> bool:
        """Publish this process's statistics if that is due, or ``always``; whether it did so."""
        return False

    def look_later(self, wait: float | None = None) -> None:
        """Have that done after so many seconds, or when it is due: nobody may come by then."""

    def rest(self) -> None:
        """Publish, and have no thread any more."""

    def go_on(self) -> None:
        """After a fork, in the process that did it."""

    def end(self) -> None:
        """Publish a last time, as the process ends."""

    def let_go(self) -> None:
        """In a forked child: not to hold the slot, so that it is free when the parent dies."""

    def leave(self) -> None:
        """Have no slot any more."""

    def counted(self) -> Node | None:
        """In a forked child: statistics that it has in its memory, and that its parent counts."""
        return None

    def others(self, now: int, extent: Extent) -> Sequence[WorkerSnapshot]:
        """What all slots hold, except this process's own figures."""
        return ()

    def notes(self) -> Sequence[str]:
        """Sentences that a page must show about sharing."""
        return (f"{self._reason} This page shows this worker alone.",)


class SharedHome(Home):
    """A process with a slot; raises :class:`Unusable` or ``OSError`` where it can have none.

    ``inherited`` is what the process that forked this one counts: its children have it too.
    """

    active = True

    def __init__(
        self,
        shared_dir: str,
        name: str,
        keep: float,
        layout: Layout,
        read: Callable[[], Node],
        process: Callable[[], Mapping[str, int | float]],
        unshared: Callable[[], tuple[int, int]],
        inherited: Node | None,
    ) -> None:
        self.pid = os.getpid()
        self._layout = layout
        self._shape = geometry(layout.words, layout.fingerprint)
        self._directory = Directory(shared_dir, name)
        self.store = self._slot = acquire(self._directory, self._shape, keep)
        self._slot.forget_time(layout.forget_time)
        self._publisher = Publisher(self._directory, self._slot.number, read, process, inherited)
        self._unshared = unshared
        self._read, self._process = read, process
        self._timer: threading.Timer | None = None
        self._rests = False
        self._removed = False

    def look(self, always: bool = False) -> bool:
        """Publish this process's statistics if that is due, or ``always``; whether it did so."""
        was_removed, self._removed = self._removed, self._is_removed()
        if self._removed:
            if not was_removed:
                log.warning("%s %s", self._directory.path, _REMOVED)
            return True
        if not self._publisher.publish(always):
            return False
        self._slot.touch()
        self._slot.note_unshared(*self._unshared())
        return True

    def look_later(self, wait: float | None = None) -> None:
        """Have that done after so many seconds, or when it is due, by a thread that ends then."""
        if self._timer is not None:
            return
        wait = self._publisher.due_in() if wait is None else wait
        timer = threading.Timer(max(wait, 0.0), self._on_time)
        timer.daemon = True
        self._timer = timer
        try:
            timer.start()
        except RuntimeError:
            # No more threads, or the interpreter is on its way out: the next request does it.
            self._timer = None

    def _on_time(self) -> None:
        self._timer = None
        if self.pid != os.getpid():
            # Under gevent a child that was forked without hooks runs its parent's timers.
            return
        try:
            if not self.look():
                # Somebody looked a moment ago; what has changed since then is still to be written.
                self.look_later()
        except Exception:
            log.exception("the application's statistics could not be shared")

    def rest(self) -> None:
        """Publish, and have no thread any more."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            # It may be about to start; and with gevent, waiting can fail in ways of its own.
            with suppress(Exception):
                timer.join(INTERVAL)
        self.look(always=True)
        self._rests = True

    def go_on(self) -> None:
        """After a fork, in the process that did it."""
        self._rests = False
        self.look_later(INTERVAL)

    def end(self) -> None:
        """Publish a last time, as the process ends; nobody needs to hear any more that the files are gone."""
        if not self._is_removed():
            self.look(always=True)

    def let_go(self) -> None:
        """In a forked child: not to hold the slot, so that it is free when the parent dies."""
        self._slot.let_go()

    def leave(self) -> None:
        """Have no slot any more."""
        self._slot.close()

    def counted(self) -> Node | None:
        """In a forked child: statistics that it has in its memory, and that its parent counts.

        What was published right before the fork; where no hook told of that (uWSGI's fork runs none), there
        may be more, and what stands in the memory comes closer.
        """
        return self._publisher.last if self._rests and not self._publisher.failed else self._read()

    def others(self, now: int, extent: Extent) -> Sequence[WorkerSnapshot]:
        """What all slots hold, live or dead; of this process's own, what is published by now."""
        publisher = self._publisher
        self.look(always=True)
        worker = Worker(self.pid, True, 0.0, slot=self._slot.number, process=self._process())
        root = None if publisher.failed or self._removed else publisher.last
        mine = WorkerSnapshot(worker, None, root, publisher.carried, frozenset(publisher.fell), mine=True)
        try:
            others = read_workers(self._directory, self._shape, self._layout, self._slot.number, now, extent)
        except (OSError, Unusable) as error:
            return (replace(mine, notes=(f"The other workers could not be read: {error}.",)),)
        return (mine, *others)

    def notes(self) -> Sequence[str]:
        """Sentences that a page must show about sharing."""
        path = self._directory.path
        if self._is_removed():
            return (f"{path} {_REMOVED}",)
        if self._publisher.failed:
            return (
                "This worker could not write its statistics for the others"
                f" ({path}: {self._publisher.failed}); they see older ones.",
            )
        return ()

    def _is_removed(self) -> bool:
        """Whether other workers look for this one's files in vain."""
        try:
            return not (self._directory.is_there() and self._slot.is_in_place())
        except OSError:
            # Our descriptors were closed; whoever wants to write will hear of it.
            return False
