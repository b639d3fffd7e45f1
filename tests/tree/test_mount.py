"""Our nodes in the scales tree: always fresh, never written, one snapshot for each reader, always there."""

from __future__ import annotations

import copy
import gc
import json
import logging
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from greplin import scales
from pyramid.response import Response
from recorded import SECOND, SLICE, Event, labels, recorded

from pyramid_scales.recording.recorder import Recorder
from pyramid_scales.snapshot import Requests
from pyramid_scales.tree import mount, process, tree

START = 1000 * SLICE


class Told:
    """Stands for a recorder: it has recorded what it is told."""

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self.reads = 0

    def requests(self) -> Requests:
        self.reads += 1
        events = [Event(START + number, labels("a/b"), SECOND) for number in range(self.count)]
        return recorded(events, START + SECOND, START)


@pytest.fixture
def told() -> Told:
    return Told(3)


@pytest.fixture
def mounted(told):
    return mount.attach(told)


def test_a_page_reads_the_recorder_once_and_all_its_parts_agree(told, mounted):
    chosen = Told(5).requests()
    told.reads = 0
    seen = []
    with mounted.showing(chosen):
        assert mounted.requests()["rate"]["count"] == 5
        thread = threading.Thread(target=lambda: seen.append(mounted.requests()["rate"]["count"]))
        thread.start()
        thread.join()
    assert seen == [3], "another reader sees what there is"
    assert told.reads == 1
    assert mounted.requests()["rate"]["count"] == 3


@pytest.fixture
def node(mounted):
    return scales.getStats()["pyramid"]["requests"]


def test_the_figures_stand_in_the_tree(mounted):
    assert mounted.name == "pyramid"
    assert mounted.note == ""
    ours = scales.getStats()["pyramid"]
    assert list(ours) == ["requests", "process"]
    assert ours["requests"]["rate"]["count"] == 3
    assert list(ours["requests"]["routes"]) == ["a~1b"]
    assert ours["process"]["pid"] == os.getpid()


def test_without_a_recorder_there_are_only_the_figures_of_the_process():
    mounted = mount.attach(None)
    assert list(scales.getStats()[mounted.name]) == ["process"]
    assert mounted.requests() == {}


def test_each_read_is_fresh(told, node):
    assert node["rate"]["count"] == 3
    told.count = 4
    assert node["rate"]["count"] == 4
    assert node["latency"] is not node["latency"]


READS = {
    "data": lambda node: node.data,
    "items": lambda node: dict(node.items()),
    "values": lambda node: dict(zip(node, node.values(), strict=True)),
    "copy": lambda node: node.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda node: pickle.loads(pickle.dumps(node)),
    "dict": dict,
    "|": lambda node: node | {},
    "| from the right": lambda node: {} | node,
    "json": lambda node: json.loads(json.dumps(node, cls=scales.StatContainerEncoder)),
    "[]": lambda node: {key: node[key] for key in node.keys()},  # noqa: SIM118
    "get": lambda node: {key: node.get(key) for key in node},
}


@pytest.mark.parametrize("how", READS)
def test_every_way_to_read_gives_the_same_plain_dictionary(node, how):
    found = READS[how](node)
    assert type(found) is dict
    assert list(found) == ["active", "latency", "rate", "responses", "exceptions", "routes"]
    assert found == node.data == node
    assert type(found["latency"]) is dict


@pytest.mark.parametrize(
    "how", ["data", "items", "copy", "copy.copy", "copy.deepcopy", "pickle", "json", "|"]
)
def test_one_reader_sees_one_snapshot(told, node, how):
    told.reads = 0
    READS[how](node)
    assert told.reads == 1


def test_it_has_a_length_and_is_true_even_when_nothing_was_requested(node, told):
    told.count = 0
    assert node
    assert len(node) == 6
    assert "rate" in node
    assert "nosuch" not in node
    assert repr(node) == repr(node.data)


def test_an_unknown_key_is_a_key_error_and_invents_nothing(node):
    with pytest.raises(KeyError):
        node["nosuch"]
    assert node.get("nosuch") is None
    assert node.get("nosuch", 5) == 5
    assert "nosuch" not in node


WRITES = {
    "[]=": lambda node: node.__setitem__("a", 1),
    "del": lambda node: node.__delitem__("active"),
    "update": lambda node: node.update(a=1),
    "setdefault": lambda node: node.setdefault("a", 1),
    "pop": lambda node: node.pop("active"),
    "popitem": lambda node: node.popitem(),
    "clear": lambda node: node.clear(),
    "|=": lambda node: node.__ior__({"a": 1}),
}


