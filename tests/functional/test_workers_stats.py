"""The application's own statistics over workers that come, go and are killed."""

from __future__ import annotations

import json

import pytest
import sharing

STATS = """
import json, os, random, sys, time
from greplin import scales
from sharing import App, Tally, end, fork

class Shop:
    orders = scales.IntStat("orders")
    open = scales.IntStat("open")
    load = scales.DoubleStat("load")
    where = scales.Stat("where")
    sizes = scales.PmfStat("sizes")
    def __init__(self):
        scales.init(self, "shop")

shop, directory = Shop(), sys.argv[1]
"""

KILLS = (
    STATS
    + """
kills, seed = int(sys.argv[2]), int(sys.argv[3])
chance, tally, stop, rest = random.Random(seed), Tally(kills + 3), directory + ".stop", directory + ".rest"

def work(place):
    app = App(directory)
    while True:
        if not os.path.exists(rest):
            shop.orders += 1
            tally.done(place)
            app.record()
        time.sleep(0.002)

def watch(write):
    # Two pages by turns, as if two workers answered.
    pages, last, falls, excess, looks = [App(directory), App(directory)], 0, 0, 0, 0
    while os.getppid() == parent and not os.path.exists(stop):
        now = pages[looks % 2].snapshot().root.data.get("shop", {}).get("orders", 0)
        falls, excess = falls + (now < last), excess + (now > tally.bounds()[0] + kills + 3)
        last, looks = now, looks + 1
        time.sleep(0.01)
    os.write(write, json.dumps([falls, excess, looks]).encode())

def start(place):
    return fork(lambda: work(place)), place

parent = os.getpid()
read, write = os.pipe()
watcher = fork(lambda: watch(write))
alive, may_be_lost = [start(place) for place in range(3)], 0
for kill in range(kills):
    time.sleep(chance.random())
    pid, place = alive.pop(chance.randrange(len(alive)))
    before = tally.of(place)
    time.sleep(1.3)  # the last second, and what a busy machine needs
    end(pid)
    may_be_lost += tally.of(place) - before + 1
    alive.append(start(3 + kill))
open(rest, "w").close()
time.sleep(2)
shown = App(directory).snapshot().root.data["shop"]["orders"]
print(json.dumps([tally.bounds()[0], shown, may_be_lost]))
for pid, _ in alive:
    end(pid)
open(stop, "w").close()
os.waitpid(watcher, 0)
print(os.read(read, 100).decode())
"""
)


def check_kills(tmp_path, kills, seed):
    counted, watched = map(json.loads, sharing.run(KILLS, tmp_path / "shared", kills, seed).splitlines())
    done, shown, may_be_lost = counted
    falls, excess, looks = watched
    assert shown <= done, "never too much"
    assert done - shown <= may_be_lost, "at most what a worker counts in its last second"
    assert done > 2 * may_be_lost, "or it would prove nothing"
    assert (falls, excess) == (0, 0)
    assert looks > 20


def test_kills_take_at_most_the_last_second_and_no_total_falls_or_is_too_high(tmp_path):
    check_kills(tmp_path, 3, 1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_many_kills_take_at_most_the_last_second(tmp_path, seed):
    check_kills(tmp_path, 20, seed)


ENDS = (
    STATS
    + """
def work(times, how):
    app = App(directory)
    for _ in range(times):
        shop.orders += 1
        shop.open += 1
        app.record()
    shop.open -= times - 1
    shop.load, shop.where = float(times), "here"
    shop.sizes = times
    app.record()
    how(app)

def slowly(app):
    time.sleep(1.5)

parents = fork(lambda: work(10, slowly))
os.waitpid(parents, 0)
for times in (100, 1000):
    os.waitpid(fork(lambda: work(times, slowly)), 0)
    print(json.dumps(App(directory).snapshot((("shop/open", "sum"),)).root.data))
page = App(directory)
page.record()
shop.open, shop.load, shop.where, shop.orders = 3, 0.5, "there", 1
print(json.dumps(page.snapshot((("shop/open", "sum"),)).root.data["shop"]))
"""
)


def test_counters_of_recycled_workers_stay_and_their_gauges_go(tmp_path):
    first, second, last = map(json.loads, sharing.run(ENDS, tmp_path / "shared").splitlines())
    assert first == {"shop": {"orders": 110, "sizes": {"count": 2}}}
    assert second == {"shop": {"orders": 1110, "sizes": {"count": 3}}}
    assert {key: value for key, value in last.items() if key != "sizes"} == {
        "orders": 1111,
        "open": 3,
        "load": 0.5,
        "where": "there",
    }
    assert last["sizes"]["count"] == 3


FORKED = (
    STATS
    + """
plain = bool(int(sys.argv[2]))
app = App(directory)
shop.orders += 5
app.record()
app.shared.publish_if_due()
shop.orders += 5

def work():
    if plain:
        app.record()  # no hook tells of the fork, so the first request does
    shop.orders += 100
    app.record()
    time.sleep(1.5)
    app.record()
    app.shared._current.look(always=True)

children = [fork(work, plain) for _ in range(3)]
time.sleep(1.2)
shop.orders += 1
print(app.snapshot().root.data["shop"]["orders"])
for child in children:
    os.waitpid(child, 0)
print(app.snapshot().root.data["shop"]["orders"])
"""
)


@pytest.mark.parametrize("plain", [0, 1], ids=["with hooks", "as C forks"])
def test_what_a_parent_counted_is_not_counted_again_by_its_children(tmp_path, plain):
    """Also what it had not written down yet."""
    assert sharing.run(FORKED, tmp_path / "shared", plain).split() == ["311", "311"]


IDLE = (
    STATS
    + """
def work():
    app = App(directory)
    app.record()
    shop.orders += 1  # too late for the first look, and nobody comes by any more
    time.sleep(5)

child = fork(work)
time.sleep(1.8)
end(child)
print(App(directory).snapshot().root.data["shop"]["orders"])
"""
)


def test_what_changed_after_the_last_look_is_published_though_no_request_follows(tmp_path):
    assert sharing.run(IDLE, tmp_path / "shared").split() == ["1"]
