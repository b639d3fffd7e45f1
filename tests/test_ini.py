"""An application as people have it: an ini file, and Pyramid's own commands that look at it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationError
from pyramid.paster import get_app
from webtest import TestApp

from pyramid_scales import application

Write = Callable[..., str]

FACTORY = """
from pyramid.config import Configurator
from pyramid.response import Response


def main(global_config, **settings):
    config = Configurator(settings=settings)
    config.add_route("home", "/")
    config.add_view(lambda request: Response("home"), route_name="home")
    return config.make_wsgi_app()
"""

INI = """
[app:main]
paste.app_factory = shop_of_the_ini_file:main
pyramid.includes =
    pyramid_scales
"""

EVERYTHING = r"""
scales.path = /internal/numbers/
scales.hosts =
    127.0.0.1 10.0.0.0/8
    fd00::/8
scales.permission = see-numbers
scales.token = 100%%-s3cret!
scales.timing = yes
scales.exclude = static/* health
scales.buckets =
    .1 .5
    1 5
scales.max_series = 40
scales.shared_dir = %(here)s/shared
scales.shared_keep = 60
scales.gauges =
    pool/size=sum
    cache/*=max
scales.prometheus_registry = false
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """``write(lines)`` → the name of an ini file with these lines; its application can be imported."""
    (tmp_path / "shop_of_the_ini_file.py").write_text(FACTORY)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(lines: str = "") -> str:
        (tmp_path / "shop.ini").write_text(INI + lines)
        return str(tmp_path / "shop.ini")

    return write


def test_one_line_of_an_ini_file_is_enough(write: Write) -> None:
    app = TestApp(get_app(write()))
    app.get("/")
    assert app.get("/scales/").status_int == 200
    assert app.get("/scales/pyramid/requests/responses?format=json").json == {"200": 1}


def test_every_setting_can_be_written_in_an_ini_file(write: Write, tmp_path: Path) -> None:
    app = TestApp(get_app(write(EVERYTHING)))
    chosen = application.of(app.app.registry).settings
    assert chosen.path == "/internal/numbers"
    assert [str(network) for network in chosen.hosts] == ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]
    assert (chosen.permission, chosen.token, chosen.timing) == ("see-numbers", "100%-s3cret!", True)
    assert chosen.exclude == ("static/*", "health")
    assert (chosen.buckets, chosen.max_series) == ((0.1, 0.5, 1, 5), 40)
    assert (chosen.shared_dir, chosen.shared_keep) == (str(tmp_path / "shared"), 60.0)
    assert chosen.gauges == (("pool/size", "sum"), ("cache/*", "max"))
    assert chosen.prometheus_registry is False
    headers = {"Authorization": "Bearer 100%-s3cret!"}
    assert app.get("/internal/numbers/?format=json", headers=headers).json["pyramid"]
    application.of(app.app.registry).shared.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("scales.tokne = x", "did you mean scales.token?"),
        ("scales.timing = perhaps", "scales.timing = 'perhaps': use true or false"),
        ("scales.hosts = example.org", "scales.hosts = 'example.org': "),
    ],
)
def test_a_mistake_in_an_ini_file_stops_the_start_and_says_what_is_right(
    write: Write, line: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        get_app(write(line))
    assert said in str(caught.value)


def said_by(command: str, *arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What one of Pyramid's commands prints."""
    main: Any = importlib.import_module(f"pyramid.scripts.{command}").main
    assert not main([command, *arguments])
    return capsys.readouterr().out


TOKEN = "scales.token = hunter2\n"


def test_ptweens_shows_our_tween_outside_of_the_exception_views(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by("ptweens", write(TOKEN), capsys=capsys)
    ours, excview = (said.index(name) for name in ("scales_tween_factory", "excview_tween_factory"))
    assert ours < excview
    assert "hunter2" not in said


def test_proutes_shows_our_routes(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    said = said_by("proutes", write(TOKEN), capsys=capsys)
    rows = {line.split()[0]: line.split()[1:3] for line in said.splitlines() if line.strip()}
    assert rows["scales"] == ["/scales/*prefix", "pyramid_scales.views.guarded_stats"]
    assert rows["scales_redirect"] == ["/scales", "pyramid_scales.views.redirect_to_slash"]
    assert "hunter2" not in said


def test_pviews_shows_the_view_of_an_address(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    said = said_by("pviews", write(TOKEN), "/scales/a/b", capsys=capsys)
    assert "pyramid_scales.views.guarded_stats" in said
    assert "route name: scales" in said
    assert "hunter2" not in said


def test_prequest_reads_the_page_without_a_server(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    said = said_by("prequest", write(), "/scales/pyramid/process/?format=json", capsys=capsys)
    assert '"pid": ' in said
