"""Where the words of the series live: this process's memory, or a worker's slot file (``slots``).

A store hands out blocks of words and does not look into them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..snapshot import Labels
from .words import Words

ACTIVE, RETRIES, OVERFLOWED, FAILURES, STARTED = range(5)
"""Places in the words of :meth:`Store.gauge`: requests in flight, attempts that were repeated, requests
recorded as ``(other)``, requests that could not be recorded; and the monotonic clock, in nanoseconds, when
recording began."""
GAUGES = 5
"""How many such words there are at least."""


class Store(Protocol):
    """The memory of one process's recorder. A forked child opens a store of its own."""

    def allocate(self, labels: Labels, words: int) -> Words | None:
        """``words`` zeroed words for a new series, or ``None`` when there is no room.

        Called under the recorder's lock.
        """
        ...

    def blocks(self) -> Iterable[tuple[Labels, Words]]:
        """The series that exist already: those of a slot that was left by another process."""
        ...

    def gauge(self) -> Words:
        """``GAUGES`` words of the process as a whole, or more."""
        ...


class PrivateStore:
    """Words in this process's own memory; they end with it."""

    def __init__(self) -> None:
        self._gauge = [0] * GAUGES

    def allocate(self, labels: Labels, words: int) -> Words:
        """``words`` zeroed words; there is always room."""
        return [0] * words

    def blocks(self) -> Iterable[tuple[Labels, Words]]:
        """Nothing: private memory starts empty."""
        return ()

    def gauge(self) -> Words:
        """The words of the process as a whole."""
        return self._gauge
