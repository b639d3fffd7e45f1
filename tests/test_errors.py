"""Answers that say what was wrong and what would be right, in the format that was asked for."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from clients import CHROME, PROMETHEUS_3
from greplin import scales
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from webtest import TestApp

from pyramid_scales import scales_stats

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
ERRORS: list[tuple[str, int, str]] = [
    ("/scales/?query=%3E", 400, "A term of the query lacks its name."),
    ("/scales/?query=%3E", 400, "Example: routes/*/latency/99percentile > 0.5"),
    ("/scales/?query=%22open", 400, "A quotation mark of the query is never closed."),
    ("/scales/?query=" + "n" * 1001, 400, "longer than 1000 characters"),
    ("/scales/?query=%ff", 400, "The query string is not valid UTF-8."),
    ("/scales/?scope=galaxy", 400, "There is no scope 'galaxy'. Use worker"),
    ("/scales/%ff", 400, "The address is not valid UTF-8."),
    ("/scales/app/%ff?query=n", 400, "The address is not valid UTF-8."),
    ("/scales/nosuch", 404, "There is no statistic at 'nosuch'."),
    ("/scales/app/nosuch/deeper", 404, "The nearest that exists is app: /scales/app/"),
    ("/scales/app/n/deeper", 404, "The nearest that exists is app: /scales/app/"),
    ("/scales/~static/nosuch.js", 404, "The files of this page are page.css, page.js, icon.svg."),
]
FORMATS = ("html", "json", "prettyjson", "prometheus", "openmetrics")


@pytest.fixture(autouse=True)
def statistics() -> None:
    scales.collection("/app", scales.IntStat("n", 1))


def with_format(url: str, format: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}format={format}"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("url", "status", "words"), ERRORS, ids=[url[:30] for url, _, _ in ERRORS])
def test_an_error_comes_in_the_format_that_was_asked_for(
    app: TestApp, url: str, status: int, words: str, format: str
) -> None:
    answer = app.get(with_format(url, format), status=status)
    if "query=%ff" in url:
        format = "html"  # of such a query string, no parameter can be read
    if format == "html":
        assert answer.content_type == "text/html"
        assert words in answer.html.find("main").text
        assert str(status) in answer.html.find(class_="status").text
        assert answer.html.find("main").find("a")["href"] == "/scales/"
    elif "json" in format:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json["status"] == status
        assert words in answer.json["error"]
    else:
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.text.startswith(f"{status} ")
        assert words in answer.text


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (CHROME, "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        (PROMETHEUS_3, "text/plain"),
        ("garbage", "text/html"),
    ],
)
def test_without_a_named_format_the_accept_header_decides_for_errors_too(
    app: TestApp, accept: str, content_type: str
) -> None:
    for url in ("/scales/nosuch", "/scales/?query=>", "/scales/?query=%ff", "/scales/%ff"):
        assert app.get(url, headers={"Accept": accept}, status="*").content_type == content_type
    assert (
        app.get("/scales/", headers={"Accept": accept}, extra_environ=STRANGER, status=403).content_type
        == content_type
    )
    assert app.post("/scales/", headers={"Accept": accept}, status=405).content_type == content_type


def test_an_unknown_format_is_refused_in_a_format_that_the_client_reads(app: TestApp) -> None:
    said = "There is no format 'xml'. The formats are html, json, prettyjson, prometheus, openmetrics."
    assert (
        said in app.get("/scales/?format=xml", headers={"Accept": CHROME}, status=400).html.find("main").text
    )
    assert (
        app.get("/scales/?format=xml", headers={"Accept": "application/json"}, status=400).json["error"]
        == said
    )


@pytest.mark.parametrize("parameter", ["sort", "order", "refresh", "route"])
def test_a_parameter_of_the_page_that_says_nothing_is_refused_or_ignored(
    app: TestApp, parameter: str
) -> None:
    answer = app.get(f"/scales/?{parameter}=nonsense<b>", status="*")
    assert answer.status_int in (200, 400)
    assert answer.html.find("b", string="") is None
    assert app.get(f"/scales/?{parameter}=nonsense&format=json").status_int == 200


def test_what_was_not_found_names_the_nearest_by_an_address_that_works(app: TestApp) -> None:
    scales.getStats().data["a/b"] = {"": {"n": 1}}
    error = app.get("/scales/a~1b/~2/nosuch/deep?format=json", status=404).json["error"]
    nearest = error.partition(": ")[2].split()[0]
    assert nearest == "/scales/a~1b/~2/"
    assert app.get(f"{nearest}?format=json").json == {"n": 1}


def test_at_the_root_the_nearest_is_the_root(app: TestApp) -> None:
    error = app.get("/scales/nosuch?format=json", status=404).json["error"]
    assert "The nearest that exists is the root: /scales/" in error
    assert "exists once it was written or read for the first time" in error


def test_what_was_asked_for_is_escaped(app: TestApp) -> None:
    for url in (
        "/scales/<script>alert(1)<~1script>",
        "/scales/?query=<script>&format=html",
        "/scales/?format=<script>",
    ):
        answer = app.get(url.replace("<", "%3C").replace(">", "%3E"), status="*")
        assert answer.status_int in (400, 404) or "query" in url
        assert "<script>" not in answer.text


def test_errors_too_are_compressed_and_have_no_body_for_head(app: TestApp) -> None:
    packed = Request.blank("/scales/nosuch", headers={"Accept-Encoding": "gzip"}).get_response(app.app)
    assert b"There is no statistic" in gzip.decompress(packed.body)
    assert app.head("/scales/nosuch", status=404).body == b""


def test_a_path_that_is_not_utf_8_elsewhere_is_the_business_of_the_application(
    make_app: Callable[..., TestApp],
) -> None:
    with_view = make_app(setup=lambda config: config.add_exception_view(lambda error, request: own(request)))
    assert with_view.get("/elsewhere/%ff", status=418).text == "mine"
    assert with_view.get("/scales%ff", status=418).text == "mine"
    assert "not valid UTF-8" in with_view.get("/scales/%ff", status=400)
    with pytest.raises(UnicodeDecodeError):
        make_app().get("/elsewhere/%ff")


def test_a_path_that_is_not_utf_8_below_a_prefix_and_below_a_mount() -> None:
    config = Configurator()
    config.include("pyramid_scales", route_prefix="/internal/x")
    app = TestApp(config.make_wsgi_app())
    answer = app.get("/internal/x/scales/%ff", status=400)
    assert answer.html.find("main").find("a")["href"] == "/internal/x/scales/"
    request = Request.blank("/internal/x/scales/%ff", environ={"SCRIPT_NAME": "/m"})
    assert 'href="/m/internal/x/scales/"' in request.get_response(app.app).text


def own(request: Request) -> Response:
    return Response("mine", status=418)


def test_a_path_that_is_not_utf_8_on_a_route_of_ones_own_is_refused_too(
    make_app: Callable[..., TestApp],
) -> None:
    def setup(config: Configurator) -> None:
        config.add_route("mine", "/mine/*rest")
        config.add_route("numbers", "/caf\xe9/{tenant}/*prefix")
        config.add_view(scales_stats, route_name="numbers")
        config.add_exception_view(lambda error, request: own(request))

    app = make_app(setup=setup)
    answer = app.get("/caf%C3%A9/x/app/%ff?format=json", extra_environ=STRANGER, status=400)
    assert "not valid UTF-8" in answer.json["error"]
    home = app.get("/caf%C3%A9/x/%ff", status=400).html.find("main").find("a")["href"]
    assert app.get(home).status_int == 200
    assert app.get("/caf%C3%A9/%ff/app/", status=400)
    assert app.get("/mine/%ff", status=418)
    assert app.get("/caf%C3%A8/x/%ff", status=418)


def test_a_path_that_is_not_utf_8_belongs_to_the_first_route_that_would_match(
    make_app: Callable[..., TestApp],
) -> None:
    def setup(config: Configurator) -> None:
        config.add_route("shop", "/shop/{item}")
        config.add_route("rest", "/*prefix")
        config.add_view(scales_stats, route_name="rest")
        config.add_exception_view(lambda error, request: own(request))

    app = make_app(setup=setup)
    assert app.get("/shop/%ff", status=418)
    assert app.get("/elsewhere/%ff", status=400)


def test_below_a_prefix_with_a_place_for_something_strangers_are_refused_first() -> None:
    config = Configurator()
    config.include("pyramid_scales", route_prefix="/{tenant}")
    app = TestApp(config.make_wsgi_app())
    for path in ("/x/scales/%ff", "/%ff/scales/", "/%ff/scales"):
        assert "not valid UTF-8" in app.get(path, status=400).text
        assert app.get(path, extra_environ=STRANGER, status=403)


def test_a_header_of_virtual_hosts_that_is_not_utf_8_is_refused_and_named(app: TestApp) -> None:
    for path in ("/scales/", "/scales", "/scales/app/n"):
        answer = app.get(f"{path}?format=json", extra_environ={"HTTP_X_VHM_ROOT": "/\x80"}, status=400)
        assert "The header X-Vhm-Root is not valid UTF-8." in answer.json["error"]
    with pytest.raises(UnicodeDecodeError):
        app.get("/elsewhere", extra_environ={"HTTP_X_VHM_ROOT": "/\x80"})


def test_a_mistake_of_a_view_around_ours_is_not_taken_for_a_bad_address(
    make_app: Callable[..., TestApp],
) -> None:
    def wrapping(request: Request) -> Response:
        b"\xff".decode()
        return scales_stats(request)

    def setup(config: Configurator) -> None:
        config.add_route("own", "/own/*prefix")
        config.add_view(scales_stats, route_name="own", request_method="GET")
        config.add_view(wrapping, route_name="own", request_method="POST")

    with pytest.raises(UnicodeDecodeError):
        make_app(setup=setup).post("/own/")


@pytest.mark.parametrize("path", ["", "/", "/app/n", "/nosuch/"])
def test_a_query_string_of_absurd_length_is_refused_unread(app: TestApp, path: str) -> None:
    for junk in ("%", "%41", "a=1&", "é"):
        environ = Request.blank(f"/scales{path}").environ | {"QUERY_STRING": junk * 20_001}
        answer = Request(environ).get_response(app.app)
        assert answer.status_int == 414
        assert "longer than 20000 characters" in answer.text
        assert len(answer.body) < 2000
        environ |= STRANGER
        assert Request(environ).get_response(app.app).status_int == (403 if path else 414)


def test_the_longest_query_of_all_fits_into_a_query_string(app: TestApp) -> None:
    answer = app.get("/scales/", {"format": "json", "query": "\U0001f512" * 1000})
    assert answer.json == {}


def test_of_an_endless_address_the_beginning_is_named(app: TestApp) -> None:
    for path in ("a" * 10**6, "a/" * 10**5, "app/" + "%3Cb%3E" * 10**5):
        answer = app.get(f"/scales/{path}", status=404)
        assert "…" in answer.text
        assert len(answer.body) < 5000


def test_the_exception_views_of_the_application_do_not_answer_for_us(
    make_app: Callable[..., TestApp],
) -> None:
    def setup(config: Configurator) -> None:
        config.add_notfound_view(own)
        config.add_forbidden_view(own)
        config.add_exception_view(lambda error, request: own(request))

    app = make_app(setup=setup)
    assert app.get("/elsewhere", status=418)
    statuses: list[Any] = [app.get(url, status="*").status_int for url, _, _ in ERRORS]
    assert statuses == [status for _, status, _ in ERRORS]
    assert app.get("/scales/", extra_environ=STRANGER, status=403)
