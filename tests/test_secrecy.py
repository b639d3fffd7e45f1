"""The token is known to the application and the scraper; nothing shows it to anybody else."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from greplin import scales
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.request import Request
from pyramid.response import Response
from webtest import TestApp

from pyramid_scales import application

MakeApp = Callable[..., TestApp]

TOKEN = "hunter2-Zx9"
SETTINGS = {"scales.token": TOKEN}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HERE = {"REMOTE_ADDR": "127.0.0.1"}


def test_the_application_finds_its_setting_as_it_was_and_repr_hides_it(make_app: MakeApp) -> None:
    registry = make_app(SETTINGS).app.registry
    assert registry.settings["scales.token"] == TOKEN
    assert f"{registry.settings['scales.token']}" == TOKEN
    assert TOKEN not in repr(registry.settings)
    assert TOKEN not in repr(application.of(registry))
    assert "scales.token" not in make_app().app.registry.settings


def test_including_twice_with_a_token_works(make_app: MakeApp) -> None:
    app = make_app(SETTINGS, lambda config: config.include("pyramid_scales"))
    assert app.get("/scales/", headers=BEARER).status_int == 200


def test_introspection_does_not_hold_it(make_app: MakeApp) -> None:
    introspector = make_app(SETTINGS).app.registry.introspector
    for category, entries in introspector.categorized():
        for entry in entries:
            found = entry["introspectable"]
            assert TOKEN not in f"{category} {dict(found)} {found.title} {found.action_info}"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_debug_toolbar_shows_our_settings_tween_and_views_but_not_the_token() -> None:
    config = Configurator(settings={**SETTINGS, "debugtoolbar.hosts": "0.0.0.0/0"})
    config.include("pyramid_debugtoolbar")
    config.include("pyramid_scales")
    config.add_route("home", "/")
    config.add_view(lambda request: Response("<body>home</body>"), route_name="home")
    app = TestApp(config.make_wsgi_app())
    assert app.get("/", extra_environ=HERE)
    toolbar = app.get("/_debug_toolbar/", extra_environ=HERE)
    for shown in (
        "settings of pyramid_scales",
        "pyramid_scales.tween.scales_tween_factory",
        "pyramid_scales.views.guarded_stats",
        "/scales/*prefix",
        "scales.token",
        "max_series",
    ):
        assert shown in toolbar.text
    assert TOKEN not in toolbar.text


@pytest.mark.parametrize("format", ["html", "json", "prometheus", "openmetrics"])
@pytest.mark.parametrize("path", ["", "pyramid/", "nosuch", "?query=>", "?route=x", "%ff", "?format=x"])
def test_no_page_shows_it(make_app: MakeApp, path: str, format: str) -> None:
    app = make_app(SETTINGS)
    scales.getStats().data["bad"] = lambda: 1 / 0
    url = f"/scales/{path}{'&' if '?' in path else '?'}format={format}"
    for headers in (BEARER, {"Authorization": "Bearer x"}, {"Authorization": TOKEN}):
        assert TOKEN not in app.get(url, headers=headers, status="*").text


def test_nothing_is_logged_of_it_whatever_fails(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    class Policy:
        def permits(self, request: Request, context: object, permission: str) -> bool:
            raise RuntimeError(f"no {permission}")

    (tmp_path / "file").write_text("")
    settings = {
        **SETTINGS,
        "scales.permission": "see",
        "scales.shared_dir": str(tmp_path / "file"),
        "pyramid.tweens": "pyramid.tweens.excview_tween_factory pyramid_scales.tween.scales_tween_factory",
    }
    with caplog.at_level(logging.DEBUG):
        app = make_app(settings, lambda config: config.set_security_policy(Policy()))
        scales.getStats().data["bad"] = lambda: 1 / 0
        for headers in (BEARER, {"Authorization": f"Basic {TOKEN}"}):
            app.get("/scales/", headers=headers, status="*")
    assert len({record.name for record in caplog.records if record.levelno >= logging.WARNING}) > 2
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    "settings",
    [
        {"scales.token": f"{TOKEN} with more"},
        {"scales.token": f"{TOKEN}\xe9"},
        {"scales.tokn": TOKEN},
        {**SETTINGS, "scales.hosts": "nowhere"},
        {**SETTINGS, "scales.path": "scales"},
        {**SETTINGS, "scales.nosuch": "1"},
    ],
)
def test_no_traceback_of_a_bad_setting_shows_it(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Configurator(settings=settings | {"pyramid.includes": "pyramid_scales"}).make_wsgi_app()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_the_variables_of_a_traceback_do_not_show_it(make_app: MakeApp) -> None:
    # As services that collect errors send them: every variable of every frame.
    class Stop(BaseException):
        pass

    class Policy:
        def permits(self, request: Request, context: object, permission: str) -> bool:
            raise Stop

    settings = {**SETTINGS, "scales.permission": "see"}
    app = make_app(settings, lambda config: config.set_security_policy(Policy()))
    with pytest.raises(Stop) as caught:
        app.get("/scales/", headers={"Authorization": "Bearer wrong"})
    frames = traceback.StackSummary.extract(traceback.walk_tb(caught.tb), capture_locals=True)
    ours = [frame for frame in frames if re.search(r"pyramid_scales/\w+\.py$", frame.filename)]
    assert any(frame.locals and "settings" in frame.locals for frame in ours)
    assert TOKEN not in repr([frame.locals for frame in ours])
