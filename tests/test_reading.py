"""What a page needs to know besides the snapshot."""

from __future__ import annotations

import platform

import pytest
from pyramid.config import Configurator
from snapshots import snapshot, worker

from pyramid_scales import application, reading
from pyramid_scales.recording.readout import Extent


def test_the_versions_are_those_of_what_runs():
    versions = dict(reading.versions())
    assert list(versions) == ["Python", "pyramid_scales", "pyramid", "scales"]
    assert versions["Python"] == platform.python_version()
    assert versions["pyramid"][0] == "2"


def test_what_is_not_installed_has_no_version():
    assert reading._version("a distribution that nobody has") == "not installed"


@pytest.mark.parametrize(
    ("format", "path", "is_filtered", "beside", "in_tree", "extent"),
    [
        ("html", (), False, True, False, Extent.MEANS),
        ("html", (), True, True, True, Extent.MEANS),
        ("html", ("pyramid", "requests"), False, True, True, Extent.MEANS),
        ("json", (), False, False, True, Extent.RATES),
        ("prettyjson", ("pyramid",), False, False, True, Extent.RATES),
        ("prometheus", (), False, True, False, Extent.TOTALS),
        ("openmetrics", ("pyramid",), False, True, True, Extent.RATES),
        ("json", ("db",), False, False, False, Extent.NOTHING),
        ("html", ("db",), True, False, False, Extent.NOTHING),
    ],
)
def test_only_what_an_answer_shows_of_requests_is_read(format, path, is_filtered, beside, in_tree, extent):
    assert reading.wanted(format, path, is_filtered) == (beside, in_tree, extent)


def test_an_answer_tells_of_the_living_workers_and_the_oldest_snapshot_of_theirs():
    workers = [worker(0, age=0.5), worker(1, age=1.25), worker(2, live=False, age=9.0)]
    assert reading.headers(snapshot(workers=workers)) == {"X-Scales-Workers": "2", "X-Scales-Oldest": "1.2"}
    assert reading.headers(snapshot(workers=workers[2:])) == {
        "X-Scales-Workers": "0",
        "X-Scales-Oldest": "0.0",
    }
    assert reading.headers(snapshot()) == {}


def test_a_process_has_run_for_a_while():
    assert reading.uptime() > 0


def shown(request):
    """A view."""


class Shop:
    """A view too."""

    def __init__(self, request):
        pass

    def __call__(self):
        pass


def test_the_routes_of_the_application_are_known_with_a_view_of_each():
    config = Configurator()
    config.include("pyramid_scales")
    for name, view in {"home": shown, "shop": Shop, "idle": None}.items():
        config.add_route(name, f"/{name}")
        if view is not None:
            config.add_view(view, route_name=name, renderer="string")
    config.add_view(shown, name="of-no-route", renderer="string")
    config.commit()
    assert reading.known_routes(config.registry) == [
        ("home", "/home", f"{__name__}.shown"),
        ("shop", "/shop", f"{__name__}.Shop"),
        ("idle", "/idle", ""),
    ]


def test_without_routes_none_are_known():
    assert reading.known_routes(Configurator().registry) == []


def test_an_application_without_trouble_has_no_notes(app):
    found = application.of(app.app.registry)
    assert not reading.take(found, (), "all", reading.wanted("html", (), False)).notes
