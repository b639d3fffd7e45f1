"""Which series exist in this process, and where their words are."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..snapshot import Labels
from .cap import OTHER, RESERVED, other
from .histogram import Layout
from .store import PrivateStore, Store
from .words import Words, numbers


class Cell:
    """A series while this process records into it."""

    __slots__ = ("labels", "total", "until", "words")

    def __init__(self, labels: Labels, words: Words, layout: Layout) -> None:
        self.labels = labels
        self.words = words
        self.total = words[layout.total]
        """The sum of all durations once more, since reading it here takes a quarter of the time. Nobody else
        writes that word, and whoever adds to one of them assigns to both, the word first."""
        self.until = 0
        """The clock from which on the recorder wants to be asked before a record, nanoseconds."""


def scratch(labels: Labels, layout: Layout) -> Cell:
    """A cell like those of a series, in private memory."""
    return Cell(labels, PrivateStore().allocate(labels, layout.words), layout)


class Cells:
    """The series of one process, at most ``max_series`` of them, over the words of its store."""

    def __init__(self, store: Store, layout: Layout, max_series: int) -> None:
        self.unshared: list[Cell] = []
        """Those that found no room in the store; they are in private memory."""
        self.lock = threading.RLock()
        self._store = store
        self._layout = layout
        self._max_series = max_series
        self._cells = {labels: Cell(labels, words, layout) for labels, words in store.blocks()}

    def all(self) -> Sequence[Cell]:
        """Every series there is now."""
        return list(self._cells.values())

    def find(self, labels: Labels) -> Cell:
        """Where requests with these labels are recorded; at the cap, a series of ``(other)``."""
        cell = self._cells.get(labels)
        if cell is None:
            with self.lock:
                cell = self._cells.get(labels) or self._add(labels)
        return cell

    def _add(self, labels: Labels) -> Cell:
        if len(self._cells) >= self._max_series - RESERVED and labels.route != OTHER:
            return self.find(other(labels))
        words = self._store.allocate(labels, self._layout.words)
        if words is None:
            cell = scratch(labels, self._layout)
            self.unshared.append(cell)
        else:
            cell = Cell(labels, words, self._layout)
        self._cells[labels] = cell
        return cell

    def count(self, cell: Cell) -> int:
        """How many requests a series has."""
        return sum(numbers(cell.words[: self._layout.buckets]))

    def overflowed(self) -> int:
        """How many requests were recorded as ``(other)``."""
        return sum(self.count(cell) for cell in self.all() if cell.labels.route == OTHER)
