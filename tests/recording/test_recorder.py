"""What a recorder counts, and what it says of it."""

from __future__ import annotations

import logging
import os
import threading
from bisect import bisect_left

import pytest
import recorded
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import Event

from pyramid_scales.recording.cap import OTHER
from pyramid_scales.recording.recorder import Recorder, needs_lock
from pyramid_scales.recording.store import ACTIVE, FAILURES, RETRIES, STARTED, PrivateStore
from pyramid_scales.snapshot import Buckets, Labels, Requests, Slices

SECOND = 1_000_000_000
HOME = Labels("home", "/", "GET", 200, "")
SLICE, MINUTE = 10, 60


class Clock:
    """Shows what it was set to, in nanoseconds."""

    def __init__(self, seconds: float = 1000) -> None:
        self.ns = round(seconds * SECOND)

    def __call__(self) -> int:
        return self.ns


def make(clock: Clock | None = None, **options) -> Recorder:
    options = {"buckets": (0.1, 1), "max_series": 500, **options}
    return Recorder(clock=clock or Clock(), **options)


def record(recorder: Recorder, seconds: float, labels: Labels = HOME) -> None:
    end = recorder.clock()
    recorder.record(recorder.cell(labels), end - round(seconds * SECOND), end)


def total(requests: Requests) -> int:
    return sum(series.amount for series in requests.series)


@pytest.fixture(params=[False, True], ids=["without lock", "with lock"])
def recorder(request) -> Recorder:
    recorder = make(locked=request.param)
    recorder.open()
    return recorder


def test_a_record_is_in_its_bucket_and_in_the_sum(recorder):
    record(recorder, 0.1)
    record(recorder, 0.100000001)
    (series,) = recorder.requests().series
    at = recorder.layout.bounds.index(100_000_000)
    assert series.buckets == recorded.filled(at, 1, 1)
    assert series.sum_ns == 200_000_001
    assert (series.recent, series.recent_sum_ns) == (series.buckets, series.sum_ns)


def test_a_clock_that_goes_back_within_a_request_counts_as_no_time(recorder):
    record(recorder, -5)
    (series,) = recorder.requests().series
    assert (series.buckets, series.sum_ns) == (recorded.filled(0, 1), 0)


def test_the_snapshot_says_what_its_figures_mean():
    clock = Clock(1234.5)
    recorder = make(clock, buckets=(0.25, 2), max_series=77)
    recorder.open()
    clock.ns += 9 * SECOND
    requests = recorder.requests()
    assert requests.le_ns == (250_000_000, 2 * SECOND)
    assert requests.bounds_ns == recorder.layout.bounds
    assert requests.max_series == 77
    assert (requests.started_ns, requests.clock_ns, requests.now) == (1234_500_000_000, 1243_500_000_000, 124)


def test_a_snapshot_does_not_change_afterwards(recorder):
    record(recorder, 1)
    before = recorder.requests()
    record(recorder, 1)
    assert total(before) == 1
    assert total(recorder.requests()) == 2


def test_reading_changes_nothing(recorder):
    record(recorder, 1)
    assert recorder.requests() == recorder.requests()


def test_a_note_says_what_there_was_when_its_slice_began():
    clock = Clock(1000)
    recorder = make(clock)
    for seconds in (0, 1, 12, 60):
        clock.ns = (1000 + seconds) * SECOND
        record(recorder, 2)
    counts = [0] * 85 + [2] + [3] * 5
    assert recorder.requests().series[0].slices == (counts, [count * 2 * SECOND for count in counts[::3]])


steps = st.one_of(
    st.floats(0, 15),
    st.floats(0, 400),
    st.floats(0, 5000),
    st.floats(-200, 0),
    st.sampled_from([10.0, 60.0, 300.0, 900.0]),
)
happenings = st.lists(st.tuples(steps, st.floats(0, 30)), max_size=60)


