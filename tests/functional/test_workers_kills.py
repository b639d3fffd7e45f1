"""Workers that are killed at any moment: nothing is lost, nothing is counted twice, no total falls."""

from __future__ import annotations

import json

import pytest
import sharing

KILLS = """
import json, os, random, sys, time
from sharing import App, Tally, end, fork, slots

directory, workers, kills, records, seed = sys.argv[1], *map(int, sys.argv[2:])
chance, tally, app = random.Random(seed), Tally(workers + kills), App(directory)

def work(place):
    while True:
        tally.begin(place)
        app.record()
        tally.done(place)

def watch(write):
    last, looks, falls = 0, 0, 0
    while os.getppid() == parent and not os.path.exists(directory + "/stop"):
        now = app.count()
        falls, last, looks = falls + (now < last), now, looks + 1
        time.sleep(0.01)
    os.write(write, json.dumps([falls, looks]).encode())

parent = os.getpid()
read, write = os.pipe()
watcher = fork(lambda: watch(write))
alive = [fork(lambda place=place: work(place)) for place in range(workers)]
for kill in range(kills):
    while tally.bounds()[0] < records * (kill + 1) // (kills + 1):
        time.sleep(chance.random() / 100)
    end(alive.pop(chance.randrange(len(alive))))
    alive.append(fork(lambda: work(workers + kill)))
while tally.bounds()[0] < records:
    time.sleep(0.01)
for pid in alive:
    end(pid)
time.sleep(0.05)
open(directory + "/stop", "w").close()
os.waitpid(watcher, 0)
falls, looks = json.loads(os.read(read, 100))
least, most = tally.bounds()
print(json.dumps([least, app.count(), most, falls, looks, len(slots(directory))]))
"""


def check_kills(tmp_path, workers, kills, records, seed):
    least, found, most, falls, looks, files = json.loads(
        sharing.run(KILLS, tmp_path, workers, kills, records, seed)
    )
    assert least >= records
    assert least <= found <= most, "each kill may leave the record that was being written in or out"
    assert most - least <= workers + kills
    assert looks > 10
    assert falls == 0
    assert files <= workers + 2, "the workers at the peak, the watcher, and one"


