"""Where the words of the series live: this process's memory, or a worker's slot file (``slots``).

A store hands out blocks of unsigned 64-bit words and does not look into them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..snapshot import Labels

ACTIVE, RETRIES, OVERFLOWED, FAILURES, STARTED = range(5)
"""Places in the words of :meth:`Store.gauge`: requests in flight, attempts that were repeated, requests
recorded as ``(other)``, requests that could not be recorded; and the monotonic clock, in nanoseconds, when
recording began."""
GAUGES = 5
"""How many such words there are at least."""


class Store(Protocol):
    """The memory of one process's recorder. A forked child opens a store of its own."""

    def allocate(self, labels: Labels, words: int) -> memoryview | None:
        """``words`` zeroed words (``cast("Q")``) for a new series, or ``None`` when there is no room.

        Called under the recorder's lock.
        """
        ...

    def blocks(self) -> Iterable[tuple[Labels, memoryview]]:
        """The series that exist already: those of a slot that was left by another process."""
        ...

    def gauge(self) -> memoryview:
        """``GAUGES`` words of the process as a whole, or more."""
        ...


class PrivateStore:
    """Words in this process's own memory; they end with it."""

    def __init__(self) -> None:
        self._gauge = _zeroed(GAUGES)

    def allocate(self, labels: Labels, words: int) -> memoryview:
        """``words`` zeroed words; there is always room."""
        return _zeroed(words)

    def blocks(self) -> Iterable[tuple[Labels, memoryview]]:
        """Nothing: private memory starts empty."""
        return ()

    def gauge(self) -> memoryview:
        """The words of the process as a whole."""
        return self._gauge


def _zeroed(words: int) -> memoryview:
    return memoryview(bytearray(8 * words)).cast("Q")
