"""Worker processes without a server: an application's recorder and share, and children that use them."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from pyramid_scales.merge.merge import merge
from pyramid_scales.recording.histogram import Layout
from pyramid_scales.recording.recorder import Recorder
from pyramid_scales.sharing.shared import Shared
from pyramid_scales.snapshot import Labels, Snapshot
from pyramid_scales.tree import tree

HERE = Path(__file__).parent
PACKAGE = Path(find_spec("pyramid_scales").origin).parent.parent
BUCKETS = (0.1, 1.0)
HOME = Labels("home", "/", "GET", 200, "")


class App:
    """What ``config.include`` would put together, without Pyramid."""

    def __init__(self, directory, name="app", keep=300.0, max_series=500, read=None):
        self.shared = Shared(str(directory), keep, name, Layout.of(BUCKETS), read)
        self.recorder = Recorder(BUCKETS, max_series, self.shared.open_store)
        self.recorder.on_tick = self.shared.publish_if_due
        self.shared.unshared = self.recorder.unshared

    def record(self, times=1, labels=HOME):
        """Record requests of one microsecond."""
        for _ in range(times):
            self.recorder.open()
            now = time.perf_counter_ns()
            self.recorder.record(self.recorder.cell(labels), now - 1000, now)

    def snapshot(self, gauges=()):
        """The page of all workers."""
        own = Snapshot(tree.read()[0], requests=self.recorder.requests())
        own = merge(own, self.shared.others(own.requests.now), gauges)
        return own

    def count(self):
        """The requests on that page."""
        return sum(series.amount for series in self.snapshot().requests.series)

    def close(self):
        """End as the process would."""
        self.shared.close()


def slots(directory):
    """The slot files of all applications in a directory."""
    return sorted(Path(directory).glob("*/slot-*"))


def run(script, *arguments, check=True, before=(), **options):
    """Run a Python program that can import this module and the package; what it prints."""
    path = os.pathsep.join((str(PACKAGE), str(HERE)))
    command = [*before, sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=280,
        **options,
    )
    assert not check or done.returncode == 0, done.stderr[-4000:]
    return done.stdout


class Tally:
    """Memory of a parent and its children: what each has begun and what it has done, as 64-bit numbers."""

    def __init__(self, workers):
        self._words = memoryview(mmap.mmap(-1, 16 * workers)).cast("Q")

    def begin(self, worker):
        """The worker is about to record."""
        self._words[2 * worker] += 1

    def done(self, worker):
        """The worker has recorded."""
        self._words[2 * worker + 1] += 1

    def of(self, worker):
        """So many times has the worker recorded."""
        return self._words[2 * worker + 1]

    def bounds(self):
        """At least, and at most, so many were recorded."""
        words = self._words.tolist()
        return sum(words[1::2]), sum(words[::2])


def fork(child, plain=False):
    """The pid of a new process that runs ``child()``; ``plain``: forked without Python's hooks, as C does."""
    pid = ctypes.PyDLL(None).fork() if plain else os.fork()
    if pid == 0:
        status = 1
        try:
            child()
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    return pid


def end(pid, how=signal.SIGKILL):
    """Kill a child and wait until it is gone."""
    os.kill(pid, how)
    os.waitpid(pid, 0)


def joined(pids):
    """Wait for children; all must have ended well."""
    for pid in pids:
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"child {pid} ended with {status}"


def until(condition, seconds=30):
    """Wait for something that will come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)
