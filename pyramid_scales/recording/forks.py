"""Does memory still belong to the process that made it, or are we a forked child that inherited it?"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from typing import TypeAlias

try:
    import ctypes
except ImportError:  # pragma: no cover (some builds of Python come without it)
    ctypes = None  # type: ignore[assignment]

_MADV_WIPEONFORK = 18  # Linux 4.14 and later; the mmap module has no name for it


Mine: TypeAlias = object
"""True in the process that made it, false in every child forked later."""
NOBODYS: Mine = False
"""A mark that no process made."""


class ByPid:
    """Compares process ids: works everywhere, but asking for one's own costs a system call."""

    def __init__(self, getpid: Callable[[], int]) -> None:
        self._getpid = getpid
        self._pid = getpid()

    def __bool__(self) -> bool:
        return self._getpid() == self._pid


def mark(getpid: Callable[[], int] = os.getpid) -> Mine:
    """A mark of this process, as cheap to look at as the system allows.

    On Linux it is a byte of memory that the kernel empties in a forked child, whoever forked it: it
    costs a tenth of asking for the process id, and a request looks at it twice. Hooks such as
    ``os.register_at_fork`` would be free, but servers written in C fork without running them.
    """
    if getpid is not os.getpid or ctypes is None or not hasattr(mmap.mmap, "madvise"):
        return ByPid(getpid)
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_MADV_WIPEONFORK)
    except (OSError, ValueError):
        return ByPid(getpid)
    page[0] = 1
    # A number of C is true if it is not zero, and Python makes no object to find that out.
    return ctypes.c_ubyte.from_buffer(page)
