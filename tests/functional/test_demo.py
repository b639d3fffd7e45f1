"""The demo as a program, in the way that ``make demo`` starts it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.request import urlopen


@contextmanager
def running(*arguments):
    """The program, the address that it prints, and all of that line."""
    program = subprocess.Popen(
        [sys.executable, "-m", "pyramid_scales.demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = program.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/scales/", said)
        assert found, said + program.stderr.read()
        yield program, found.group(), said
    finally:
        program.kill()
        program.communicate()


def fetch(address):
    with urlopen(address, timeout=30) as response:
        return response.read().decode("utf-8")


def eventually(address, condition):
    """What the page holds as soon as it is as expected; customers take some seconds."""
    last = None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        last = json.loads(fetch(address + "?format=json"))
        if condition(last):
            return last
        time.sleep(0.2)
    raise AssertionError(last)


def test_the_demo_serves_a_page_that_its_customers_keep_moving():
    with running("--port", "0") as (_, address, said):
        assert said == f"The page is at {address} and Ctrl-C ends it.\n"
        assert "<html" in fetch(address)
        tree = eventually(address, lambda tree: tree["shop"].get("orders", 0) > 3 and "clerk" in tree["shop"])
        assert tree["shop"]["visits"]["count"] > 0
        responses = tree["pyramid"]["requests"]["responses"]
        assert responses["200"] > 0


def test_the_demo_takes_a_free_port_where_its_own_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running("--port", str(port)) as (_, address, said):
            assert f":{port}/" not in address
            assert said.startswith(f"Port {port}: Address already in use. The page is at ")
            fetch(address)


def test_ctrl_c_ends_the_demo_quietly_even_when_pressed_twice():
    with running("--port", "0") as (program, address, _):
        fetch(address)
        program.send_signal(signal.SIGINT)
        program.send_signal(signal.SIGINT)
        _, complaints = program.communicate(timeout=60)
        assert program.returncode == 0
        assert "Traceback" not in complaints