@pytest.mark.parametrize("how", WRITES)
def test_every_way_to_write_is_a_type_error(node, how):
    before = node.data
    with pytest.raises(TypeError, match="can't be written"):
        WRITES[how](node)
    assert node.data == before


def test_what_a_reader_does_to_its_dictionary_stays_with_the_reader(node):
    node.data["routes"]["a~1b"].clear()
    assert node["routes"]["a~1b"]


def test_it_can_be_collapsed_like_any_container(node):
    assert not node.isCollapsed()
    scales.setCollapsed("/pyramid/requests")
    assert node.isCollapsed()
    assert "requests" not in json.loads(
        json.dumps(scales.getStats()["pyramid"], cls=scales.StatContainerEncoder)
    )


def test_scales_can_reset_itself_with_us_in_its_tree(mounted, told):
    scales.reset()
    assert "pyramid" not in scales.getStats()
    mounted.ensure()
    assert scales.getStats()["pyramid"]["requests"]["rate"]["count"] == 3


def test_to_be_sure_of_our_place_is_no_read(mounted, told):
    told.reads = 0
    mounted.ensure()
    assert told.reads == 0


def test_after_a_reset_the_figures_are_back_with_the_next_look_at_the_page(make_app):
    app = make_app()
    scales.reset()
    assert app.get("/scales/pyramid/process/pid/?format=json").json == os.getpid()
    assert "pyramid" in scales.getStats()


def test_after_a_reset_the_figures_are_back_with_the_first_request_of_a_slice(make_app):
    def setup(config):
        config.add_route("home", "/")
        config.add_view(lambda request: Response("hello"), route_name="home")

    app = make_app(setup=setup)
    scales.reset()
    app.get("/")
    assert scales.getStats()["pyramid"]["requests"]["routes"]["home"]["responses"] == {"200": 1}


def test_an_application_may_add_statistics_of_its_own_below_ours(mounted):
    stats = scales.collection("/pyramid", scales.IntStat("workers"))
    stats.workers = 5
    assert list(scales.getStats()["pyramid"]) == ["requests", "process", "workers"]


