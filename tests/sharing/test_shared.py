"""Sharing as an application meets it: when it begins, what it shows, and what it says."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import random
import shutil
import threading

import pytest
import sharing
from greplin import scales
from pyramid.response import Response

from pyramid_scales import application
from pyramid_scales.recording.histogram import Layout
from pyramid_scales.sharing.directory import Directory
from pyramid_scales.sharing.shared import Shared, _watch


@pytest.fixture
def shared(tmp_path, make_app):
    """``shared(name=value…)`` → an application that shares ``tmp_path/shared``; closed at the end."""
    made = []

    def make(**settings):
        chosen = {f"scales.{name}": value for name, value in settings.items()}
        app = make_app({"scales.shared_dir": str(tmp_path / "shared"), **chosen}, setup)
        # Further applications of this process stand for further workers of the first.
        share(app)._name = "app"
        made.append(app)
        return app

    def setup(config):
        config.add_route("home", "/")
        config.add_view(lambda request: Response("hello"), route_name="home")

    yield make
    for app in made:
        share(app).close()


def share(app):
    return application.of(app.app.registry).shared


def page(app, query=""):
    return app.get(f"/scales/?format=json{query}")


def requests(response):
    return response.json["pyramid"]["requests"]["responses"]


def test_nothing_happens_before_the_first_request(shared, tmp_path):
    app = shared()
    assert not (tmp_path / "shared").exists()
    assert not share(app).active
    app.get("/")
    assert share(app).active
    assert len(sharing.slots(tmp_path / "shared")) == 1


def test_only_the_owner_may_look_into_the_directory(shared, tmp_path):
    shared().get("/")
    (own,) = (tmp_path / "shared").iterdir()
    assert [oct(place.stat().st_mode & 0o777) for place in (own.parent, own)] == ["0o700", "0o700"]
    assert {oct(file.stat().st_mode & 0o777) for file in own.iterdir()} <= {"0o600"}


def test_a_page_shows_all_workers_or_one(shared):
    first, second = shared(), shared()
    for _ in range(3):
        first.get("/")
    second.get("/")
    assert requests(page(first)) == requests(page(second)) == {"200": 4}
    assert requests(page(first, "&scope=worker")) == {"200": 3}
    assert requests(page(second, "&scope=worker")) == {"200": 1}


def test_a_page_says_how_many_workers_live(shared):
    first, second = shared(), shared()
    first.get("/")
    assert page(first).headers["X-Scales-Workers"] == "1"
    second.get("/")
    assert page(first).headers["X-Scales-Workers"] == "2"
    share(second).close()
    assert page(first).headers["X-Scales-Workers"] == "1"
    assert requests(page(first)) == {"200": 2}


def test_a_page_that_is_the_first_request_of_a_worker_shows_the_others(shared):
    first, second = shared(), shared()
    first.get("/")
    assert requests(page(second)) == {"200": 1}


def test_the_successor_of_a_dead_worker_counts_on(shared, tmp_path):
    for count in (1, 2, 3):
        app = shared()
        app.get("/")
        assert requests(page(app)) == requests(page(app, "&scope=worker")) == {"200": count}
        share(app).close()
    assert len(sharing.slots(tmp_path / "shared")) == 1


def test_applications_of_different_names_do_not_see_each_other(shared):
    first, second = shared(), shared()
    share(second)._name = "another"
    first.get("/")
    second.get("/")
    assert requests(page(first)) == requests(page(second)) == {"200": 1}


def test_two_applications_of_one_process_do_not_share(make_app, tmp_path):
    apps = [make_app({"scales.shared_dir": str(tmp_path / "shared")}) for _ in range(2)]
    for app in apps:
        app.get("/nowhere", status=404)
    assert [requests(page(app)) for app in apps] == [{"404": 1}] * 2
    assert len(list((tmp_path / "shared").iterdir())) == 2
    for app in apps:
        share(app).close()


def test_statistics_of_all_workers_are_merged_and_our_own_figures_are_not(shared):
    """Both applications read one tree here, so each counts what both see."""
    tree = scales.init(type("Shop", (), {"orders": scales.IntStat("orders")})(), "shop")
    first, second = shared(), shared()
    tree["orders"] = 3
    first.get("/")
    second.get("/")
    assert page(first).json["shop"] == {"orders": 6}
    assert page(first).json["pyramid"]["process"]["pid"] == os.getpid()
    assert page(first, "&scope=worker").json["shop"] == {"orders": 3}
    assert [key for key in page(first).json if key.startswith("pyramid")] == ["pyramid"]


def test_gauges_of_the_settings_are_merged_by_their_rule(shared):
    tree = scales.init(type("Shop", (), {"open": scales.IntStat("open")})(), "shop")
    first, second = shared(gauges="shop/open=max"), shared(gauges="shop/open=max")
    tree["open"] = 3
    first.get("/")
    second.get("/")
    assert page(first).json["shop"] == {"open": 3}


def test_one_part_of_the_tree_is_merged_like_the_whole(shared):
    scales.init(type("Shop", (), {})(), "shop")["orders"] = 3
    first, second = shared(), shared()
    first.get("/")
    second.get("/")
    assert first.get("/scales/shop/orders?format=json").json == 6
    assert first.get("/scales/pyramid/requests/responses?format=json").json == {"200": 2}


def test_statistics_are_published_where_requests_are_not_timed(shared):
    scales.init(type("Shop", (), {})(), "shop")["orders"] = 3
    first, second = shared(timing=False), shared(timing=False)
    first.get("/")
    second.get("/")
    assert page(first).json["shop"] == {"orders": 6}
    assert "requests" not in page(first).json["pyramid"]


def test_a_directory_that_can_not_be_used_is_one_warning_and_a_note(shared, tmp_path, caplog):
    (tmp_path / "shared").touch()
    app = shared()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            app.get("/")
            assert page(app).status_code == 200
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "shared_dir can't be used" in warnings[0].message
    assert requests(page(app)) == {"200": 3}
    assert "This page shows this worker alone" in app.get("/scales/").text


def test_a_system_without_locks_is_one_warning_and_a_note(shared, monkeypatch, caplog):
    monkeypatch.setattr("pyramid_scales.sharing.directory.fcntl", None)
    app = shared()
    app.get("/")
    assert requests(page(app)) == {"200": 1}
    assert "needs flock" in caplog.text


def test_a_file_system_without_locks_is_one_warning_and_a_note(shared, monkeypatch, caplog):
    def flock(fd, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", flock)
    app = shared()
    app.get("/")
    assert requests(page(app)) == {"200": 1}
    assert "no locks" in caplog.text


def test_want_of_descriptors_is_a_note_not_an_error(shared, monkeypatch):
    first, second = shared(), shared()
    first.get("/")
    second.get("/")

    def refuse(*_, **__):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("pyramid_scales.sharing.directory.os.open", refuse)
    response, shown = page(first), first.get("/scales/").text
    monkeypatch.undo()
    assert requests(response) == {"200": 1}
    assert "The other workers could not be read" in shown
    assert requests(page(first)) == {"200": 2}


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_slot_of_another_worker_breaks_no_page(shared, tmp_path, seed):
    first, second = shared(), shared()
    for app in (first, second):
        app.get("/")
        app.get("/nowhere", status=404)
    path = sharing.slots(tmp_path / "shared")[1]
    sound, chance = path.read_bytes(), random.Random(seed)
    start, end = 4096, len(sound)
    for _ in range(60):
        damaged = bytearray(sound)
        for _ in range(chance.choice((1, 3, 50))):
            at, length = chance.randrange(*chance.choice(((0, 512), (start, end)))), chance.choice((1, 8, 64))
            damaged[at : at + length] = chance.choice(
                (bytes(length), b"\xff" * length, chance.randbytes(length))
            )
        _write(path, damaged[:end])
        for form in ("json", "html", "prometheus"):
            assert first.get(f"/scales/?format={form}").status_code == 200
    _write(path, sound)
    assert requests(page(first)) == {"200": 2, "404": 2}


def _write(path, content):
    """Over what is there: a mapped file must not be shortened."""
    with open(path, "r+b") as file:
        file.write(content)


def test_a_stopped_process_that_holds_the_directory_is_not_waited_for_for_ever(shared, tmp_path, monkeypatch):
    first, second = shared(), shared()
    first.get("/")
    monkeypatch.setattr("pyramid_scales.sharing.directory.PATIENCE", 0.01)
    (own,) = (tmp_path / "shared").iterdir()
    holder = os.open(own, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    second.get("/")
    assert requests(page(second)) == {"200": 2}
    os.close(holder)


def test_old_workers_are_forgotten_by_an_application_that_starts_after_a_while(shared, tmp_path):
    app = shared(shared_keep=2)
    app.get("/")
    share(app).close()
    for file in (tmp_path / "shared").rglob("s*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    again = shared(shared_keep=2)
    assert "200" not in requests(page(again))


def test_a_timer_that_can_not_start_is_no_trouble(shared, monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    app = shared()
    app.get("/")
    assert requests(page(app)) == {"200": 1}


def test_no_thread_is_left_when_a_process_forks(shared):
    app = shared()
    app.get("/")
    share(app)._rest()
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_worker_whose_statistics_are_gone_is_shown_with_its_requests(shared, tmp_path):
    first, second = shared(), shared()
    first.get("/")
    second.get("/")
    (published,) = (tmp_path / "shared").rglob("stats-0001.json")
    published.unlink()
    (published.parent / "slot-0007").mkdir()
    (published.parent / "slot-0008").touch()
    assert requests(page(first)) == {"200": 2}
    assert page(first).headers["X-Scales-Workers"] == "2"


def test_a_slot_that_can_not_be_opened_now_is_told_not_left_out(shared, monkeypatch):
    first, second = shared(), shared()
    first.get("/")
    second.get("/")
    real = Directory.open_file

    def open_file(self, name, create=False):
        if name == "slot-0001":
            raise OSError(24, "Too many open files")
        return real(self, name, create)

    monkeypatch.setattr(Directory, "open_file", open_file)
    assert "The other workers could not be read" in first.get("/scales/").text


def test_files_that_were_removed_are_told_once_in_the_log_and_on_each_page(shared, tmp_path, caplog):
    app = shared()
    app.get("/")
    shutil.rmtree(tmp_path / "shared")
    for _ in range(2):
        assert "restart the application" in app.get("/scales/").text
        share(app)._end()
    assert [record.message for record in caplog.records if "was removed" in record.message] != []
    assert sum("was removed" in record.message for record in caplog.records) == 1


def test_statistics_that_can_not_be_written_are_a_note(shared, tmp_path):
    app = shared()
    app.get("/")
    (published,) = (tmp_path / "shared").rglob("stats-0000.json")
    published.unlink()
    published.mkdir()
    scales.getStats()["orders"] = 1
    assert "could not write its statistics for the others" in app.get("/scales/").text


def test_at_the_end_of_a_process_its_statistics_are_published(shared, tmp_path):
    app = shared()
    share(app)._end()
    assert not (tmp_path / "shared").exists()
    app.get("/")
    scales.getStats()["orders"] = 77
    share(app)._end()
    (published,) = (tmp_path / "shared").rglob("stats-0000.json")
    assert "77" in published.read_text(encoding="utf-8")


def test_before_the_first_request_a_fork_is_nothing(shared, tmp_path):
    app = shared()
    for hook in (share(app)._rest, share(app)._go_on, share(app)._let_go, share(app).close):
        hook()
    assert not share(app).active
    assert not (tmp_path / "shared").exists()


def test_after_a_fork_the_timer_runs_again(shared):
    app = shared()
    app.get("/")
    share(app)._rest()
    share(app)._go_on()
    assert [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_failure_while_sharing_is_logged_and_breaks_no_request(shared, caplog):
    def fail():
        raise RuntimeError("no figures")

    def due():
        share(app)._wake, share(app)._current._publisher._looked = 0.0, -10.0

    app = shared(timing="false")
    app.get("/")
    sound, share(app).unshared = share(app).unshared, fail
    due()
    assert app.get("/").text == "hello"
    due()
    share(app)._current._on_time()
    share(app).unshared = sound
    assert caplog.text.count("the application's statistics could not be shared") == 2


def test_a_timer_that_comes_too_early_comes_again(shared):
    app = shared()
    app.get("/")
    share(app)._current.rest()
    share(app)._current._on_time()
    assert [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_who_has_no_share_has_nothing_that_a_child_would_count_twice(shared, tmp_path, caplog):
    (tmp_path / "shared").touch()
    app = shared()
    app.get("/")
    assert share(app)._current.counted() is None
    share(app)._current.pid = -1
    share(app).open_store()
    assert not share(app).active
    assert len(caplog.records) == 1


def test_a_process_that_finds_itself_with_its_parents_slot_takes_one_of_its_own(shared, tmp_path):
    """As a forked child does; the number of the process is all that tells it."""
    app = shared()
    scales.getStats()["orders"] = 5
    app.get("/")
    parents = share(app)._current
    parents.rest()
    parents.pid = -1
    parents._on_time()
    assert parents._timer is None
    share(app)._let_go()
    share(app).open_store()
    child = share(app)._current
    assert child is not parents
    assert child.active
    assert child.store is not parents.store
    assert page(app).json["orders"] == 5


def test_descriptors_that_the_application_closed_are_not_told_as_files_that_were_removed(shared):
    app = shared()
    app.get("/")
    home = share(app)._current
    os.close(home._directory.fd)
    assert not home._is_removed()


def test_hooks_of_an_application_that_is_gone_do_nothing(shared, monkeypatch):
    hooks = {}
    monkeypatch.setattr(os, "register_at_fork", lambda **given: hooks.update(given))
    monkeypatch.setattr(atexit, "register", lambda hook: hooks.update(end=hook))
    alone = Shared("/nowhere", 1.0, "app", Layout.of((1,)))
    monkeypatch.setattr(Shared, "_end", lambda self: ended.append("here"))
    ended = []
    _watch(alone)
    assert sorted(hooks) == ["after_in_child", "after_in_parent", "before", "end"]
    hooks["end"]()
    del alone
    for hook in hooks.values():
        hook()
    assert ended == ["here"]


def test_a_page_without_figures_of_requests_tells_of_what_overflowed_in_all_workers(shared):
    first, second = shared(), shared(max_series=10)
    scales.getStats()["shop"] = {"five": 5}
    recorder = application.of(second.app.registry).recorder
    for number in range(30):
        recorder.record(recorder.cell(sharing.HOME._replace(route=f"route {number}")), 0, 1)
    overflowed = recorder.requests().overflowed
    assert overflowed > 10
    for path in ("/scales/", "/scales/shop"):
        assert f"{overflowed} requests stand under (other)" in first.get(path).text
