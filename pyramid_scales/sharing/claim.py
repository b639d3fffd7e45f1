"""How a process comes by a slot: the first that no living worker holds, or a new one.

Safe against any number of processes that do the same: a slot belongs to whoever holds the lock of the file
that stands under its name at that moment.
"""

from __future__ import annotations

import contextlib
import os
import time

from .descriptor import Descriptor
from .directory import SOMETHING_ELSE, Directory, Unusable, try_lock
from .published import name_of
from .slotfile import PAGE, Geometry, encode_header, is_blank, read_header
from .slots import SlotStore, slot_name, slot_numbers

MOST_SLOTS = 10_000


def acquire(directory: Directory, shape: Geometry, keep: float) -> SlotStore:
    """Take over the first free slot of the application, or make one.

    What an application that stopped more than ``keep`` seconds ago left behind is forgotten first.
    Raises :class:`Unusable` where there is neither a slot nor room for one.
    """
    with directory.locked() as alone:
        if alone:
            _forget_if_stopped(directory, keep)
        for number in range(MOST_SLOTS):
            try:
                store = _take(directory, number, shape, keep)
            except OSError as error:
                if error.errno in SOMETHING_ELSE and os.access(directory.path, os.W_OK):
                    continue  # a link, a directory, a pipe
                raise Unusable(f"No file fits into {directory.path}: {error.strerror}.") from None
            if store is not None:
                store.touch()
                return store
    raise Unusable(f"None of the {MOST_SLOTS} files in {directory.path} can be used.")


def _take(directory: Directory, number: int, shape: Geometry, keep: float) -> SlotStore | None:
    name = slot_name(number)
    lock = Descriptor(directory.open_file(name, create=True))
    store = None
    try:
        if (
            try_lock(lock.number)
            and directory.is_file(lock.number, name)
            and _prepare(directory, number, lock.number, shape, keep)
        ):
            store = SlotStore(directory, number, lock, shape)
    finally:
        if store is None:
            lock.close()
    return store


def _prepare(directory: Directory, number: int, fd: int, shape: Geometry, keep: float) -> bool:
    """Make the locked file a slot, if it is new; whether it is one that can be continued."""
    if is_blank(fd) or (_is_old(fd, keep) and read_header(fd, shape) is None):
        # What another version of the application counted is forgotten as a whole.
        directory.remove(name_of(number))
        try:
            os.posix_fallocate(fd, 0, PAGE)
        except OSError:
            directory.remove(slot_name(number))
            raise
        os.pwrite(fd, encode_header(shape), 0)
    return read_header(fd, shape) is not None


def _is_old(fd: int, keep: float) -> bool:
    return time.time() - os.fstat(fd).st_mtime > keep


def _forget_if_stopped(directory: Directory, keep: float) -> None:
    """Remove all files if no worker lives and none has lived for ``keep`` seconds."""
    names = directory.names()
    left = [name for name in names if name.startswith("stats-")]
    with contextlib.ExitStack() as held:
        for name in map(slot_name, slot_numbers(names)):
            try:
                fd = directory.open_file(name)
            except OSError as error:
                if error.errno in SOMETHING_ELSE:
                    continue
                return
            held.callback(os.close, fd)
            if not _is_old(fd, keep) or not try_lock(fd):
                return
            left.append(name)
        for name in left:
            directory.remove(name)
