"""Whose memory is it?"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable

import pytest

from pyramid_scales.recording.forks import ByPid, mark


def says_in_child(question: Callable[[], bool], fork: Callable[[], int] = os.fork) -> bool:
    """The answer of a forked child."""
    pid = fork()
    if not pid:
        os._exit(17 if question() else 18)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {17: True, 18: False}[status]


def test_memory_belongs_to_the_process_that_marked_it():
    assert mark()


def test_a_forked_child_sees_that_the_memory_is_not_its_own():
    mine = mark()
    assert not says_in_child(lambda: bool(mine))
    assert mine


@pytest.mark.skipif(not hasattr(mmap.mmap, "madvise"), reason="no madvise here")
def test_a_child_that_python_did_not_fork_sees_it_too():
    """uWSGI forks in C, and no hook of Python runs."""
    mine = mark()
    fork = ctypes.PyDLL(None).fork
    assert not says_in_child(lambda: bool(mine), fork)


def test_a_mark_in_the_child_is_the_childs():
    assert says_in_child(lambda: bool(mark()))


def test_the_mark_is_memory_where_the_system_can_empty_it():
    if hasattr(mmap.mmap, "madvise"):
        assert not isinstance(mark(), ByPid)


def test_without_such_memory_process_ids_are_compared(monkeypatch):
    class Older(mmap.mmap):
        """That of a kernel which can't empty memory."""

        def madvise(self, *args):
            raise OSError("no memory of that kind")

    monkeypatch.setattr("pyramid_scales.recording.forks.mmap.mmap", Older)
    mine = mark()
    assert isinstance(mine, ByPid)
    assert mine
    assert not says_in_child(lambda: bool(mine))


def test_without_ctypes_process_ids_are_compared(monkeypatch):
    monkeypatch.setattr("pyramid_scales.recording.forks.ctypes", None)
    assert isinstance(mark(), ByPid)


def test_process_ids_can_be_told_instead():
    pid = 1
    mine = mark(lambda: pid)
    assert isinstance(mine, ByPid)
    assert mine
    pid = 2
    assert not mine
