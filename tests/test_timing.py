"""Requests that are not timed, or wrongly, are never shown as if none had come: the page says why."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from greplin import scales
from prometheus_client.parser import text_string_to_metric_families
from pyramid.config import Configurator
from pyramid.events import NewRequest
from pyramid.response import Response
from webtest import TestApp

from pyramid_scales import scales_stats
from pyramid_scales.tween import scales_tween_factory

MakeApp = Callable[..., TestApp]

OURS = "pyramid_scales.tween.scales_tween_factory"
EXCVIEW = "pyramid.tweens.excview_tween_factory"
MISSING = (
    "the setting pyramid.tweens lists tweens, and pyramid_scales.tween.scales_tween_factory is not among"
)
BEHIND = "such as every 404, are counted as errors (500)"


def with_home(config: Configurator) -> None:
    config.add_route("home", "/")
    config.add_view(lambda request: Response("home"), route_name="home")


@pytest.fixture
def untimed(make_app: MakeApp) -> TestApp:
    """An application whose list of tweens does not name ours, after a request."""
    app = make_app({"pyramid.tweens": EXCVIEW}, with_home)
    app.get("/")
    return app


def wrapping_tween_factory(handler: Any, registry: Any) -> Any:
    """A tween of the application's own with ours inside."""
    return scales_tween_factory(handler, registry)


def test_a_list_of_tweens_without_ours_is_named_on_the_page(untimed: TestApp) -> None:
    for url in ("/scales/", "/scales/?query=pid", "/scales/pyramid/", "/scales/pyramid/process/pid"):
        assert MISSING in untimed.get(url).html.find(id="untimed").text
    page = untimed.get("/scales/").html
    assert "before all others" in page.find(id="untimed").text
    assert page.find(id="overview") is None
    assert "No request has been recorded" not in page.text


def test_without_our_tween_no_figure_of_requests_reads_as_zero(untimed: TestApp) -> None:
    assert list(untimed.get("/scales/pyramid/?format=json").json) == ["process"]
    assert list(scales.getStats()["pyramid"]) == ["process"]
    text = untimed.get("/scales/?format=prometheus").text
    names = {family.name for family in text_string_to_metric_families(text)}
    assert "process_resident_memory_bytes" in names
    assert not {name for name in names if name.startswith("http_server")}


@pytest.mark.parametrize("format", ["html", "json", "prometheus"])
def test_who_looks_for_the_figures_is_told_why_there_are_none(untimed: TestApp, format: str) -> None:
    for path in ("requests", "requests/latency/99percentile"):
        assert MISSING in untimed.get(f"/scales/pyramid/{path}?format={format}", status=404).text
    assert MISSING in untimed.get("/scales/?route=home", status=400).text


def test_a_list_without_our_tween_is_one_warning_at_the_start(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app({"pyramid.tweens": EXCVIEW}, with_home)
    app.get("/"), app.get("/scales/")
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "pyramid_scales.timing")
    assert MISSING in record.getMessage()


@pytest.mark.parametrize("timing", ["true", "false"])
def test_once_the_application_is_made_we_listen_to_no_event(make_app: MakeApp, timing: str) -> None:
    """Where nobody listens, Pyramid does not even ask: that is a third of the time of a small request."""
    assert not make_app({"scales.timing": timing}, with_home).app.registry.has_listeners


def test_who_else_listens_is_heard(make_app: MakeApp) -> None:
    heard: list[type] = []

    def setup(config: Configurator) -> None:
        with_home(config)
        config.add_subscriber(lambda event: heard.append(type(event)), NewRequest)

    app = make_app({}, setup)
    app.get("/")
    assert app.app.registry.has_listeners
    assert heard == [NewRequest]


def test_the_wish_for_no_timing_is_not_taken_for_a_mistake(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app({"pyramid.tweens": EXCVIEW, "scales.timing": "false"})
    assert (
        app.get("/scales/").html.find(id="untimed").text == "Requests are not timed: scales.timing is false."
    )
    assert caplog.records == []


def test_a_tween_of_ones_own_may_have_ours_inside(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pyramid wants a dotted name, and tests are no importable modules.
    module = ModuleType("shop_tweens")
    module.wrapping = wrapping_tween_factory  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_tweens", module)
    app = make_app({"pyramid.tweens": f"shop_tweens.wrapping {EXCVIEW}"}, with_home)
    app.get("/")
    assert app.get("/scales/pyramid/requests/responses?format=json").json == {"200": 1}
    assert app.get("/scales/").html.find(id="untimed") is None


@pytest.mark.parametrize("tweens", ["", OURS, f"{OURS} {EXCVIEW}"])
def test_where_our_tween_is_in_its_place_nothing_is_said(
    make_app: MakeApp, tweens: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = make_app({"pyramid.tweens": tweens}, with_home).get("/scales/")
    assert page.html.find(id="untimed") is None
    assert BEHIND not in page.text
    assert caplog.records == []


def test_behind_the_exception_views_every_404_would_be_an_error_and_every_page_says_so(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app({"pyramid.tweens": f"{EXCVIEW} {OURS}"}, with_home)
    app.get("/nowhere", status=404)
    assert app.get("/scales/pyramid/requests/responses?format=json").json == {"500": 1}
    for path in ("", "pyramid/", "pyramid/requests/responses"):
        assert BEHIND in app.get(f"/scales/{path}").html.find(id="notices").text
    assert [BEHIND in record.getMessage() for record in caplog.records] == [True]


def test_workers_that_share_a_directory_say_what_else_they_lack(make_app: MakeApp, tmp_path: Any) -> None:
    settings = {"pyramid.tweens": EXCVIEW, "scales.shared_dir": str(tmp_path / "shared")}
    app = make_app(settings, with_home)
    app.get("/")
    assert "other workers' statistics" in app.get("/scales/").html.find(id="untimed").text
    assert "http_server" not in app.get("/scales/?format=prometheus").text


def test_an_explicit_list_with_our_tween_shares_statistics_where_nothing_is_timed(
    make_app: MakeApp, tmp_path: Any
) -> None:
    settings = {"pyramid.tweens": f"{OURS} {EXCVIEW}", "scales.timing": "false"}
    app = make_app({**settings, "scales.shared_dir": str(tmp_path / "shared")}, with_home)
    assert not (tmp_path / "shared").exists()
    app.get("/")
    assert list((tmp_path / "shared").iterdir())


def test_a_view_without_the_include_says_that_it_was_not_included() -> None:
    config = Configurator()
    config.add_route("own", "/own/*prefix")
    config.add_view(scales_stats, route_name="own")
    page = TestApp(config.make_wsgi_app()).get("/own/").html
    assert "pyramid_scales was not included" in page.find(id="untimed").text
