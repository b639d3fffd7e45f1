"""Words in memory that is mapped and shared with forked children, as those of a slot file are."""

from __future__ import annotations

import mmap

from pyramid_scales.packed import FORMAT
from pyramid_scales.recording.store import GAUGES, PrivateStore
from pyramid_scales.snapshot import Labels


def mapped(words: int) -> memoryview:
    """Zeroed words."""
    return memoryview(mmap.mmap(-1, 8 * words)).cast(FORMAT)


class MappedStore(PrivateStore):
    """A store over them."""

    def __init__(self) -> None:
        self._words = mapped(GAUGES)

    def allocate(self, labels: Labels, words: int) -> memoryview:
        """``words`` zeroed words; there is always room."""
        return mapped(words)

    def gauge(self) -> memoryview:
        """The words of the process as a whole."""
        return self._words