def test_no_record_is_lost_or_counted_twice_by_kills_and_no_total_falls(tmp_path):
    check_kills(tmp_path, 3, 10, 300_000, 1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_a_million_records_under_twenty_kills(tmp_path, seed):
    check_kills(tmp_path, 4, 20, 1_000_000, seed)


STARTS = """
import json, os, random, sys, time
from sharing import App, Tally, end, fork, slots

directory, places, starts, seed = sys.argv[1], *map(int, sys.argv[2:])
chance, tally, app, alive = random.Random(seed), Tally(starts), App(directory), {}

def work(start, records):
    for _ in range(records):
        tally.begin(start)
        app.record()
        tally.done(start)
    if chance.random() < 0.5:
        os._exit(0)
    while True:
        time.sleep(1)

for start in range(starts):
    place = chance.randrange(places)
    if place in alive:
        end(alive.pop(place))
    records = chance.randrange(200)
    chance.random()
    alive[place] = fork(lambda: work(start, records))
    time.sleep(chance.random() / 50)
for pid in alive.values():
    end(pid)
least, most = tally.bounds()
files = len(slots(directory))
print(json.dumps([least, app.count(), most, files]))
"""


def check_starts(tmp_path, places, starts, seed):
    least, found, most, files = json.loads(sharing.run(STARTS, tmp_path, places, starts, seed))
    assert least > 0
    assert least <= found <= most
    assert files <= places + 1


def test_workers_that_come_and_go_leave_exact_totals_and_few_files(tmp_path):
    check_starts(tmp_path, 6, 60, 1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_two_hundred_starts_and_kills_over_twelve_workers(tmp_path, seed):
    check_starts(tmp_path, 12, 200, seed)


FORKS = """
import json, sys, time
from sharing import App, fork, joined

directory, children, plain, records = sys.argv[1], *map(int, sys.argv[2:])
app = App(directory)
app.record(records)
def work():
    app.record(records)
    time.sleep(0.5)  # while the others take slots of their own
pids = [fork(work, plain=bool(plain)) for _ in range(children)]
app.record(records)
joined(pids)
snapshot = app.snapshot()
print(json.dumps([app.count(), len({worker.slot for worker in snapshot.workers})]))
"""


@pytest.mark.parametrize("records", [5000, pytest.param(500_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("plain", [0, 1], ids=["with hooks", "as C forks"])
def test_children_of_a_worker_count_for_themselves(tmp_path, plain, records):
    assert json.loads(sharing.run(FORKS, tmp_path, 4, plain, records)) == [6 * records, 5]


INHERITED = """
import os, sys, time
from sharing import App, end, fork, until

directory, plain = sys.argv[1], int(sys.argv[2])
app, stop = App(directory), directory + ".stop"

def wait():
    until(lambda: os.path.exists(stop))

def parent():
    app.record(10)
    fork(wait, plain=bool(plain))
    app.record(10)
    wait()

pid = fork(parent)
watcher = App(directory)
until(lambda: watcher.count() == 20)
end(pid)
live = [worker for worker in watcher.snapshot().workers if worker.live]
print(len(live), watcher.count())
open(stop, "w").close()
"""


def test_an_idle_child_holds_its_dead_parents_slot_only_where_no_hook_runs(tmp_path):
    hooked = sharing.run(INHERITED, tmp_path / "a", 0).splitlines()[-1]
    assert hooked == "1 20"
    plain = sharing.run(INHERITED, tmp_path / "b", 1).splitlines()[-1]
    assert plain == "2 20", "its figures count all the same"


STEPS = """
import json, os, signal, sys
from greplin import scales
from sharing import App, HOME, Tally, fork, slots

directory, first, stride = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
STATS = scales.collection("shop", scales.IntStat("orders"))

def count_down(steps):
    def trace(frame, event, argument):
        nonlocal steps
        if "/pyramid_scales/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            steps -= 1
            if steps < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

def work(steps, tally):
    '''Claim a slot, record, write statistics, add series; killed after so many lines of the package.'''
    app = App(directory)
    sys.settrace(count_down(steps))
    for route in ("home", "home", f"new{steps % 5}", "home"):
        tally.begin(0)
        app.record(1, HOME._replace(route=route))
        tally.done(0)
        STATS.orders += 1
        app.shared._current.look(always=True)
    app.close()

def look():
    page = App(directory)
    found = page.count(), page.snapshot().root.data["shop"].get("orders", 0)
    page.close()
    return found

steps, kills, last = first, 0, look()
while True:
    tally = Tally(1)
    _, status = os.waitpid(fork(lambda: work(steps, tally)), 0)
    least, most = tally.bounds()
    count, orders = look()
    wrong = count - last[0] not in (least, most) or not least - 1 <= orders - last[1] <= most
    if wrong or len(slots(directory)) != 1:
        print(json.dumps([steps, last, (count, orders), (least, most), len(slots(directory))]))
    if not os.WIFSIGNALED(status):
        break
    steps, kills, last = steps + stride, kills + 1, (count, orders)
print(json.dumps([kills, status]))
"""


def check_steps(tmp_path, first, stride):
    *wrong, end = map(json.loads, sharing.run(STEPS, tmp_path, first, stride).splitlines())
    assert not wrong
    assert end[0] > 500 // stride
    assert end[1] == 0, "the last one was not killed"


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_a_worker_may_be_killed_between_any_two_lines(tmp_path, first):
    check_steps(tmp_path, first, 31)


@pytest.mark.soak
def test_a_worker_may_be_killed_between_all_lines(tmp_path):
    check_steps(tmp_path, 0, 1)


ATONCE = """
import json, os, sys, time
from sharing import App, Tally, end, fork, joined, slots

directory, workers, rounds, keep = sys.argv[1], *map(int, sys.argv[2:])
expected = 0
for number in range(rounds):
    starts, ready, taken = time.monotonic() + 0.05, Tally(workers), set()
    read, write = os.pipe()
    def work(place):
        app = App(directory, keep=keep)
        while time.monotonic() < starts:
            pass
        app.record()
        os.write(write, f"{app.shared._current.store.number}\\n".encode())
        ready.done(place)
        while ready.bounds()[0] < workers:
            time.sleep(0.001)
        app.record(9)
    joined([fork(lambda place=place: work(place)) for place in range(workers)])
    taken = os.read(read, 10_000).split()
    page = App(directory)
    expected += 10 * workers
    print(json.dumps([page.count() - expected, len(taken), len(set(taken)), len(slots(directory))]))
    page.close()
"""


def check_at_once(tmp_path, workers, rounds):
    for line in sharing.run(ATONCE, tmp_path / "shared", workers, rounds, 300).splitlines():
        assert json.loads(line) == [0, workers, workers, workers]


def test_workers_that_start_at_the_same_moment_take_slots_of_their_own(tmp_path):
    check_at_once(tmp_path, 12, 4)


@pytest.mark.soak
def test_workers_start_at_the_same_moment_again_and_again(tmp_path):
    check_at_once(tmp_path, 40, 50)
