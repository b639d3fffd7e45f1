"""Call a function of the application without being held up by it.

A statistic may be a function, and a page must not wait for one that hangs. Python can't interrupt a
call, so the calls of one snapshot run in one short-lived helper thread; a call that is late is left
behind there, and is not made again before it has returned. Nothing runs between two snapshots.
"""

from __future__ import annotations

import contextvars
import os
import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

PATIENCE = 1.0
"""Seconds that one call may take."""
BUDGET = 3.0
"""Seconds that all calls of a snapshot may take together."""
MOST_LATE = 20
"""Calls that may be late at once: each holds a thread, and a function made anew is not known again."""

Outcome = tuple[bool, Any]

_late: dict[tuple[int, int], tuple[Callable[[], Any], float]] = {}
"""Calls that have not returned, by process and id; the function is held so that its id stays its own.
A forked child has none of its parent's threads, so its calls are not late."""


class Unanswered(Exception):
    """The function was not called, or did not return in time; the message says which."""


class Asker:
    """Calls functions one at a time, each in time or not at all; a context manager, for one thread."""

    def __init__(self, patience: float = PATIENCE, budget: float = BUDGET) -> None:
        self._patience = patience
        self._left = budget
        self._helper: _Helper | None = None

    def __enter__(self) -> Asker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._helper is not None:
            self._helper.dismiss()

    def ask(self, function: Callable[[], Any]) -> Any:
        """What ``function()`` returns; raises what it raises, or :class:`Unanswered`."""
        late = _late.get(_key(function))
        if late is not None:
            raise Unanswered(f"has not returned for {time.monotonic() - late[1]:.0f} s; not called again")
        # A copy: other threads add and remove.
        waiting = [pid for pid, _ in list(_late)].count(os.getpid())
        if waiting >= MOST_LATE:
            raise Unanswered(f"not called: {waiting} functions that were called have not returned")
        if self._left <= 0:
            raise Unanswered("not called: the functions before it used up the time of this page")
        return self._call(function)

    def _call(self, function: Callable[[], Any]) -> Any:
        helper = self._helper = self._helper or _Helper()
        started = time.monotonic()
        try:
            ok, result = helper.call(function, min(self._patience, self._left))
        except queue.Empty:
            self._helper = None
            raise Unanswered(f"did not return within {self._patience:g} s") from None
        finally:
            self._left -= time.monotonic() - started
        if ok:
            return result
        if isinstance(result, Exception):
            raise result
        # SystemExit, KeyboardInterrupt: a statistic ends no thread and no process.
        raise Unanswered(f"raised {type(result).__name__}")


def _key(function: Callable[[], Any]) -> tuple[int, int]:
    return os.getpid(), id(function)


class _Helper:
    """A thread that makes calls until it is dismissed or left behind with a late one."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._run,), name="pyramid_scales ask", daemon=True
        ).start()

    def call(self, function: Callable[[], Any], timeout: float) -> Outcome:
        """Raises ``queue.Empty`` when time is up; the helper must not be used after that."""
        self._calls.put(function)
        try:
            return self._outcomes.get(timeout=timeout)
        except queue.Empty:
            _late[_key(function)] = (function, time.monotonic())
            if not self._outcomes.empty():  # pragma: no cover (a race of microseconds)
                # It returned in between, and may have looked for its entry before it was there.
                _late.pop(_key(function), None)
            self.dismiss()
            raise

    def dismiss(self) -> None:
        self._calls.put(None)

    def _run(self) -> None:
        while (function := self._calls.get()) is not None:
            try:
                outcome = (True, function())
            except BaseException as error:
                outcome = (False, error)
            self._outcomes.put(outcome)
            _late.pop(_key(function), None)
            del function, outcome