def test_each_snapshot_agrees_with_itself_while_requests_are_recorded():
    recorder = Recorder((0.1, 1), 100)
    mounted, done = mount.attach(recorder), threading.Event()

    def work(route: str) -> None:
        while not done.is_set():
            now = recorder.clock()
            for status in (200, 404, 500):
                recorder.record(recorder.cell(labels(route, status=status)), now - 1000, now)

    threads = [threading.Thread(target=work, args=(route,)) for route in ("home", "shop")]
    for thread in threads:
        thread.start()
    try:
        seen = [scales.getStats()[mounted.name]["requests"].data for _ in range(300)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    for figures in seen:
        for branch in (figures, *figures["routes"].values()):
            count = branch["rate"]["count"]
            assert branch["latency"]["count"] == count == sum(branch["responses"].values())
        assert figures["rate"]["count"] == sum(each["rate"]["count"] for each in figures["routes"].values())
    counts = [figures["rate"]["count"] for figures in seen]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


class TestNames:
    def test_the_second_application_stands_beside_the_first(self, mounted):
        second = mount.attach(Told(7))
        assert (mounted.name, second.name) == ("pyramid", "pyramid-2")
        assert scales.getStats()["pyramid"]["requests"]["rate"]["count"] == 3
        assert scales.getStats()["pyramid-2"]["requests"]["rate"]["count"] == 7
        assert second.note == (
            "In the scales tree this application stands at 'pyramid-2':"
            " 'pyramid' is taken by another application of this process."
        )

    def test_after_a_reset_each_one_finds_its_own_name_again(self, mounted):
        second = mount.attach(Told(7))
        scales.reset()
        second.ensure()
        mounted.ensure()
        assert (mounted.name, second.name) == ("pyramid", "pyramid-2")
        assert scales.getStats()["pyramid-2"]["requests"]["rate"]["count"] == 7
        assert "another application" in second.note

    def test_a_statistic_of_the_application_itself_is_not_overwritten(self, caplog):
        caplog.set_level(logging.INFO, "pyramid_scales.tree.mount")
        theirs = scales.collection("/pyramid", scales.IntStat("blocks"))
        theirs.blocks = 144
        mounted = mount.attach(None)
        assert mounted.name == "pyramid-2"
        assert dict(scales.getStats()["pyramid"]) == {"blocks": 144}
        assert mounted.note.endswith("'pyramid' is taken by a statistic of its own.")
        assert caplog.messages == [mounted.note]

    def test_who_is_overwritten_moves_on(self, mounted):
        scales.getStats()["pyramid"] = 5
        mounted.ensure()
        assert scales.getStats()["pyramid"] == 5
        assert scales.getStats()["pyramid-2"]["requests"]["rate"]["count"] == 3

    def test_an_application_that_is_gone_is_forgotten_and_its_name_is_free(self):
        mounted, told = mount.attach(Told(3)), None
        told = mounted._recorder
        told.on_slice = mounted.ensure
        gone = scales.getStats()["pyramid"]
        assert gone["requests"]["rate"]["count"] == 3
        del mounted, told
        gc.collect()
        assert gone["requests"].data == {}
        assert not [found for found in gc.get_objects() if type(found) is Told]
        second = mount.attach(Told(7))
        assert second.name == "pyramid"
        assert scales.getStats()["pyramid"]["requests"]["rate"]["count"] == 7

    def test_many_threads_that_all_find_us_missing_put_us_there_once(self):
        mounts = [mount.attach(Told(number)) for number in range(4)]
        for _ in range(20):
            scales.reset()
            threads = [threading.Thread(target=each.ensure) for each in mounts * 3]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(scales.getStats()) == ["pyramid", "pyramid-2", "pyramid-3", "pyramid-4"]
            for number, each in enumerate(mounts):
                assert scales.getStats()[each.name]["requests"]["rate"]["count"] == number


def test_each_application_sees_its_own_figures_at_pyramid(make_app):
    def setup(config):
        config.add_route("home", "/")
        config.add_view(lambda request: Response("hello"), route_name="home")

    first, second = make_app(setup=setup), make_app(setup=setup)
    first.get("/")
    for _ in range(2):
        second.get("/")
    for app, count in ((first, 1), (second, 2)):
        page = app.get("/scales/?format=json").json
        assert page["pyramid"]["requests"]["routes"]["home"]["rate"]["count"] == count
        assert "pyramid-2" not in page
    assert scales.getStats()["pyramid-2"]["requests"]["routes"]["home"]["rate"]["count"] == 2


def test_figures_that_can_not_be_computed_break_no_reader_and_are_logged_once(caplog):
    class Broken:
        def requests(self) -> Requests:
            raise RuntimeError("the disk is gone")

    mounted = mount.attach(Broken())
    for _ in range(3):
        assert dict(scales.getStats()["pyramid"]["requests"]) == {}
    assert [record.exc_info[0] for record in caplog.records] == [RuntimeError]
    assert mounted.name == "pyramid"


def test_the_tree_reader_knows_what_stands_there(mounted):
    root, problems = tree.read(("pyramid",))
    assert problems == []
    shown = mounted.outward(root).children["pyramid"]
    kinds = {key: child.kind.value for key, child in shown.children["requests"].children.items()}
    assert kinds == {
        "latency": "pmf",
        "rate": "meter",
        "responses": "counters",
        "exceptions": "counters",
        "routes": "group",
    }
    assert shown.children["process"].kind.value == "gauges"


def _in_a_child(code: str) -> Any:
    env = {**os.environ, "PYTHONPATH": str(Path(mount.__file__).parents[2])}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork_the_tree_shows_the_child():
    parent, child, before, after = _in_a_child("""
import json, os
from greplin import scales
from pyramid.config import Configurator
from pyramid.response import Response
from webtest import TestApp
config = Configurator()
config.include("pyramid_scales")
config.add_route("home", "/")
config.add_view(lambda request: Response("hello"), route_name="home")
app = TestApp(config.make_wsgi_app())
app.get("/")
def figures():
    ours = scales.getStats()["pyramid"]
    return [ours["process"]["pid"], ours["requests"]["rate"]["count"]]
parent = figures()
reader, writer = os.pipe()
child = os.fork()
if not child:
    before = figures()
    app.get("/"), app.get("/")
    os.write(writer, json.dumps([before, figures()]).encode())
    os._exit(0)
os.close(writer)
before, after = json.loads(os.read(reader, 65536))
os.waitpid(child, 0)
assert figures() == parent
print(json.dumps([parent, child, before, after]))
""")
    assert parent[0] != child
    assert parent[1] == 1
    assert before == [child, 0]
    assert after == [child, 2]


def test_importing_us_starts_no_thread_of_scales():
    threads = _in_a_child("""
import json, sys, threading
import pyramid_scales, pyramid_scales.tree.mount
print(json.dumps([threading.active_count(), "greplin.scales.meter" in sys.modules]))
""")
    assert threads == [1, False]


def test_process_figures_are_read_once_by_a_reader(mounted, monkeypatch):
    reads = []
    monkeypatch.setattr(process, "read", lambda: reads.append(1) or {"pid": 1})
    ours = mount.attach(None)
    dict(scales.getStats()[ours.name]["process"].items())
    assert len(reads) == 1
