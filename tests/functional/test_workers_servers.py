"""Servers with several workers: whichever answers, the page counts what the client was answered."""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from os import kill

import pytest
import servers
import sharing


def counted(server):
    """The requests on the page of whichever worker answers."""
    return server.tree()["pyramid"]["requests"]["responses"].get("200", 0)


def load(server, workers, requests=200):
    """So many requests at least, and more until so many workers took part."""
    for _ in range(20):
        server.load(requests)
        if len(server.pids) >= workers:
            return
    raise AssertionError(f"only {len(server.pids)} workers took part")


shortly_and_long = pytest.mark.parametrize(
    "requests", [pytest.param(200, id="short"), pytest.param(5000, id="long", marks=pytest.mark.soak)]
)


@shortly_and_long
@pytest.mark.parametrize("recycle", [0, 50])
@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["late", "preload"])
@pytest.mark.parametrize("worker", ["sync", "gthread", "gevent"])
def test_gunicorn_every_answer_is_on_the_page(tmp_path, worker, preload, recycle, requests):
    servers.needs(worker)
    options = ["--workers", "3", "--worker-class", worker, *preload, "--max-requests", str(recycle)]
    with servers.gunicorn(tmp_path, *options, *(["--threads", "3"] if worker == "gthread" else [])) as server:
        load(server, 4 if recycle else 2, requests)
        assert [counted(server) for _ in range(5)] == [server.answers] * 5
        assert not server.failures


@pytest.mark.parametrize("worker", ["sync", "gthread", "gevent"])
def test_workers_that_gunicorn_recycles_take_no_statistics_with_them(tmp_path, worker):
    servers.needs(worker)
    options = ["--workers", "3", "--worker-class", worker, "--max-requests", "50"]
    with servers.gunicorn(tmp_path, *options) as server:
        load(server, 4)
        sharing.until(lambda: server.tree()["shop"]["orders"] == server.answers)
        assert server.tree()["shop"]["size"]["count"] == server.answers


@shortly_and_long
@pytest.mark.parametrize(
    "options",
    [[], ["--lazy-apps"], ["--threads", "3"], ["--max-requests", "50", "--min-worker-lifetime", "1"]],
    ids=["default", "lazy", "threads", "recycled"],
)
def test_uwsgi_every_answer_is_on_the_page(tmp_path, options, requests):
    with servers.uwsgi(tmp_path, "--processes", "3", *options) as server:
        load(server, 4 if "--max-requests" in options else 2, requests)
        assert [counted(server) for _ in range(5)] == [server.answers] * 5
        assert not server.failures


@pytest.mark.parametrize("options", [[], ["--enable-threads"]], ids=["without threads", "with threads"])
def test_workers_that_uwsgi_recycles_take_no_statistics_with_them(tmp_path, options):
    recycled = ["--max-requests", "50", "--min-worker-lifetime", "1"]
    with servers.uwsgi(tmp_path, "--processes", "3", *recycled, *options) as server:
        load(server, 4)
        sharing.until(lambda: orders_after_all_were_asked(server) == server.answers)
        assert server.tree()["shop"]["size"]["count"] == server.answers


def orders_after_all_were_asked(server):
    """Each worker writes down what it has when it answers a page; without threads, only then."""
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda _: server.tree(), range(18)))
    return server.tree()["shop"]["orders"]


def test_killed_workers_take_nothing_with_them_and_leave_no_files_behind(tmp_path):
    with servers.gunicorn(tmp_path, "--workers", "3", "--timeout", "60") as server:
        chance, kills, last = random.Random(4), 6, 0
        for _ in range(kills):
            server.load(60)
            found = counted(server)
            assert found >= last, "a total fell"
            last = found
            kill(chance.choice(sorted(pid for pid in server.pids if alive(pid))), signal.SIGKILL)
        server.load(60)
        assert server.answers <= counted(server) <= server.answers + kills
        assert len(servers.slots(tmp_path / "shared")) <= 3 + 1


def alive(pid):
    try:
        kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_page_can_show_the_answering_worker_alone(tmp_path):
    with servers.gunicorn(tmp_path, "--workers", "3") as server:
        server.load(120)
        alone = [server.tree(scope="worker") for _ in range(20)]
        assert min(page["pyramid"]["requests"]["responses"].get("200", 0) for page in alone) < server.answers
        assert counted(server) == server.answers


def test_the_totals_outlive_a_restart_of_the_server(tmp_path):
    with servers.gunicorn(tmp_path, "--workers", "2") as server:
        server.load(40)
        before = server.answers
        time.sleep(1.2)
    with servers.gunicorn(tmp_path, "--workers", "2") as server:
        server.load(40)
        tree = server.tree()
        assert tree["pyramid"]["requests"]["responses"]["200"] == before + server.answers
        assert tree["shop"]["orders"] >= before
