"""Figures of this process: memory, processor time, files, threads, garbage collections.

Standard library only. What a platform does not tell is left out: without Linux's ``/proc`` (its format is
in proc(5)) these are memory, open files, and the start of the process. Reading never fails.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from contextlib import suppress
from functools import lru_cache

try:
    import resource
except ImportError:  # pragma: no cover (Windows)
    resource = None  # type: ignore[assignment]

_PROC = "/proc/self/"
_THREADS, _STARTED = 17, 19  # fields 20 and 22 of stat, counted from the one behind the command's name


def read() -> dict[str, int | float]:
    """The figures by name.

    ``pid``; ``start_time_seconds`` (unix time) and ``uptime_seconds`` of this very process, also right after
    a fork; ``threads`` (where ``/proc`` is absent: those that Python knows); ``cpu_seconds`` (user and
    system); ``resident_memory_bytes``, ``virtual_memory_bytes``; ``open_fds`` and ``max_fds``, the file
    descriptors in use and the soft limit; ``gc_collections_0`` to ``_2``, garbage collections by generation.
    """
    return {
        "pid": os.getpid(),
        **_age(),
        "threads": _threads(),
        "cpu_seconds": time.process_time(),
        **_memory(),
        **_files(),
        **_collections(),
    }


def _age() -> dict[str, float]:
    started = _started(os.getpid())
    if started is None:
        return {}
    return {"start_time_seconds": started[0], "uptime_seconds": _since_boot() - started[1]}


@lru_cache(maxsize=1)
def _started(pid: int) -> tuple[float, float] | None:
    """When this process started, in unix time and in seconds since boot.

    Computed once for each ``pid`` (a forked child has another one): the system's clock is corrected now
    and then, and a start time that moves looks like a restart to Prometheus.
    """
    fields = _stat()
    if fields is None or not hasattr(time, "CLOCK_BOOTTIME"):  # NetBSD has a /proc like that of Linux
        return None
    started = int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
    return time.time() - (_since_boot() - started), started


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _threads() -> int:
    fields = _stat()
    return threading.active_count() if fields is None else int(fields[_THREADS])


def _memory() -> dict[str, int]:
    content = _content("statm")
    if content is None:
        return {}
    virtual, resident = (int(pages) * os.sysconf("SC_PAGE_SIZE") for pages in content.split()[:2])
    return {"resident_memory_bytes": resident, "virtual_memory_bytes": virtual}


def _files() -> dict[str, int]:
    figures = {}
    with suppress(OSError):
        # Listing the directory takes one more descriptor.
        figures["open_fds"] = len(os.listdir(_PROC + "fd")) - 1
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if resource else -1
    if limit >= 0:
        figures["max_fds"] = limit
    return figures


def _collections() -> dict[str, int]:
    statistics = gc.get_stats() if hasattr(gc, "get_stats") else ()
    if not isinstance(statistics, list):  # PyPy has a collector, and statistics, of its own
        return {}
    return {f"gc_collections_{number}": entry["collections"] for number, entry in enumerate(statistics)}


def _stat() -> list[bytes] | None:
    """The fields of ``stat`` behind the command's name, which may hold blanks and parentheses itself."""
    content = _content("stat")
    return None if content is None else content.rpartition(b")")[2].split()


def _content(name: str) -> bytes | None:
    try:
        with open(_PROC + name, "rb") as file:
            return file.read()
    except OSError:
        return None
