"""What is read of other workers' slots: as much as is wanted, of the living and of the dead."""

from __future__ import annotations

import os
import time

import pytest
from recorded import filled

from pyramid_scales.recording.cap import OTHER
from pyramid_scales.recording.histogram import Layout, turn
from pyramid_scales.recording.readout import Extent
from pyramid_scales.recording.store import ACTIVE, FAILURES, RETRIES, STARTED
from pyramid_scales.sharing import workers
from pyramid_scales.sharing.claim import acquire
from pyramid_scales.sharing.directory import Directory
from pyramid_scales.sharing.published import Published, encode
from pyramid_scales.sharing.slotfile import geometry
from pyramid_scales.snapshot import NO_BUCKETS, NO_SLICES, Labels, Node

LAYOUT = Layout.of((0.1, 1.0))
SHAPE = geometry(LAYOUT.words, LAYOUT.fingerprint)
NOW = 1000


@pytest.fixture
def directory(tmp_path):
    return Directory(str(tmp_path), "app")


def started(directory, route="home"):
    """The slot of a worker that has answered two requests, in the current slice and the one before it."""
    store = acquire(directory, SHAPE, 300.0)
    words = store.allocate(Labels(route, "/", "GET", 200, ""), LAYOUT.words)
    for number in (NOW - 1, NOW):
        turn(words, LAYOUT, number)
        words[3] += 1
        words[LAYOUT.total] += 7
    store.gauge()[STARTED] = 5
    return store


def read(directory, extent=Extent.MEANS, own=None):
    return workers.read_workers(directory, SHAPE, LAYOUT, own, NOW, extent)


def only(directory, extent=Extent.MEANS):
    (found,) = read(directory, extent)
    return found


def test_all_slots_but_ones_own_are_read(directory):
    held = [started(directory) for _ in range(3)]
    assert [found.worker.slot for found in read(directory, own=held[1].number)] == [0, 2]


def test_what_is_no_slot_of_this_application_is_left_out(directory):
    held = started(directory), acquire(directory, geometry(500, "another"), 300.0)
    os.mkdir("slot-0002", dir_fd=directory.fd)
    os.symlink("slot-0000", "slot-0003", dir_fd=directory.fd)
    directory.replace("slot-0004", b"short")
    assert [found.worker.slot for found in read(directory)] == [0]
    del held


def test_of_a_slot_in_which_nothing_was_recorded_no_start_is_known(directory):
    held = acquire(directory, SHAPE, 300.0)
    found = only(directory).requests
    assert (found.series, found.started_ns) == ((), None)
    held.close()


def test_only_as_much_is_read_as_is_wanted(directory):
    held = started(directory)
    assert only(directory, Extent.NOTHING).requests.series == ()
    (totals,) = only(directory, Extent.TOTALS).requests.series
    (rates,) = only(directory, Extent.RATES).requests.series
    (means,) = only(directory, Extent.MEANS).requests.series
    assert totals.buckets == rates.buckets == means.buckets == filled(3, 2)
    assert (totals.recent, totals.slices) == (NO_BUCKETS, NO_SLICES)
    assert rates.recent == means.recent == filled(3, 2)
    assert rates.slices == means.slices._replace(sums_ns=())
    assert means.slices == ([0] * 90 + [1], [0] * 30 + [7])
    held.close()


def test_what_was_noted_before_a_reboot_is_neither_recent_nor_told_the_start_of(directory, monkeypatch):
    held = started(directory)
    assert only(directory).requests.started_ns == 5
    monkeypatch.setattr(workers, "boot_id", lambda: (1, 2))
    found = only(directory).requests
    assert found.started_ns is None
    assert [(one.amount, one.recent, one.slices) for one in found.series] == [(2, NO_BUCKETS, NO_SLICES)]
    held.close()


def test_a_worker_that_has_ended_counts_and_nothing_of_it_is_in_flight(directory):
    held = started(directory)
    held.gauge()[ACTIVE], held.gauge()[RETRIES], held.gauge()[FAILURES] = 1, 2, 3
    held.note_unshared(4, 5)
    directory.replace("stats-0000.json", encode(Published(Node({"n": 1}), None, frozenset(), {"pid": 7})))
    living = only(directory)
    held.close()
    ended = only(directory)
    assert (living.worker.live, living.worker.process, living.requests.active) == (True, {"pid": 7}, 1)
    assert (ended.worker.live, ended.worker.process, ended.requests.active) == (False, None, 0)
    for found in (living, ended):
        assert (found.requests.retries, found.requests.failures) == (2, 3)
        assert (found.root, [one.amount for one in found.requests.series]) == (Node({"n": 1}), [2])
    assert living.notes == (
        f"4 series of worker {os.getpid()} did not fit into the shared directory;"
        " their 5 requests are only on that worker's own page.",
    )
    assert ended.notes == ()


def test_a_worker_whose_series_all_fit_has_no_note(directory):
    held = started(directory)
    assert only(directory).notes == ()
    held.close()


def test_requests_under_the_route_for_the_rest_are_told_as_such(directory):
    held = started(directory), started(directory, OTHER)
    assert [found.requests.overflowed for found in read(directory)] == [0, 2]
    del held


@pytest.mark.parametrize(("seconds", "age"), [(30, 30), (-30, 0)])
def test_the_age_is_that_of_the_last_look_and_never_below_zero(directory, seconds, age):
    held = started(directory)
    then = time.time() - seconds
    os.utime("slot-0000", (then, then), dir_fd=directory.fd)
    assert only(directory).worker.age == pytest.approx(age, abs=5)
    directory.replace("stats-0000.json", b"{}")
    assert only(directory).worker.age == pytest.approx(0, abs=5)
    os.utime("stats-0000.json", (then, then), dir_fd=directory.fd)
    assert only(directory).worker.age == pytest.approx(age, abs=5)
    held.close()
