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


@pytest.mark.parametrize("plain", [0, 1], ids=["with hooks", "as C forks"])
def test_children_of_a_worker_count_for_themselves(tmp_path, plain):
    assert json.loads(sharing.run(FORKS, tmp_path, 4, plain, 5000)) == [30_000, 5]


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
