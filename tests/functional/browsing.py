"""A real Chromium, and a real application on a port of its own for it to look at."""

from __future__ import annotations

import http.client
import os
import shutil
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from greplin import scales
from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.response import Response

CHECKOUT = Path(__file__).parents[2]
PICTURES = CHECKOUT / "artifacts"
AXE = CHECKOUT / ".cache" / "node_modules" / "axe-core" / "axe.min.js"
STRICT = "default-src 'self'"
HOSTILE = "</script><img src=x onerror=window.pwned=1>'\"&"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
    "--js-flags=--expose-gc",
)


def missing(what):
    """Skips the test for lack of a program; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and in CI this test must run")
    pytest.skip(what)


def start_browser(profile):
    """A Chromium with an empty profile."""
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if None in programs:
        missing("chromium and chromedriver (Debian packages chromium, chromium-driver) are not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(programs[1]))


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Nothing: a test's output is its result."""


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False


class Site:
    """An application that is served; ``asked`` holds the address of every request to its page."""

    def __init__(self, app):
        self.asked = []
        self._app = app
        self._server = None
        self.port = 0
        self.start()

    def _count(self, environ, start_response):
        if environ["PATH_INFO"].startswith("/scales/") and "~static" not in environ["PATH_INFO"]:
            self.asked.append(environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", ""))
        return self._app(environ, start_response)

    def start(self):
        """Serve, on the same port as before."""
        self._server = make_server("127.0.0.1", self.port, self._count, _Threads, _Quiet)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Stop listening: further connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def url(self, path="/scales/"):
        """The whole address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path):
        """Status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Accept": "text/html"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


class Shop:
    """The statistics of the application under test."""

    errors = scales.IntStat("errors")
    ratio = scales.DoubleStat("ratio")
    title = scales.Stat("title", "none")
    codes = scales.IntDictStat("codes")
    wait = scales.PmfStat("wait")

    def __init__(self):
        scales.init(self, "shop")
        self.errors = 1
        self.ratio = 1 / 3
        for code, amount in ((200, 512345), (404, 3), (500, 7)):
            self.codes[code] = amount
        for value in (0.1, 0.2, 0.3, 0.4):
            self.wait = value
        tree = scales.getStats()
        tree["keys"] = {f"key-{number}": number for number in range(60)}
        tree[HOSTILE] = {HOSTILE: HOSTILE, "": 5, "a/b": 6}


def fail(request):
    raise ValueError("as it was meant to")


def make_wsgi_app(policy=STRICT, settings=None, more=()):
    """An application with routes that are fast, failing, hostile, and never requested."""
    config = Configurator(settings=dict(settings or {}))
    config.include("pyramid_scales")
    for name, pattern, view in (
        ("home", "/", lambda request: Response("home")),
        ("book", "/book/{number}", lambda request: Response("book")),
        ("fail", "/fail", fail),
        (HOSTILE, "/hostile", lambda request: Response("inert")),
        ("never", "/never/{asked}", lambda request: Response("never")),
        *((name, f"/{name}", lambda request: Response("more")) for name in more),
    ):
        config.add_route(name, pattern)
        config.add_view(view, route_name=name)
    config.add_view(lambda error, request: Response("broken", status=500), context=ValueError)

    def guard(event):
        event.response.headers["Content-Security-Policy"] = policy

    config.add_subscriber(guard, NewResponse)
    return config.make_wsgi_app()
