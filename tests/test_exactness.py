"""Nothing is lost and nothing is torn: threads, readers, asynchronous exceptions, floods of addresses.

The long runs of the same are marked ``soak``.
"""

from __future__ import annotations

import ctypes
import gc
import random
import string
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from counting import add, counts_of, ok, requests_of
from mapped import MappedStore
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.urldispatch import Route

from pyramid_scales.application import KEY, Application
from pyramid_scales.recording.recorder import Recorder
from pyramid_scales.recording.store import PrivateStore, Store
from pyramid_scales.settings import parse
from pyramid_scales.snapshot import Labels, Requests
from pyramid_scales.tween import scales_tween_factory

# An exception thrown into coverage's own bookkeeping leaves its lock taken for ever.
pytestmark = pytest.mark.no_cover

THREADS = 8
STEP = 700_000_000
"""Nanoseconds from one reading of a thread's clock to its next: each request takes exactly this, and one
in fifteen or so is the first of a slice."""
LABELS = Labels("home", "/", "GET", 200, "")
ROUTES = [Route(f"r{number}", f"/r{number}") for number in range(3)]

lengths = pytest.mark.parametrize(
    "length", [pytest.param(15_000, id="short"), pytest.param(200_000, id="long", marks=pytest.mark.soak)]
)
locks = pytest.mark.parametrize("locked", [False, True], ids=["without lock", "with lock"])
stores = pytest.mark.parametrize("store", [PrivateStore, MappedStore], ids=["private", "mapped"])


class Clock:
    """A clock for each thread, so that every duration is known."""

    def __init__(self) -> None:
        self.local = threading.local()

    def __call__(self) -> int:
        self.local.now = now = getattr(self.local, "now", 10**12) + STEP
        return now


@pytest.fixture(autouse=True)
def hasty_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def tween_of(locked: bool, handler: Callable, store: Callable[[], Store]) -> tuple[Recorder, Callable]:
    recorder = Recorder((0.1, 1), 500, store, clock=Clock(), locked=locked)
    registry = Registry()
    registry[KEY] = Application(parse({}), recorder)
    return recorder, scales_tween_factory(handler, registry)


def request(route: object) -> Request:
    made = Request.blank("/")
    made.__dict__["matched_route"] = route
    return made


def in_threads(work: Callable[[int], object], meanwhile: Callable[[], object] = lambda: None) -> None:
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        meanwhile()
        threads[0].join(0.001)


def check(requests: Requests) -> int:
    """Does every series agree with itself? Returns the sum of all counts."""
    for series in requests.series:
        assert series.sum_ns == series.amount * STEP
        assert series.recent_sum_ns == series.recent.total * STEP
        counts, sums_ns = series.slices
        assert list(sums_ns) == [count * STEP for count in counts[::3]]
        assert list(counts) == sorted(counts)
    return sum(series.amount for series in requests.series)


@locks
@stores
@lengths
def test_threads_lose_nothing_and_every_snapshot_taken_meanwhile_agrees_with_itself(locked, store, length):
    response = Response("ok")
    recorder, tween = tween_of(locked, lambda request: response, store)
    seen = []

    def work(number: int) -> None:
        mine = [request(ROUTES[number % 3]), request(ROUTES[(number + 1) % 3])]
        for turn in range(length):
            tween(mine[turn % 2])

    in_threads(work, lambda: seen.append(check(recorder.requests())))
    assert check(recorder.requests()) == THREADS * length
    assert seen == sorted(seen)
    assert recorder.requests().active == 0
    assert recorder.requests().failures == 0


@locks
@stores
@lengths
def test_threads_that_record_into_one_series_by_name_lose_nothing(locked, store, length):
    recorder = Recorder((0.1, 1), 500, store, clock=Clock(), locked=locked)

    def work(number: int) -> None:
        for turn in range(length):
            recorder.record(recorder.cell(LABELS), turn, turn + STEP)

    in_threads(work, lambda: check(recorder.requests()))
    assert check(recorder.requests()) == THREADS * length


