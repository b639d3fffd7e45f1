"""What the README says is what the code does; what it tells to type works."""

from __future__ import annotations

import configparser
import io
import random
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.parse import quote, urlsplit

import prometheus_client
import promtool
import pytest
from docutils.core import publish_doctree
from pyramid.config import Configurator
from pyramid.path import DottedNameResolver
from webtest import TestApp

from pyramid_scales import application, demo, query
from pyramid_scales.settings import TABLE, Row

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.rst").read_text(encoding="utf-8")
CHANGES = (CHECKOUT / "CHANGES.rst").read_text(encoding="utf-8")
DEMO = "http://localhost:6543"
SHOP = "http://127.0.0.1:8000"


def blocks(language: str) -> list[str]:
    """The code blocks in a language, in their order."""
    found = re.findall(rf"^ *\.\. code-block:: {language}\n\n((?: +.*\n|\n)+)", README, re.MULTILINE)
    return [dedent(block).strip() + "\n" for block in found]


def commands() -> list[str]:
    """What is typed behind a prompt."""
    return re.findall(r"^\$ (.*)$", "\n".join(blocks("console")), re.MULTILINE)


def literals(pattern: str, text: str = README) -> set[str]:
    """What stands between double backquotes and is like the pattern."""
    return set(re.findall(rf"``({pattern})``", text))


@pytest.mark.parametrize("text", [README, CHANGES], ids=["README", "CHANGES"])
def test_it_can_be_rendered_without_a_warning(text: str) -> None:
    complaints = io.StringIO()
    publish_doctree(text, settings_overrides={"warning_stream": complaints, "report_level": 1})
    assert complaints.getvalue() == ""


def test_it_can_be_read_in_a_quarter_of_an_hour() -> None:
    assert len(README.splitlines()) <= 450


# Settings and names


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_readme_lists_each_setting_with_its_default_and_meaning(row: Row) -> None:
    default = f"``{row.default}``" if row.default else "(none)"
    assert f"   * - ``scales.{row.name}``\n     - {default}\n     - {row.doc}\n" in README


def test_the_readme_lists_no_setting_that_does_not_exist() -> None:
    assert README.count("   * - ``scales.") == len(TABLE)


@pytest.mark.parametrize("text", [README, CHANGES], ids=["README", "CHANGES"])
def test_every_setting_that_is_named_exists(text: str) -> None:
    named = set(re.findall(r"``scales\.([a-z_]+)", text)) | set(re.findall(r'"scales\.([a-z_]+)":', text))
    assert named
    assert not named - {row.name for row in TABLE}


@pytest.mark.parametrize("text", [README, CHANGES], ids=["README", "CHANGES"])
def test_every_object_that_is_named_exists(text: str) -> None:
    named = set(re.findall(r"(?<![\w/])pyramid_scales(?:\.\w+)+", text))
    assert named
    for name in named:
        DottedNameResolver().resolve(name)


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"\bcontrib/[\w./]*\w", README)) | literals(r"\w+\.rst")
    assert len(named) > 3
    assert not [name for name in named if not (CHECKOUT / name).exists()]


def test_every_target_of_make_exists() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    typed = re.findall(r"^ +make ([a-z ]+[a-z])", README, re.MULTILINE)
    named = set(" ".join(typed).split())
    assert named >= {"demo", "test"}
    assert not named - set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


# What is put into an application


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TestApp]:
    """The application ``shop.py``, with its shared directory elsewhere."""
    [source] = [block for block in blocks("python") if "def main" in block]
    namespace: dict[str, Any] = {}
    exec(source.replace("/dev/shm/shop-metrics", str(tmp_path / "metrics")), namespace)
    app = TestApp(namespace["main"]())
    yield app
    application.of(app.app.registry).shared.close()


