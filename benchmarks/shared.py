"""What sharing costs: a record, and a page that shows all workers.

    python benchmarks/shared.py [DIRECTORY]

Every figure is a ratio of two processor times of one run: the variants take turns, and each counts with
the fastest of its rounds. The workers are real processes with files in a new directory below DIRECTORY,
which is /dev/shm where that exists.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from wsgiref.util import setup_testing_defaults

warnings.simplefilter("ignore")

from _rounds import fastest  # noqa: E402
from pyramid.config import Configurator  # noqa: E402

from pyramid_scales import application  # noqa: E402
from pyramid_scales.recording.histogram import Layout  # noqa: E402
from pyramid_scales.recording.recorder import Recorder  # noqa: E402
from pyramid_scales.recording.store import PrivateStore, Store  # noqa: E402
from pyramid_scales.sharing.shared import Shared  # noqa: E402
from pyramid_scales.snapshot import SLICE_NS, SLICES, Labels  # noqa: E402

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
RECORDS = 5_000
REQUESTS = 2
"""In each slice of the last fifteen minutes, on each route."""
END = "end"


def recording(store: Callable[[], Store]) -> Callable[[], None]:
    """Many records into one series."""
    recorder = Recorder(BUCKETS, 500, store)
    recorder.open()
    cell = recorder.cell(Labels("route", "/route", "GET", 200, ""))

    def run() -> None:
        record, clock = recorder.record, recorder.clock
        for _ in range(RECORDS):
            start = clock()
            record(cell, start, clock())

    return run


class Site:
    """An application that has answered requests on so many routes, in every slice of the last 15 minutes."""

    def __init__(self, directory: str, name: str, series: int) -> None:
        settings = {"scales.shared_dir": directory, "scales.max_series": series + 10}
        config = Configurator(settings=settings)
        config.include("pyramid_scales")
        self._wsgi: Any = config.make_wsgi_app()
        app: Any = application.of(self._wsgi.registry)
        app.shared._name = name  # all processes of this program are one application
        recorder = app.recorder
        recorder.open()
        for number in range(series):
            cell = recorder.cell(Labels(f"route{number}", f"/route{number}", "GET", 200, ""))
            chance, now = random.Random(number), recorder.clock()
            for end in range(now - SLICES * SLICE_NS, now + 1, SLICE_NS // REQUESTS):
                recorder.record(cell, end - round(1e9 * chance.lognormvariate(-4, 0.7)), end)

    def page(self, form: str) -> Callable[[], bytes]:
        """Ask for the page."""

        def get() -> bytes:
            environ: dict[str, Any] = {"PATH_INFO": "/scales/", "QUERY_STRING": f"format={form}"}
            setup_testing_defaults(environ)
            return b"".join(self._wsgi(environ, lambda *_: None))

        return get


class Worker:
    """A process with a site of its own, since all sites of one process stand in one tree."""

    def __init__(self, directory: str, name: str, series: int) -> None:
        ours, theirs = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:
            ours.close()
            self._work(theirs, Site(directory, name, series))
            os._exit(0)
        theirs.close()
        self._socket = ours
        self._socket.recv(1)

    @staticmethod
    def _work(asked: socket.socket, site: Site) -> None:
        gc.disable()
        asked.send(b".")
        while (form := asked.recv(100).decode()) != END:
            get = site.page(form)
            started = time.process_time()
            get()
            asked.send(str(time.process_time() - started).encode())

    def page(self, form: str) -> float:
        """Processor seconds of a page."""
        self._socket.send(form.encode())
        return float(self._socket.recv(100))

    def end(self) -> None:
        """Let the process come to its end."""
        self._socket.send(END.encode())
        self._socket.close()
        os.waitpid(self._pid, 0)


def cheapest(workers: dict[str, Worker], form: str, rounds: int) -> dict[str, float]:
    """Processor seconds of the fastest of the pages of each worker; they alternate."""
    return {
        name: min(times)
        for name, times in zip(
            workers, zip(*([worker.page(form) for worker in workers.values()] for _ in range(rounds)))
        )
    }


def records(directory: str, rounds: int = 200) -> float:
    """A record in shared memory against one in private memory."""
    shared = Shared(directory, 300, "records", Layout.of(BUCKETS))
    times = fastest({"private": recording(PrivateStore), "shared": recording(shared.open_store)}, rounds)
    shared.close()
    return times["shared"] / times["private"]


def pages(directory: str, series: int, rounds: int) -> dict[str, tuple[float, float]]:
    """By format: a page of eight workers against a page of one with the same settings, and its seconds."""
    names = [f"one{series}", *[f"eight{series}"] * 8]
    one, *eight = [Worker(directory, name, series) for name in names]
    found = {}
    for form in ("html", "json", "prometheus"):
        times = cheapest({"one": one, "eight": eight[0]}, form, rounds)
        found[form] = times["eight"] / times["one"], times["eight"]
    for worker in (one, *eight):
        worker.end()
    return found


def gone(directory: str, workers: int = 50, rounds: int = 30) -> float:
    """A page after many workers have come and gone against a page after one has."""
    for name, times in (("many", workers), ("few", 1)):
        for _ in range(times):
            Worker(directory, name, 50).end()
    left = {name: Worker(directory, name, 50) for name in ("many", "few")}
    times = cheapest(left, "json", rounds)
    for worker in left.values():
        worker.end()
    return times["many"] / times["few"]


def show(what: str, ratio: float, note: str = "") -> None:
    """A line of the table."""
    print(f"{what:<72}{ratio:6.2f}  {note}".rstrip())


def main() -> None:
    """Print the table."""
    below = [*sys.argv[1:2], *(["/dev/shm"] if os.path.isdir("/dev/shm") else []), None]
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(dir=below[0]) as directory:
        show("a record in shared memory / in private memory", records(directory))
        for series, rounds in ((50, 30), (500, 7)):
            for form, (ratio, seconds) in pages(directory, series, rounds).items():
                note = f"({seconds * 1000:.0f} ms)"
                show(f"{form} of 8 workers, {series} series each / of one", ratio, note)
        show("a page after 50 workers came and went / after one did", gone(directory))


if __name__ == "__main__":
    main()
