"""The demo as an application; tests/functional/test_demo.py starts it as a program."""

from __future__ import annotations

import gc
import json
import logging
import os
import random
import re
import signal
import socket
import threading
import time
import warnings
from contextlib import suppress
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from greplin import scales
from webtest import TestApp

from pyramid_scales import demo


@pytest.fixture
def shop():
    """The demo without its server and its customers, on a tree of its own."""
    random.seed(1)
    return TestApp(demo.make_wsgi_app())


def statistics(shop):
    return shop.get("/scales/?format=json").json["shop"]


def test_every_page_answers_as_its_docstring_says(shop):
    assert "/scales/" in shop.get("/").text
    assert shop.get("/search").json["found"] in demo.GENRES
    assert shop.get("/books/7").json == {"title": "no. 7"}
    shop.get("/books/99", status=404)
    shop.get("/wp-login.php", status=404)
    assert shop.get("/index.html", status=302).location == "http://localhost/"
    assert shop.get("/poetry").json == {"genre": "poetry", "stock": 50}
    with pytest.raises(KeyError):
        shop.get("/recommend")


def test_an_order_moves_the_statistics(shop):
    answers = [shop.post("/order", status="*").status_int for _ in range(40)]
    assert set(answers) == {200, 502}
    shown = statistics(shop)
    assert shown["orders"] == answers.count(200) == shown["books per order"]["count"]
    assert sum(pmf["count"] for pmf in shown["price"].values()) == shown["orders"]


def test_there_is_a_statistic_of_every_type_that_scales_knows(shop):
    for _ in range(20):
        shop.post("/order", status="*")
        shop.get("/search")
        shop.app.registry.shop.work()
    found = {type(value).__name__ for value in scales.getStats()["shop"].data.values()}
    assert found == {
        *("int", "float", "str", "dict", "defaultdict", "function", "method"),
        *("IntDict", "StringDict", "PmfStatDict", "NamedPmfDict", "MeterStatDict", "MeterDict"),
        *("StateTimeStatDict", "StatContainer"),
    }


def test_the_statistic_that_fails_is_named_and_all_others_are_shown(shop):
    page = shop.get("/scales/", headers={"Accept": "text/html"})
    assert "the warehouse does not answer" in page.text
    assert "open for seconds" in page.text
    assert statistics(shop)["warehouse"] is None


def test_the_cellar_is_collapsed_and_has_an_address(shop):
    assert "cellar" not in statistics(shop)
    assert shop.get("/scales/shop/cellar/?format=json").json == {"bottles": 12}


def test_settings_reach_the_page(shop):
    other = TestApp(demo.make_wsgi_app({"scales.path": "/numbers"}))
    assert other.get("/numbers/?format=json").json["shop"]["stock"] == 150
    assert "/numbers/" in other.get("/").text


@pytest.mark.parametrize("visit", sorted(set(demo.VISITS)))
def test_customers_ask_for_what_there_is(shop, visit):
    method, target = visit.format(number=7).split()
    if "recommend" in target:
        pytest.skip("it fails on purpose, into the server")
    status = shop.request(target, method=method, status="*").status_int
    assert (status == 404) is ("wp-login" in target)


@pytest.fixture
def port():
    """A free one; signal handlers and the log's level are put back after the test."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    yield free
    for number, handler in handlers.items():
        signal.signal(number, handler)
    logging.getLogger("waitress").setLevel(logging.NOTSET)
    with warnings.catch_warnings():
        # waitress leaves the connections that are open at the end to the end of the process.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


# waitress leaves a socket open that it could not bind, and its trigger with it.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("is_taken", [False, True], ids=["free port", "port taken"])
def test_the_program_says_where_it_is_and_serves_its_customers_until_ctrl_c(port, capsys, is_taken):
    seen, said = [], []

    def look():
        said.append(capsys.readouterr().out)
        address = re.search(r"http://127\.0\.0\.1:(\d+)/scales/", "".join(said))
        if address is None:
            return
        with urlopen(f"{address.group()}shop/?format=json", timeout=30) as page:
            shown = json.load(page)
        if shown.get("visits", {}).get("count", 0) > 3 and "clerk" in shown:
            seen.append(int(address.group(1)))

    def press_ctrl_c_after_some_visits():
        deadline = time.monotonic() + 60
        while not seen and time.monotonic() < deadline:
            time.sleep(0.1)
            with suppress(URLError):
                look()
        os.kill(os.getpid(), signal.SIGINT)

    with socket.socket() as other:
        if is_taken:
            other.bind(("127.0.0.1", port))
            other.listen()
        threading.Thread(target=press_ctrl_c_after_some_visits).start()
        demo.main(["--port", str(port)])
    assert seen
    assert (seen[0] == port) is not is_taken


def test_a_customer_who_finds_the_shop_closed_goes_away(port):
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
    assert demo.visit(port) is None
