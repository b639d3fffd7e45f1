"""The figures of this process, against what the system says elsewhere."""

from __future__ import annotations

import gc
import json
import mmap
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pyramid_scales.tree import process

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
ALWAYS = {"pid", "threads", "cpu_seconds"}


def test_every_figure_is_an_exact_number():
    figures = process.read()
    assert all(type(value) in (int, float) for value in figures.values())
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures["pid"] == os.getpid()


@needs_proc
def test_with_proc_every_figure_is_there():
    assert list(process.read()) == [
        *("pid", "start_time_seconds", "uptime_seconds", "threads", "cpu_seconds"),
        *("resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds"),
        *("gc_collections_0", "gc_collections_1", "gc_collections_2"),
    ]


def test_without_proc_the_rest_is_there(monkeypatch, tmp_path):
    monkeypatch.setattr(process, "_PROC", f"{tmp_path}/")
    process._started.cache_clear()
    figures = process.read()
    process._started.cache_clear()
    assert set(figures) >= ALWAYS
    assert not set(figures) & {"uptime_seconds", "start_time_seconds", "open_fds", "resident_memory_bytes"}
    assert figures["threads"] == threading.active_count()


def test_without_limits_of_resources_the_rest_is_there(monkeypatch):
    monkeypatch.setattr(process, "resource", None)
    assert set(process.read()) >= ALWAYS
    assert "max_fds" not in process.read()


def test_without_cpython_s_statistics_of_garbage_collections_the_rest_is_there(monkeypatch):
    monkeypatch.setattr(gc, "get_stats", lambda: "as PyPy writes them")
    figures = process.read()
    assert set(figures) >= ALWAYS
    assert not [name for name in figures if name.startswith("gc_")]


@needs_proc
def test_open_files_are_counted(tmp_path):
    before = process.read()["open_fds"]
    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"):
        assert process.read()["open_fds"] == before + 2
    assert before <= process.read()["max_fds"]


@needs_proc
def test_a_thread_is_counted():
    before, done = process.read()["threads"], threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    during = process.read()["threads"]
    done.set()
    thread.join()
    assert during == before + 1


@needs_proc
def test_memory_that_is_used_is_resident():
    before = process.read()
    # Not from the allocator: that may have as much left of what earlier tests gave back.
    block = mmap.mmap(-1, 64_000_000)
    for page in range(0, len(block), mmap.PAGESIZE):
        block[page] = 1
    after = process.read()
    assert after["resident_memory_bytes"] - before["resident_memory_bytes"] > 50_000_000
    assert after["virtual_memory_bytes"] >= after["resident_memory_bytes"]
    block.close()


def test_garbage_collections_and_processor_time_only_rise():
    before = process.read()
    gc.collect()
    sum(range(200_000))
    after = process.read()
    assert after["gc_collections_2"] == before["gc_collections_2"] + 1
    assert after["cpu_seconds"] > before["cpu_seconds"]


@needs_proc
def test_the_start_of_the_process_is_that_of_the_process_and_does_not_move():
    first, second = process.read(), process.read()
    assert first["start_time_seconds"] == second["start_time_seconds"]
    assert first["uptime_seconds"] <= second["uptime_seconds"]
    now = second["start_time_seconds"] + second["uptime_seconds"]
    assert now == pytest.approx(time.time(), abs=5)
    started = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"], capture_output=True, text=True, check=True
    )
    assert second["start_time_seconds"] < float(started.stdout)


@needs_proc
def test_after_a_fork_the_figures_are_those_of_the_child():
    code = """
import json, os, time
from pyramid_scales.tree import process
parent = process.read()
time.sleep(0.05)
reader, writer = os.pipe()
child = os.fork()
if not child:
    os.write(writer, json.dumps(process.read()).encode())
    os._exit(0)
os.close(writer)
figures = json.loads(os.read(reader, 65536))
os.waitpid(child, 0)
print(json.dumps([parent, child, figures]))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_env())
    parent, child, figures = json.loads(out.stdout)
    assert figures["pid"] == child != parent["pid"]
    assert figures["start_time_seconds"] > parent["start_time_seconds"]
    assert figures["threads"] == 1


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(process.__file__).parents[2])}
