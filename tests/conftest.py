"""Real little applications for the tests, and a clean scales tree before and after each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from greplin import scales
from pyramid.config import Configurator
from webtest import TestApp

Setup = Callable[[Configurator], object]


@pytest.fixture(autouse=True)
def clean_tree() -> Iterator[None]:
    """The scales tree belongs to the process; no test sees another's."""
    _clear()
    yield
    _clear()


def _clear() -> None:
    scales.getStats().data.clear()


@pytest.fixture
def make_app() -> Callable[..., TestApp]:
    """``make_app(settings, setup)`` → WebTest application with pyramid_scales included.

    ``setup(config)`` adds what the test needs; the add-on is included after it.
    """

    def make(settings: Mapping[str, Any] | None = None, setup: Setup | None = None) -> TestApp:
        config = Configurator(settings=dict(settings or {}))
        if setup is not None:
            setup(config)
        config.include("pyramid_scales")
        return TestApp(config.make_wsgi_app())

    return make


@pytest.fixture
def app(make_app: Callable[..., TestApp]) -> TestApp:
    """An application with pyramid_scales as it is installed."""
    return make_app()