@locks
def test_threads_that_make_the_same_series_at_once_make_it_once(locked):
    for _ in range(30):
        recorder = Recorder((0.1, 1), 500, clock=Clock(), locked=locked)
        barrier = threading.Barrier(THREADS)

        def work(number: int, recorder=recorder, barrier=barrier) -> None:
            barrier.wait()
            for route in range(5):
                recorder.record(recorder.cell(LABELS._replace(route=f"r{route}")), 0, STEP)

        in_threads(work)
        assert len(recorder.requests().series) == 5
        assert check(recorder.requests()) == THREADS * 5


class Refused(Exception):
    """What a view of the application raises."""


class Interrupt(BaseException):
    """Thrown into a thread from outside, wherever it is."""


class Victim(threading.Thread):
    """Calls the tween again and again, whatever is thrown at it."""

    def __init__(self, tween: Callable) -> None:
        super().__init__(daemon=True)
        self.tween = tween
        self.begun = self.finished = self.hits = 0
        self.ready_for = -1
        """The hit for which it is ready: only then will it be caught."""
        self.stopping = False

    def run(self) -> None:
        mine = [request(route) for route in ROUTES]
        while not self.stopping:
            try:
                self.work(mine)
            except Interrupt:
                self.hits += 1

    def work(self, mine: list[Request]) -> None:
        while not self.stopping:
            self.ready_for = self.hits
            for one in mine:
                self.begun += 1
                with suppress(Refused):
                    self.tween(one)
                self.finished += 1

    def hit(self, pause: float) -> None:
        """Throw, and wait until it was caught."""
        before = self.hits
        while self.ready_for != before:
            time.sleep(1e-5)
        time.sleep(pause)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(Interrupt))
        while self.hits == before and self.is_alive():
            time.sleep(1e-5)


def answer(request: Request) -> Response:
    """One of three routes fails."""
    if request.matched_route is ROUTES[1]:
        raise Refused
    return Response("ok")


@pytest.fixture
def no_callbacks_of_the_collector() -> Iterator[None]:
    """Hypothesis has one. An exception that hits a thread in it is never seen again: Python drops it."""
    before = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = before


@stores
@pytest.mark.usefixtures("no_callbacks_of_the_collector")
@pytest.mark.parametrize("hits", [1_500, pytest.param(20_000, marks=pytest.mark.soak)])
def test_asynchronous_exceptions_leave_every_series_and_the_gauge_consistent(hits, store):
    source = random.Random(3)
    recorder, tween = tween_of(False, answer, store)
    victim = Victim(tween)
    victim.start()
    try:
        for number in range(hits):
            victim.hit(source.random() * 1e-4)
            if number % 50 == 0:
                check(recorder.requests())
    finally:
        victim.stopping = True
        victim.join(60)
    assert victim.hits == hits
    requests = recorder.requests()
    assert requests.active == 0
    # A request that was hit is recorded as what it was or as a 500, or, hit in between, not at all.
    assert victim.finished <= check(requests) <= victim.begun
    errors = {series.labels.error: series.amount for series in requests.series}
    assert errors[f"{__name__}.Refused"] > 0
    assert 0 < errors[f"{__name__}.Interrupt"] <= hits


@pytest.mark.parametrize("addresses", [1_500, pytest.param(100_000, marks=pytest.mark.soak)])
def test_a_flood_of_addresses_and_methods_leaves_series_and_memory_flat(addresses):
    config = Configurator()
    config.include("pyramid_scales")
    add(config, "home", "/", ok)
    add(config, "item", "/item/{id}", ok)
    app = config.make_wsgi_app()
    source = random.Random(5)

    def flood(count: int) -> None:
        for _ in range(count):
            word = "".join(source.choices(string.ascii_letters, k=12))
            method = source.choice(("GET", "POST", word.upper()))
            asked = Request.blank(source.choice(("/", "/item/", "/")) + word, method=method)
            app(asked.environ, lambda *args: None)

    tracemalloc.start()
    # Pyramid remembers the last thousand paths that it traversed.
    flood(3_500)
    series = len(counts_of(app))
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    flood(addresses)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(counts_of(app)) == series == 6
    assert sum(counts_of(app).values()) == addresses + 3_500
    assert requests_of(app).failures == 0
    assert grown < 20_000, "a series alone takes twice that"