@settings(max_examples=300, deadline=None)
@given(start=st.floats(0, 2000), happened=happenings, idle=steps)
def test_windows_are_those_of_a_brute_force_count_after_idle_gaps_and_steps_of_the_clock(
    start, happened, idle
):
    clock = Clock(start)
    recorder = make(clock)
    events: list[tuple[int, int]] = []  # slice, duration
    latest = 0
    for step, seconds in happened:
        clock.ns = max(clock.ns + round(step * SECOND), 0)
        # A step back is no way back: what happens then belongs to the latest slice that there was.
        latest = max(latest, clock.ns // (SLICE * SECOND))
        record(recorder, seconds)
        events.append((latest, round(seconds * SECOND)))
    clock.ns = max(clock.ns + round(idle * SECOND), 0)
    requests = recorder.requests()
    now = max(latest, clock.ns // (SLICE * SECOND))
    assert requests.now == now
    if events:
        (series,) = requests.series
        assert dense(series.buckets, recorder) == buckets(recorder, [took for _, took in events])
        recent = [took for at, took in events if at // 6 >= now // 6 - 5]
        assert dense(series.recent, recorder) == buckets(recorder, recent)
        assert series.recent_sum_ns == sum(recent)
        assert series.slices == held(events, now)


def buckets(recorder: Recorder, durations: list[int]) -> list[int]:
    counts = [0] * recorder.layout.buckets
    for duration in durations:
        counts[bisect_left(recorder.layout.bounds, duration)] += 1
    return counts


def dense(found: Buckets, recorder: Recorder) -> list[int]:
    return recorded.dense(found, recorder.layout.buckets)


def held(events: list[tuple[int, int]], now: int) -> Slices:
    return recorded.slices([Event(at * SLICE * SECOND, HOME, took) for at, took in events], now)


def test_at_the_cap_requests_are_counted_as_other_and_the_page_is_told_what_filled_it():
    recorder = make(max_series=20)
    for number in range(50):
        record(recorder, 1, Labels("chatty", "/chatty", "GET", 200 + number, ""))
    requests = recorder.requests()
    assert len(requests.series) <= 20
    assert total(requests) == 50
    assert requests.overflowed == 35
    assert sum(s.amount for s in requests.series if s.labels.route == OTHER) == 35
    (note,) = requests.notes
    assert "chatty (15)" in note


def test_other_workers_can_read_what_overflowed():
    clock = Clock()
    recorder = make(clock, max_series=10)
    for number in range(20):
        record(recorder, 1, Labels(f"r{number}", "/", "GET", 200, ""))
    clock.ns += 10 * SECOND
    record(recorder, 1, Labels("r99", "/", "GET", 200, ""))
    assert recorder.open()[1][2] == 15


class FullStore(PrivateStore):
    def allocate(self, labels, words):
        return None


def test_series_that_find_no_room_are_counted_in_private_memory_and_the_page_is_told():
    recorder = make(store_factory=FullStore)
    record(recorder, 1)
    record(recorder, 1)
    requests = recorder.requests()
    assert total(requests) == 2
    assert requests.notes == (
        "1 series did not fit into the shared directory; only the page of this worker shows them.",
    )
    assert recorder.unshared() == (1, 2)


def test_a_store_that_can_not_be_opened_is_logged_and_private_memory_serves(caplog):
    def refuse():
        raise OSError("no")

    recorder = make(store_factory=refuse)
    record(recorder, 1)
    assert total(recorder.requests()) == 1
    (message,) = caplog.records
    assert "private memory" in message.getMessage()


def test_nothing_is_opened_before_the_first_use():
    opened = []
    recorder = make(store_factory=lambda: opened.append(1) or PrivateStore())
    assert not opened
    recorder.open()
    recorder.open()
    recorder.requests()
    assert opened == [1]


def test_of_two_threads_that_begin_at_once_one_opens_a_store():
    opened, second_is_here = [], threading.Event()

    def getpid() -> int:
        if threading.current_thread() is second:
            second_is_here.set()
        return 1

    def store() -> PrivateStore:
        opened.append(threading.current_thread())
        if len(opened) == 1:
            second.start()
            assert second_is_here.wait(60)
        return PrivateStore()

    recorder = make(store_factory=store, getpid=getpid)
    second = threading.Thread(target=recorder.open)
    recorder.open()
    second.join(60)
    assert opened == [threading.current_thread()]


class LeftStore(PrivateStore):
    """What another process left: a series and the words of the process."""

    def __init__(self, left: Recorder) -> None:
        super().__init__()
        self.left = left

    def blocks(self):
        return [(cell.labels, cell.words) for cell in self.left._cells.all()]

    def gauge(self):
        return self.left.open()[1]


def test_series_and_totals_of_a_slot_that_was_left_are_continued():
    clock = Clock(1000)
    former = make(clock)
    gauge = former.open()[1]
    record(former, 1)
    former.retry()
    gauge[ACTIVE] = 3
    clock.ns += 12 * SECOND
    successor = make(clock, store_factory=lambda: LeftStore(former))
    successor.open()
    record(successor, 2)
    requests = successor.requests()
    assert total(requests) == 2
    assert requests.series[0].slices == ([0] * 90 + [1], [0] * 30 + [SECOND])
    assert requests.series[0].sum_ns == 3 * SECOND
    assert requests.started_ns == 1000 * SECOND
    assert (requests.retries, requests.active) == (1, 0), "the dead have nothing in flight"


def test_a_changed_process_id_reopens_the_store():
    pid = 1
    opened = []

    def store() -> PrivateStore:
        opened.append(pid)
        return PrivateStore()

    recorder = make(store_factory=store, getpid=lambda: pid)
    recorder.open()
    record(recorder, 1)
    pid = 2
    assert total(recorder.requests()) == 0
    record(recorder, 1)
    assert total(recorder.requests()) == 1
    assert opened == [1, 2]


def test_a_forked_child_begins_anew_and_its_parent_does_not_notice():
    recorder = make()
    recorder.open()
    record(recorder, 1)
    child = os.fork()
    if not child:
        before = total(recorder.requests())
        record(recorder, 1)
        record(recorder, 1)
        os._exit(10 * before + total(recorder.requests()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert total(recorder.requests()) == 1


def test_a_child_forked_while_another_thread_held_the_locks_is_not_stuck():
    recorder = make(locked=True)
    recorder.open()
    with recorder._lock, recorder._locks[os.getpid()]:
        child = os.fork()
        if not child:
            recorder.open()
            record(recorder, 1)
            os._exit(total(recorder.requests()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_whoever_remembers_cells_is_told_that_they_are_void():
    told = []
    recorder = make()
    recorder.on_open.append(lambda: told.append(1))
    recorder.open()
    recorder.open()
    assert told == [1]


def test_the_gauge_counts_retries_failures_and_the_start(recorder, caplog):
    recorder.retry()
    recorder.fail()
    gauge = recorder.open()[1]
    assert (gauge[RETRIES], gauge[FAILURES], gauge[STARTED]) == (1, 1, 1000 * SECOND)
    requests = recorder.requests()
    assert (requests.retries, requests.failures) == (1, 1)


def test_requests_in_flight_rise_and_fall_and_never_below_zero(recorder):
    recorder.enter()
    recorder.enter()
    recorder.leave()
    assert recorder.requests().active == 1
    recorder.leave()
    recorder.leave()
    assert recorder.requests().active == 0


def test_a_request_for_our_own_page_is_not_in_flight_for_it(recorder):
    recorder.enter()
    recorder.own_request(1)
    assert recorder.requests().active == 0
    recorder.own_request(-1)
    recorder.leave()
    assert recorder.requests().active == 0


def test_failures_are_logged_once_and_counted(recorder, caplog):
    for _ in range(3):
        try:
            raise ZeroDivisionError("ours")
        except ZeroDivisionError:
            recorder.fail()
    (logged,) = caplog.records
    assert logged.levelno == logging.ERROR
    assert "ZeroDivisionError: ours" in caplog.text
    assert recorder.requests().failures == 3


def test_the_first_record_of_a_slice_is_told_about():
    clock, calls = Clock(1000), []
    recorder = make(clock)
    recorder.on_slice = lambda: calls.append(clock.ns // SECOND)
    for seconds in (1000, 1001, 1010, 1011, 1030, 1029):
        clock.ns = seconds * SECOND
        record(recorder, 1)
        record(recorder, 1, Labels("other", "/other", "GET", 200, ""))
    assert calls == [1000, 1010, 1030]


def test_a_tick_is_told_about_by_one_request_a_second():
    clock, calls = Clock(1000), []
    recorder = make(clock)
    recorder.on_tick = lambda: calls.append(clock.ns)
    for tenth in range(100):
        clock.ns = 1000 * SECOND + tenth * SECOND // 10
        record(recorder, 1)
    assert len(calls) == 10


def test_a_hook_that_fails_is_logged_once_and_the_request_is_recorded(caplog):
    clock = Clock(1000)
    recorder = make(clock)
    recorder.on_slice = recorder.on_tick = lambda: 1 / 0
    for _ in range(3):
        record(recorder, 1)
        clock.ns += 10 * SECOND
    assert total(recorder.requests()) == 3
    assert len(caplog.records) == 1


def test_a_hook_that_failed_does_not_hide_that_a_request_could_not_be_recorded(recorder, caplog):
    recorder.on_slice = lambda: 1 / 0
    record(recorder, 1)
    recorder.fail()
    assert len(caplog.records) == 2


def test_a_lock_is_taken_where_there_is_no_global_one(monkeypatch):
    monkeypatch.setattr("sys._is_gil_enabled", lambda: False, raising=False)
    assert needs_lock()
    assert Recorder((1,), 10).locked
    monkeypatch.setattr("sys._is_gil_enabled", lambda: True, raising=False)
    assert not needs_lock()
    monkeypatch.setattr("sys.implementation.name", "pypy")
    assert needs_lock()
