"""A worker's slot: where the words of its series live, so that the other workers can read them.

A slot is a file, held by a lock for as long as its worker lives. The kernel drops the lock when the worker
dies, however it dies, and the next worker takes the slot over and counts on. So no total ever falls, nothing
needs cleaning up, and there are as many files as there were workers at the peak.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
from collections.abc import Callable, Iterable

from ..packed import FORMAT
from ..recording.store import ACTIVE, GAUGES, STARTED
from ..snapshot import Labels
from .descriptor import Descriptor
from .directory import Directory
from .slotfile import (
    BOOT_AT,
    COUNT_AT,
    GAUGES_AT,
    GENERATION_AT,
    PAGE,
    PID_AT,
    UNSHARED_AT,
    Geometry,
    boot_id,
    decode_labels,
    encode_labels,
)

FIRST_GROWTH = 4

_SLOT_NAME = re.compile(r"slot-(\d{4})")
_NEVER_FREED: list[memoryview] = []


class SlotStore:
    """The store (see :class:`..recording.store.Store`) of one process, over the slot that it owns.

    :func:`.claim.acquire` makes one. Nothing here is thread-safe: the recorder calls it under its lock.
    """

    def __init__(self, directory: Directory, number: int, lock: Descriptor, shape: Geometry) -> None:
        self.number = number
        self._directory = directory
        self._shape = shape
        self._lock = lock
        # Mapping duplicates a descriptor; in a forked child the locked one's would outlive its closing.
        self._file = Descriptor(directory.open_file(slot_name(number), create=True))
        self._regions: list[memoryview] = []
        self._capacity = shape.room(os.fstat(lock.number).st_size)
        self._free: list[memoryview] = []
        os.posix_fallocate(lock.number, 0, shape.offset(self._capacity))
        region = self._map(0, shape.offset(self._capacity))
        self._header = region[:PAGE].cast(FORMAT)
        self._blocks: list[tuple[Labels, memoryview]] = []
        self._divide(region[PAGE:])
        self._count = self._header[COUNT_AT]
        used, self._free = self._free[: self._count], self._free[self._count :]
        self._adopt(used)

    def _adopt(self, used: list[memoryview]) -> None:
        for block in used:
            with contextlib.suppress(ValueError):
                self._blocks.append((decode_labels(block), self._words(block)))
        header = self._header
        header[GENERATION_AT] += 1
        header[GAUGES_AT + ACTIVE] = 0
        header[UNSHARED_AT] = header[UNSHARED_AT + 1] = 0
        header[PID_AT] = os.getpid()

    def forget_time(self, forget: Callable[[memoryview], object]) -> None:
        """Void what was noted by the clock of another boot of the machine; totals stay."""
        if (self._header[BOOT_AT], self._header[BOOT_AT + 1]) == boot_id():
            return
        for _, words in self._blocks:
            forget(words)
        self._header[GAUGES_AT + STARTED] = 0
        self._header[BOOT_AT], self._header[BOOT_AT + 1] = boot_id()

    def allocate(self, labels: Labels, words: int) -> memoryview | None:
        """Zeroed words for a new series, visible to the other workers; ``None`` if there is no room."""
        head = encode_labels(labels)
        if words != self._shape.words or len(head) > self._shape.labels:
            return None
        if not self._free and not self._grow():
            return None
        block = self._free.pop(0)
        # Not zero yet where a worker was killed before it could publish the series.
        block[:] = head + bytes(len(block) - len(head))
        self._count += 1
        self._header[COUNT_AT] = self._count
        self._blocks.append((labels, self._words(block)))
        return self._blocks[-1][1]

    def blocks(self) -> Iterable[tuple[Labels, memoryview]]:
        """All series of this slot with their words, those of the slot's earlier workers included."""
        return tuple(self._blocks)

    def gauge(self) -> memoryview:
        """The words of the process as a whole."""
        return self._header[GAUGES_AT : GAUGES_AT + GAUGES]

    def note_unshared(self, series: int, records: int) -> None:
        """Let the other workers know what this one holds in its private memory alone."""
        self._header[UNSHARED_AT] = series
        self._header[UNSHARED_AT + 1] = records

    def touch(self) -> None:
        """Show that the application is alive: the time of the last look is the file's time."""
        with contextlib.suppress(OSError):
            os.utime(self._lock.number)

    def is_in_place(self) -> bool:
        """Whether the slot still stands where the other workers look for it."""
        return self._directory.is_file(self._lock.number, slot_name(self.number))

    def let_go(self) -> None:
        """Give up the lock; in a forked child, the share in its parent's, which stays locked.

        Only closes: an unlock would take the parent's lock away.
        """
        self._lock.close()

    def close(self) -> None:
        """Let go of the slot, and of its words as soon as nobody has them any more."""
        self.let_go()
        regions, self._regions = self._regions, []
        if not self._file.close():
            # Somebody closed all descriptors, those of the mappings too. A mapping that is freed closes
            # its number again, which is that of another file by now.
            _NEVER_FREED.extend(regions)

    def __del__(self) -> None:
        if hasattr(self, "_regions"):  # pragma: no branch (a file that could not be mapped left it half made)
            self.close()

    def _words(self, block: memoryview) -> memoryview:
        return block[self._shape.labels :].cast(FORMAT)

    def _grow(self) -> bool:
        """Allocate and map more blocks: a quarter more, or one if there is no room for that."""
        return self._grow_by(max(FIRST_GROWTH, self._capacity // 4)) or self._grow_by(1)

    def _grow_by(self, blocks: int) -> bool:
        start, length = self._shape.offset(self._capacity), blocks * self._shape.stride
        try:
            # On a full disk the first write to a page that was only promised kills the process (SIGBUS).
            os.posix_fallocate(self._lock.number, start, length)
            region = self._map(start, length)
        except (OSError, ValueError):
            return False
        self._capacity += blocks
        self._divide(region)
        return True

    def _map(self, start: int, length: int) -> memoryview:
        region = memoryview(mmap.mmap(self._file.number, length, offset=start))
        self._regions.append(region)
        return region

    def _divide(self, region: memoryview) -> None:
        stride = self._shape.stride
        self._free.extend(region[at : at + stride] for at in range(0, len(region), stride))


def slot_name(number: int) -> str:
    """The name of a slot's file."""
    return f"slot-{number:04d}"


def slot_numbers(names: Iterable[str]) -> list[int]:
    """The numbers of the slots among the names of files."""
    return [int(found[1]) for found in map(_SLOT_NAME.fullmatch, names) if found]
