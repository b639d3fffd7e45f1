"""``config.include("pyramid_scales")``: once, twice, below a prefix, beside others, and when settings count."""  # noqa: E501

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from greplin import scales
from pyramid import testing
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import ITweens
from pyramid.request import Request
from pyramid.response import Response
from webtest import TestApp

import pyramid_scales
from pyramid_scales import application
from pyramid_scales.views import guarded_stats

MakeApp = Callable[..., TestApp]


def made(config: Configurator) -> TestApp:
    return TestApp(config.make_wsgi_app())


def shop(request: Request) -> Response:
    return Response("shop")


def add_shop(config: Configurator) -> None:
    config.add_route("shop", "/shop")
    config.add_view(shop, route_name="shop")


def requests(app: TestApp, path: str = "/scales/") -> Any:
    return app.get(f"{path}pyramid/requests/?format=json").json


# Including


@pytest.mark.parametrize("included", ["pyramid_scales", pyramid_scales, pyramid_scales.includeme])
def test_the_package_can_be_included_by_name_module_or_function(included: Any) -> None:
    config = Configurator()
    config.include(included)
    assert made(config).get("/scales/").status_int == 200


def test_the_package_can_be_included_by_the_settings(make_app: MakeApp) -> None:
    config = Configurator(settings={"pyramid.includes": "pyramid_scales", "scales.path": "/numbers"})
    assert made(config).get("/numbers/").status_int == 200


def test_including_twice_is_including_once(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        config.include("pyramid_scales")
        config.include("pyramid_scales")
        config.commit()
        add_shop(config)

    app = make_app(setup=setup)
    app.get("/shop")
    assert requests(app)["routes"]["shop"]["latency"]["count"] == 1


def test_two_add_ons_may_both_include_it() -> None:
    def one(config: Configurator) -> None:
        config.include("pyramid_scales")

    def two(config: Configurator) -> None:
        config.include("pyramid_scales")

    config = Configurator()
    config.include(one)
    config.include(two)
    assert made(config).get("/scales/").status_int == 200


def test_an_application_that_commits_at_once_works_too() -> None:
    with testing.testConfig(autocommit=True) as config:
        config.include("pyramid_scales")
        add_shop(config)
        app = made(config)
        app.get("/shop")
        assert requests(app)["routes"]["shop"]["latency"]["count"] == 1


@pytest.mark.parametrize("prefix", ["/internal", "internal", "internal/", "/a/b"])
def test_the_page_can_live_below_a_prefix(prefix: str) -> None:
    config = Configurator()
    config.include("pyramid_scales", route_prefix=prefix)
    app = made(config)
    base = f"/{prefix.strip('/')}/scales/"
    assert app.get(base[:-1]).location == f"http://localhost{base}"
    assert app.get(base).html.find("a", href=f"{base}pyramid/")
    assert app.get("/scales/", status=404)


def test_the_page_can_live_at_another_path(make_app: MakeApp) -> None:
    app = make_app({"scales.path": "/internal/numbers"})
    assert app.get("/internal/numbers").location == "http://localhost/internal/numbers/"
    assert app.get("/internal/numbers/?format=json").json["pyramid"]
    assert app.get("/internal/numbers/%ff", status=400)
    assert app.get("/scales/", status=404)


def test_nothing_is_opened_started_or_written_by_including(tmp_path: Any) -> None:
    before = threading.enumerate()
    config = Configurator(settings={"scales.shared_dir": str(tmp_path / "shared")})
    config.include("pyramid_scales")
    config.make_wsgi_app()
    assert not (tmp_path / "shared").exists()
    assert threading.enumerate() == before


def test_including_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = Configurator()
        config.include("pyramid_scales")
        config.make_wsgi_app()


# Settings and their time


def test_settings_made_after_the_include_count() -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.add_settings({"scales.token": "late", "scales.timing": False})
    config.registry.settings["scales.max_series"] = "77"
    app = made(config)
    assert app.get("/scales/", status="*").status_int == 403
    assert app.get("/scales/", headers={"Authorization": "Bearer late"}).status_int == 200
    assert application.of(app.app.registry).settings.max_series == 77
    assert application.of(app.app.registry).recorder is None


def test_a_path_that_changes_after_the_include_is_refused_with_what_to_do() -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.add_settings({"scales.path": "/late"})
    with pytest.raises(ConfigurationError) as caught:
        config.make_wsgi_app()
    assert "scales.path was '/scales' when pyramid_scales was included and is '/late' now" in str(
        caught.value
    )
    assert "before config.include('pyramid_scales')" in str(caught.value)


@pytest.mark.parametrize(
    "setting",
    [("scales.nosuch", "1"), ("scales.hosts", "everybody"), ("scales.buckets", ""), ("scales.timing", "x")],
)
def test_what_is_wrong_with_settings_is_a_configuration_error(setting: tuple[str, str]) -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.add_settings(dict([setting]))
    with pytest.raises(ConfigurationError, match=setting[0]):
        config.make_wsgi_app()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"scales.nosuch": "1"}, 'config.include("pyramid_scales")  # of the application'),
        (
            {"scales.nosuch": "1", "pyramid.includes": "pyramid_scales"},
            "config = Configurator(settings=settings)  # of the application",
        ),
    ],
    ids=["include", "pyramid.includes"],
)
def test_what_is_wrong_with_settings_points_at_the_line_of_the_application(
    settings: dict[str, str], line: str
) -> None:
    config = Configurator(settings=settings)  # of the application
    config.include("pyramid_scales")  # of the application
    with pytest.raises(ConfigurationError) as caught:
        config.make_wsgi_app()
    said = str(caught.value)
    assert f"of file {__file__}:" in said
    assert said.rstrip().endswith(line)


