"""One browser for all tests that need one; a site of its own for each."""

from __future__ import annotations

import contextlib

import pytest
from browsing import STRICT, Shop, Site, make_wsgi_app, start_browser


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A running Chromium."""
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """The browser without a page, without memories, with an empty console."""
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    chromium.get_log("browser")
    chromium.set_window_size(1280, 1000)
    yield chromium
    chromium.get("about:blank")


@pytest.fixture
def serve():
    """``serve(policy, app)`` → a :class:`browsing.Site`, stopped after the test."""
    with contextlib.ExitStack() as stack:

        def start(policy=STRICT, settings=None, app=None):
            site = Site(app or make_wsgi_app(policy, settings))
            stack.callback(site.stop)
            return site

        yield start


@pytest.fixture
def shop():
    """Statistics, some of them with hostile names."""
    return Shop()


@pytest.fixture
def site(serve, shop):
    """The application under a strict policy, after some requests."""
    site = serve()
    for path in ("/", "/", "/", "/book/1", "/book/2", "/fail", "/hostile", "/nowhere"):
        site.get(path)
    site.asked.clear()
    return site