def test_the_pieces_of_python_work_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALES_TOKEN", "s3cret")
    monkeypatch.setattr(prometheus_client, "REGISTRY", prometheus_client.CollectorRegistry())
    config = Configurator()
    pieces = [block for block in blocks("python") if "def main" not in block]
    assert len(pieces) == 5
    namespace: dict[str, Any] = {"config": config}
    for piece in ("import os", *pieces):
        exec(piece, namespace)
    app = TestApp(config.make_wsgi_app())
    assert app.get("/internal/numbers/shop/?format=json").json == {"orders": 1, "basket": {"count": 1}}
    app.get("/scales/", status=403)
    app.get("/scales/", headers={"Authorization": "Bearer s3cret"})
    exposed = prometheus_client.generate_latest(prometheus_client.REGISTRY).decode()
    assert "scales_shop_orders 1.0" in exposed


def test_the_pieces_of_ini_files_can_be_read() -> None:
    for block in blocks("ini"):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(block if block.startswith("[") else f"[app:main]\n{block}")
        for name, value in parser.items(parser.sections()[0]):
            known = [row.convert for row in TABLE if f"scales.{row.name}" == name]
            assert known or not name.startswith("scales.")
            for convert in known:
                convert(value)


def test_shop_py_says_what_the_readme_shows(shop: TestApp) -> None:
    for _ in range(20):
        assert shop.get("/order").text == "thank you\n"
    shown = re.findall(rf"curl -s '{SHOP}(/[^']+)'\n([^$].*)", "\n".join(blocks("console")))
    assert len(shown) == 3
    for address, answer in shown:
        # One process here: it alone has answered all of them.
        expected = '{"200": 20}' if "scope=worker" in address else answer
        assert shop.get(address).text.strip() == expected


# What is typed with the demo running


@pytest.fixture
def bookshop() -> TestApp:
    """The demo, after some orders."""
    random.seed(3)
    app = TestApp(demo.make_wsgi_app())
    app.get("/search")
    for _ in range(5):
        app.post("/order", status="*")
    return app


def asked(command: str) -> tuple[str, dict[str, str]]:
    """The address and the headers of a curl command, pasted into a shell."""
    words, parameters, headers = iter(shlex.split(command)[1:]), [], {}
    address = ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            parameters.append(next(words))
        elif word == "--data-urlencode":
            name, _, value = next(words).partition("=")
            parameters.append(f"{name}={quote(value)}")
        elif word != "-G":
            assert not address, f"{word} is not quoted"
            address = word
    place = urlsplit(address)
    return f"{place.path}?{'&'.join([place.query, *parameters])}", headers


@pytest.mark.parametrize("command", [command for command in commands() if DEMO in command])
def test_curl_gets_an_answer_from_the_demo(bookshop: TestApp, command: str) -> None:
    address, headers = asked(command)
    answer = bookshop.get(address, headers=headers)
    assert len(answer.text) > 1


def test_every_query_asks_for_what_the_demo_has(bookshop: TestApp) -> None:
    typed = re.findall(r"--data-urlencode 'query=([^']+)'", README)
    quoted = literals(r'"[^`]+')
    assert len(typed) == 3
    assert quoted
    for text in typed:
        for term in query.parse(text):
            assert bookshop.get("/scales/", {"format": "json", "query": term.name}).json, term.name
    for text in quoted:
        assert bookshop.get("/scales/", {"format": "json", "query": text}).json, text


# Prometheus


def test_every_metric_that_is_named_is_exposed(shop: TestApp) -> None:
    shop.get("/order")
    exposed = shop.get("/scales/?format=prometheus").text
    named = literals(r"(?:http|process|pyramid_scales|scales)_[a-z_]*…?") | literals("error_type")
    assert len(named) > 7
    for name in named:
        assert re.search(rf"\b{name.rstrip('…')}{'' if '…' in name else chr(92) + 'b'}", exposed), name


def test_the_scrape_configuration_is_valid_as_it_stands_and_with_the_token(tmp_path: Path) -> None:
    [block] = blocks("yaml")
    (tmp_path / "bookshop.token").write_text("secret\n")
    for text in (block, block.replace("# authorization", "authorization")):
        (tmp_path / "prometheus.yml").write_text(text)
        checked = promtool.run("check", "config", str(tmp_path / "prometheus.yml"))
        assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "    authorization: {credentials_file: bookshop.token}" in text


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("promtool ")])
def test_promtool_is_content(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    checked = promtool.run(*shlex.split(command, comments=True)[1:])
    assert checked.returncode == 0, checked.stdout + checked.stderr