def test_without_prometheus_client_its_registry_can_not_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    config = Configurator(settings={"scales.prometheus_registry": "true"})
    config.include("pyramid_scales")
    with pytest.raises(ConfigurationError, match=r"pip install .*pyramid_scales\[prometheus\]"):
        config.make_wsgi_app()


# Beside the routes and views of the application


@pytest.mark.parametrize("pattern", ["/{user}/", "/*all", "/{user}/*rest", "/{a}/{b}"])
def test_a_catch_all_that_comes_later_does_not_swallow_the_page(pattern: str) -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.add_route("catchall", pattern)
    config.add_view(shop, route_name="catchall")
    app = made(config)
    assert "Statistics" in app.get("/scales/").text
    assert app.get("/scales/pyramid/?format=json").json["process"]
    assert app.get("/scales").status_int == 307
    assert app.get("/scales/pyramid/nosuch", status=404)


def test_a_route_that_came_before_keeps_its_addresses(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        config.add_route("mine", "/scales/mine")
        config.add_view(shop, route_name="mine")

    app = make_app(setup=setup)
    assert app.get("/scales/mine").text == "shop"
    assert app.get("/scales/").status_int == 200


def test_a_route_of_the_application_called_scales_moves_the_page() -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.add_route("scales", "/fish/*prefix")
    app = made(config)
    assert app.get("/fish/").html.find("a", href="/fish/pyramid/")
    assert app.get("/scales/", status=404)


def test_a_view_of_the_application_overrides_ours() -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.add_view(lambda request: Response("mine"), route_name="scales")
    assert made(config).get("/scales/anything").text == "mine"


def test_a_view_of_the_application_may_wrap_ours() -> None:
    def mine(request: Request) -> Response:
        response = guarded_stats(request)
        response.headers["X-Mine"] = "yes"
        return response

    config = Configurator()
    config.include("pyramid_scales")
    config.add_view(mine, route_name="scales")
    app = made(config)
    assert app.get("/scales/?format=json").headers["X-Mine"] == "yes"
    assert app.get("/scales/", extra_environ={"REMOTE_ADDR": "203.0.113.9"}, status=403)


def test_a_not_found_page_with_slashes_does_not_interfere(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        config.add_notfound_view(lambda request: Response("nothing", status=404), append_slash=True)
        add_shop(config)

    app = make_app(setup=setup)
    assert app.get("/scales").location == "http://localhost/scales/"
    assert app.get("/scales/nosuch?format=json", status=404).json["status"] == 404
    assert app.get("/elsewhere", status=404).text == "nothing"


def test_routes_can_still_be_made_by_their_name(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        config.add_route("link", "/link")
        config.add_view(
            lambda request: Response(request.route_path("scales", prefix=("a", "b"))), route_name="link"
        )

    assert make_app(setup=setup).get("/link").text == "/scales/a/b"


# Tweens


def test_our_tween_stands_outside_of_exception_views_and_transactions() -> None:
    config = Configurator(settings={"tm.manager_hook": "pyramid_tm.explicit_manager"})
    config.include("pyramid_scales")
    config.include("pyramid_tm")
    config.commit()
    names = [name for name, _ in config.registry.getUtility(ITweens).implicit()]
    order = [
        "pyramid_scales.tween.scales_tween_factory",
        "pyramid_tm.tm_tween_factory",
        "pyramid.tweens.excview_tween_factory",
    ]
    assert [name for name in names if name in order] == order


def test_an_explicit_list_with_our_tween_times_requests(make_app: MakeApp) -> None:
    tweens = "pyramid_scales.tween.scales_tween_factory\npyramid.tweens.excview_tween_factory"
    app = make_app({"pyramid.tweens": tweens}, add_shop)
    app.get("/shop")
    assert requests(app)["latency"]["count"] == 1


def test_without_timing_there_is_no_tween_and_the_page_says_so(make_app: MakeApp) -> None:
    app = make_app({"scales.timing": "false"}, add_shop)
    app.get("/shop")
    assert "scales.timing is false" in app.get("/scales/").text
    assert list(app.get("/scales/pyramid/?format=json").json) == ["process"]


# Two applications


def test_two_applications_of_one_process_do_not_see_each_other(make_app: MakeApp) -> None:
    one = make_app({"scales.path": "/one", "scales.hosts": "10.0.0.1"}, add_shop)
    two = make_app({"scales.path": "/two", "scales.token": "t"}, add_shop)
    one.get("/shop"), one.get("/shop"), two.get("/shop")
    friend, token = {"REMOTE_ADDR": "10.0.0.1"}, {"Authorization": "Bearer t"}

    assert (
        one.get("/one/", status="*", headers=token, extra_environ={"REMOTE_ADDR": "9.9.9.9"}).status_int
        == 403
    )
    assert two.get("/two/", status="*", extra_environ=friend).status_int == 403
    first = one.get("/one/?format=json", extra_environ=friend).json
    second = two.get("/two/?format=json", headers=token).json
    assert first["pyramid"]["requests"]["latency"]["count"] == 2
    assert second["pyramid"]["requests"]["latency"]["count"] == 1
    assert [key for key in (*first, *second) if key.startswith("pyramid-")] == []
    assert {"pyramid", "pyramid-2"} <= set(scales.getStats())
    assert one.get("/two/", status=404, extra_environ=friend)


def test_each_address_of_the_second_application_shows_its_own(make_app: MakeApp) -> None:
    one, two = make_app(setup=add_shop), make_app(setup=add_shop)
    one.get("/shop"), one.get("/shop"), two.get("/shop")
    for app, count in ((one, 2), (two, 1)):
        assert app.get("/scales/pyramid/requests/latency/count?format=json").json == count
        assert app.get("/scales/?format=json&query=requests/latency/count").json == {
            "pyramid": {"requests": {"latency": {"count": count}}}
        }
        assert app.get("/scales/pyramid-2/", status="*").status_int == 404


def test_both_show_the_statistics_of_the_process(make_app: MakeApp) -> None:
    scales.collection("/common", scales.IntStat("n", 5))
    for app in (make_app(), make_app()):
        assert app.get("/scales/common/?format=json").json == {"n": 5}


# What others show of us


def test_introspection_shows_what_was_added(make_app: MakeApp) -> None:
    introspector = make_app().app.registry.introspector
    routes = {
        entry["introspectable"]["name"]: entry["introspectable"]
        for entry in introspector.get_category("routes")
    }
    assert routes["scales"]["pattern"] == "/scales/*prefix"
    views = [entry["introspectable"] for entry in introspector.get_category("views")]
    assert {view["route_name"] for view in views} >= {"scales", "scales_redirect"}
    tweens = [entry["introspectable"]["name"] for entry in introspector.get_category("tweens")]
    assert "pyramid_scales.tween.scales_tween_factory" in tweens
    (ours,) = introspector.get_category("pyramid_scales")
    assert dict(ours["introspectable"])["max_series"] == 500


def test_the_settings_that_show_are_those_that_count() -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.add_settings({"scales.max_series": 20, "scales.token": "hidden"})
    registry = made(config).app.registry
    (ours,) = registry.introspector.get_category("pyramid_scales")
    assert dict(ours["introspectable"])["max_series"] == 20
    assert dict(ours["introspectable"])["token"] == "(hidden)"


def test_nothing_is_logged_at_start(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pyramid_scales"):
        make_app().get("/scales/")
    assert caplog.records == []


def test_our_figures_are_back_after_scales_was_reset(make_app: MakeApp) -> None:
    app = make_app(setup=add_shop)
    app.get("/shop")
    before = scales.getStats()
    try:
        scales.reset()
        assert requests(app)["latency"]["count"] == 1
        assert "pyramid" in scales.getStats()
    finally:
        scales._Stats.stats = before


def test_a_debug_toolbar_beside_us_is_no_trouble() -> None:
    config = Configurator(settings={"debugtoolbar.hosts": "0.0.0.0/0"})
    config.include("pyramid_debugtoolbar")
    config.include("pyramid_scales")
    add_shop(config)
    app = made(config)
    environ = {"REMOTE_ADDR": "127.0.0.1"}
    assert app.get("/shop", extra_environ=environ).text == "shop"
    assert (
        app.get("/scales/?format=json", extra_environ=environ).json["pyramid"]["requests"]["latency"]["count"]
        >= 1
    )
    assert app.get("/scales/", extra_environ=environ).status_int == 200


def test_without_the_include_the_package_is_just_a_view() -> None:
    assert set(pyramid_scales.__all__) >= {"includeme", "scales_stats"}
    config = Configurator()
    assert application.KEY not in config.registry


@pytest.mark.parametrize("package", ["webtest", sys.modules["webtest"]])
def test_the_page_calls_the_application_by_its_package(package: Any) -> None:
    config = Configurator(package=package, settings={})
    config.include("pyramid_scales")
    page = TestApp(config.make_wsgi_app()).get("/scales/").html
    assert "webtest · " in page.title.text
    assert page.find(id="facts").b.text == "webtest"


def test_a_single_file_has_no_name_to_show() -> None:
    config = Configurator(package=sys.modules["__main__"], settings={})
    config.include("pyramid_scales")
    assert TestApp(config.make_wsgi_app()).get("/scales/").html.title.text.startswith("scales · ")
