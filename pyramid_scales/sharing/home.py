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
from ..recording.store import PrivateStore, Store
from ..snapshot import Node, Worker
from .claim import acquire
from .directory import Directory, Unusable
from .publish import INTERVAL, Publisher
from .slotfile import geometry
from .workers import read_workers

log = logging.getLogger(__name__)


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

    def leave(self) -> Node | None:
        """Let go of the slot; returns the statistics that this process has published last."""
        return None

    def others(self, process: Mapping[str, int | float]) -> Sequence[WorkerSnapshot]:
        """What all slots hold, except this process's own figures."""
        return ()

    def notes(self) -> Sequence[str]:
        """Sentences that a page must show about sharing."""
        return (f"{self._reason} This page shows this worker alone.",)


class SharedHome(Home):
    """A process with a slot; raises :class:`Unusable` or ``OSError`` where it can have none.

    ``inherited`` is what the process that forked this one has published: its children have it too.
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
        self._timer: threading.Timer | None = None

    def look(self, always: bool = False) -> bool:
        """Publish this process's statistics if that is due, or ``always``; whether it did so."""
        if self.pid != os.getpid() or not self._publisher.publish(always):
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

    def leave(self) -> Node | None:
        """Let go of the slot; returns the statistics that this process has published last."""
        self._slot.close()
        return self._publisher.last

    def others(self, process: Mapping[str, int | float]) -> Sequence[WorkerSnapshot]:
        """What all slots hold, live or dead; of this process's own, what is published by now."""
        publisher = self._publisher
        self.look(always=True)
        worker = Worker(self.pid, True, 0.0, slot=self._slot.number, process=process)
        root = None if publisher.failed else publisher.last
        mine = WorkerSnapshot(worker, None, root, publisher.carried, frozenset(publisher.fell), mine=True)
        try:
            return (mine, *read_workers(self._directory, self._shape, self._layout, self._slot.number))
        except (OSError, Unusable) as error:
            return (replace(mine, notes=(f"The other workers could not be read: {error}.",)),)

    def notes(self) -> Sequence[str]:
        """Sentences that a page must show about sharing."""
        notes, path = [], self._directory.path
        if not self._directory.is_there():
            notes.append(
                f"{path} was removed. This page shows the workers that started before that;"
                " restart the application."
            )
        elif self._publisher.failed:
            notes.append(
                "This worker could not write its statistics for the others"
                f" ({path}: {self._publisher.failed}); they see older ones."
            )
        return notes
