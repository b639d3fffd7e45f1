"""The reading side as a client sees it: formats, headers, methods, files, and routes of one's own."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from clients import CHROME, FIREFOX, PROMETHEUS_2, PROMETHEUS_3, PROMETHEUS_3_WITH_PROTOBUF
from greplin import scales
from pyramid.config import Configurator
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import Request
from pyramid.session import SignedCookieSessionFactory
from pyramid.testing import DummySecurityPolicy
from pyramid.wsgi import wsgiapp2
from webtest import TestApp, TestResponse

from pyramid_scales import scales_stats
from pyramid_scales.page.assets import static_files

MakeApp = Callable[..., TestApp]

TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "prettyjson": "application/json",
    "prometheus": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}


@pytest.fixture
def stats(app: TestApp) -> Any:
    """Some statistics, beside our own."""
    stats = scales.collection(
        "/app", scales.IntStat("errors", 3), scales.IntDictStat("codes"), scales.PmfStat("pmf")
    )
    stats.codes[200] = 7
    stats.pmf = 1.5
    return stats


def begins(answer: TestResponse) -> str:
    """The format that the answer has, by its content."""
    text = answer.text
    if text.startswith("<!DOCTYPE html>"):
        return "html"
    if text.startswith(("{", "[", "3", "7")):
        return "prettyjson" if text.startswith("{\n") else "json"
    return "openmetrics" if text.endswith("# EOF\n") else "prometheus"


# Formats


@pytest.mark.parametrize(
    "path", ["", "app/", "app", "app/codes/", "app/errors", "app/errors/", "app/codes/200"]
)
@pytest.mark.parametrize("format", TYPES)
@pytest.mark.usefixtures("stats")
def test_containers_and_leaves_come_in_every_format(app: TestApp, path: str, format: str) -> None:
    answer = app.get(f"/scales/{path}?format={format}")
    assert answer.headers["Content-Type"] == TYPES[format]
    assert begins(answer) in (format, "json" if format == "prettyjson" else format)
    assert answer.content_length == len(answer.body)
    answer.body.decode("utf-8")


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        (None, "html"),
        ("*/*", "html"),
        (FIREFOX, "html"),
        (CHROME, "html"),
        ("application/json", "json"),
        ("application/json, text/plain, */*", "json"),
        (PROMETHEUS_2, "openmetrics"),
        (PROMETHEUS_3, "openmetrics"),
        (PROMETHEUS_3_WITH_PROTOBUF, "openmetrics"),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "prometheus"),
        ("garbage", "html"),
    ],
)
@pytest.mark.usefixtures("stats")
def test_clients_get_what_they_can_read_at_the_same_address(
    app: TestApp, accept: str | None, format: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    for path in ("", "app/", "app/errors"):
        answer = app.get(f"/scales/{path}", headers=headers)
        assert (answer.headers["Content-Type"], begins(answer)) == (TYPES[format], format)


@pytest.mark.usefixtures("stats")
def test_a_leaf_is_shown_as_its_bare_value_in_json(app: TestApp) -> None:
    assert app.get("/scales/app/errors?format=json").body == b"3\n"
    assert app.get("/scales/app/errors?format=prettyjson").body == b"3\n"
    assert app.get("/scales/app/codes/200?format=json").body == b"7\n"


@pytest.mark.usefixtures("stats")
def test_a_query_on_a_leaf_finds_it_or_nothing(app: TestApp) -> None:
    assert app.get("/scales/app/errors?format=json&query=errors > 2").json == {"errors": 3}
    assert app.get("/scales/app/errors?format=json&query=app/errors").json == {"errors": 3}
    assert app.get("/scales/app/errors?format=json&query=errors > 3").json == {}
    for format in TYPES:
        for query in ("errors > 2", "errors > 3", "nosuch"):
            assert app.get("/scales/app/errors", {"format": format, "query": query}).status_int == 200


@pytest.mark.usefixtures("stats")
def test_a_query_that_finds_nothing_is_an_empty_answer_not_a_missing_page(app: TestApp) -> None:
    assert app.get("/scales/?format=json&query=nosuch").body == b"{}\n"
    assert "errors" not in app.get("/scales/?query=nosuch").html.find(id="tree").text


@pytest.mark.parametrize("query", ["", " ", "%20%20"])
@pytest.mark.usefixtures("stats")
def test_an_empty_query_is_none(app: TestApp, query: str) -> None:
    assert "app" in app.get(f"/scales/?format=json&query={query}").json


@pytest.mark.usefixtures("stats")
def test_of_a_parameter_given_twice_the_last_counts(app: TestApp) -> None:
    assert app.get("/scales/app/errors?format=html&format=json").body == b"3\n"


@pytest.mark.usefixtures("stats")
def test_parameters_of_others_do_no_harm(app: TestApp) -> None:
    assert app.get("/scales/app/errors?format=json&utm_source=x&_=1699999999&&&=;").body == b"3\n"


@pytest.mark.parametrize("scope", ["", "all", "worker"])
@pytest.mark.usefixtures("stats")
def test_the_scopes_of_a_single_process_are_all_the_same(app: TestApp, scope: str) -> None:
    assert app.get(f"/scales/app/?format=json&scope={scope}").json["errors"] == 3


def test_a_statistic_that_fails_never_changes_the_status(app: TestApp) -> None:
    scales.getStats().data["bad"] = lambda: 1 / 0
    for format in TYPES:
        for path in ("", "bad", "?query=bad"):
            separator = "&" if "?" in path else "?"
            assert app.get(f"/scales/{path}{separator}format={format}").status_int == 200


def test_what_came_after_half_a_surrogate_pair_is_shown_too(app: TestApp) -> None:
    scales.getStats().data["odd"] = {"\ud800 key": "before \udfff after"}
    for format in TYPES:
        app.get(f"/scales/odd/?format={format}").body.decode("utf-8")
    assert "before \\udfff after" in app.get("/scales/odd/").text


# Headers


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/scales/", 200),
        ("/scales/?format=json", 200),
        ("/scales/?format=prometheus", 200),
        ("/scales/?format=nosuch", 400),
        ("/scales/?query=>", 400),
        ("/scales/%ff", 400),
        ("/scales/nosuch", 404),
        ("/scales/~static/nosuch", 404),
    ],
)
def test_every_answer_has_the_headers_that_keep_it_safe_and_fresh(
    app: TestApp, url: str, status: int
) -> None:
    headers = app.get(url, status=status).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert {"Accept", "Authorization"} <= set(headers["Vary"].split(", "))
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_a_refusal_has_them_too(app: TestApp) -> None:
    headers = app.get("/scales/", extra_environ={"REMOTE_ADDR": "203.0.113.9"}, status=403).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_session_is_opened_and_no_cookie_set(make_app: MakeApp) -> None:
    app = make_app(setup=lambda config: config.set_session_factory(SignedCookieSessionFactory("s")))
    assert "Set-Cookie" not in app.get("/scales/").headers


# Methods


@pytest.mark.parametrize(
    "path", ["", "app/", "app/errors", "nosuch", "~static/page.css", "?query=%3E", "%ff"]
)
@pytest.mark.parametrize("format", [None, *TYPES])
@pytest.mark.usefixtures("stats")
def test_head_is_get_without_the_body(app: TestApp, path: str, format: str | None) -> None:
    path += "" if format is None else ("&" if "?" in path else "?") + f"format={format}"
    whole = app.get(f"/scales/{path}", status="*")
    head = app.head(f"/scales/{path}", status="*")
    assert (head.status_int, head.body) == (whole.status_int, b"")
    assert set(head.headers) == set(whole.headers)
    assert head.headers["Content-Type"] == whole.headers["Content-Type"]
    assert head.content_length is not None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "GOT", "BREW"])
@pytest.mark.parametrize("path", ["", "nosuch/", "~static/page.css", "?format=nosuch"])
def test_other_methods_are_refused_with_those_that_are_allowed(app: TestApp, method: str, path: str) -> None:
    answer = Request.blank(f"/scales/{path}", method=method).get_response(app.app)
    assert answer.status_int == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert "Use GET or HEAD." in answer.text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/x-www-form-urlencoded", b"%ff=%ff"),
        ("application/json", b"{"),
    ],
)
def test_a_broken_body_is_not_even_read(app: TestApp, content_type: str, body: bytes) -> None:
    app.post("/scales/", body, content_type=content_type, status=405)
    answer = app.request("/scales/?format=json", method="GET", body=body, content_type=content_type)
    assert answer.status_int == 200


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_csrf_protection_of_the_application_is_not_in_the_way(make_app: MakeApp, method: str) -> None:
    def setup(config: Configurator) -> None:
        config.set_session_factory(SignedCookieSessionFactory("s"))
        config.set_default_csrf_options(require_csrf=True)

    app = make_app(setup=setup)
    assert app.request("/scales/", method=method, status="*").status_int == (405 if method == "POST" else 200)


# Compression


@pytest.mark.parametrize("format", TYPES)
@pytest.mark.parametrize(
    "accepted", ["gzip", "gzip, deflate, br, zstd", "GZIP", "deflate, gzip;q=1.0, *;q=0.5", "*"]
)
@pytest.mark.usefixtures("stats")
def test_gzip_is_used_where_it_is_asked_for(app: TestApp, format: str, accepted: str) -> None:
    url = f"/scales/app/?format={format}" if format == "html" else f"/scales/?format={format}&query=*"
    plain = app.get(url, headers={"Accept-Encoding": "identity"})
    packed = Request.blank(url, headers={"Accept-Encoding": accepted}).get_response(app.app)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.body) < len(plain.body)
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    # The two were made one after the other, so figures may differ, the kind of document does not.
    assert gzip.decompress(packed.body)[:100].split()[:2] == plain.body[:100].split()[:2]


@pytest.mark.parametrize(
    "accepted", [None, "", "identity", "gzip;q=0", "br", "deflate", "*;q=0", "\xff", ";;"]
)
def test_nothing_is_compressed_that_was_not_asked_for(app: TestApp, accepted: str | None) -> None:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    answer = Request.blank("/scales/", headers=headers).get_response(app.app)
    assert "Content-Encoding" not in answer.headers
    assert answer.body.startswith(b"<!DOCTYPE html>")


@pytest.mark.usefixtures("stats")
def test_small_answers_are_not_compressed(app: TestApp) -> None:
    answer = Request.blank(
        "/scales/app/errors?format=json", headers={"Accept-Encoding": "gzip"}
    ).get_response(app.app)
    assert answer.body == b"3\n"


def test_head_with_gzip_has_the_headers_of_get_with_gzip(app: TestApp) -> None:
    environ = {"headers": {"Accept-Encoding": "gzip"}, "method": "HEAD"}
    answer = Request.blank("/scales/", **environ).get_response(app.app)
    assert (answer.status_int, answer.headers["Content-Encoding"]) == (200, "gzip")


# The redirect


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/scales", "http://localhost/scales/"),
        ("/scales?", "http://localhost/scales/"),
        ("/scales?format=json&query=n+%3E%3D+1", "http://localhost/scales/?format=json&query=n+%3E%3D+1"),
        ("/scales?query=caf%C3%A9", "http://localhost/scales/?query=caf%C3%A9"),
        ("/scales?a=1&a=2&b&c=", "http://localhost/scales/?a=1&a=2&b&c="),
        ("/scales?x=%0d%0aSet-Cookie:%20a=b", "http://localhost/scales/?x=%0d%0aSet-Cookie:%20a=b"),
    ],
)
def test_without_its_slash_the_page_redirects_and_keeps_the_query(
    app: TestApp, url: str, location: str
) -> None:
    answer = Request.blank(url).get_response(app.app)
    assert (answer.status_int, answer.headers["Location"]) == (307, location)


def test_raw_bytes_of_a_query_string_stay_what_they_are(app: TestApp) -> None:
    # curl sends what it was given, unencoded.
    for raw in ("é", "\udcff"):
        text = raw.encode("utf-8", "surrogateescape").decode("latin-1")
        environ = Request.blank("/scales").environ | {"QUERY_STRING": f"query={text}"}
        location = Request(environ).get_response(app.app).headers["Location"]
        assert location == "http://localhost/scales/?query=" + ("%C3%A9" if raw == "é" else "%FF")


def test_nothing_in_a_query_string_breaks_out_of_the_location_header(app: TestApp) -> None:
    for evil in ("a\r\nX-Evil: 1", "a\nb", "a\0b", 'a"<script>', "//evil.example"):
        environ = Request.blank("/scales").environ | {"QUERY_STRING": evil}
        answer = Request(environ).get_response(app.app)
        assert answer.status_int == 307
        assert "X-Evil" not in answer.headers
        assert answer.headers["Location"].startswith("http://localhost/scales/?")
        assert not set(answer.headers["Location"]) & set('\r\n\0"<> ')


def test_the_redirect_keeps_the_method_and_the_prefix(app: TestApp) -> None:
    assert app.post("/scales", status="*").status_int == 307
    answer = app.get("/scales?a=1", extra_environ={"SCRIPT_NAME": "/mounted"})
    assert answer.headers["Location"] == "http://localhost/mounted/scales/?a=1"


def test_a_prefix_with_a_place_for_something_redirects_to_the_same_something() -> None:
    config = Configurator()
    config.include("pyramid_scales", route_prefix="/{tenant}/internal")
    app = TestApp(config.make_wsgi_app())
    assert app.get("/caf%C3%A9/internal/scales").location == "http://localhost/caf%C3%A9/internal/scales/"


# Static files


@pytest.mark.parametrize("name", ["page.css", "page.js", "icon.svg"])
def test_our_files_come_with_type_and_may_be_kept_for_ever(app: TestApp, name: str) -> None:
    file = static_files()[name]
    answer = app.get(f"/scales/~static/{name}?v={file.version}")
    assert answer.body == file.body
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].split(";")[0] == file.content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_asks_for_our_files_by_their_present_version(app: TestApp) -> None:
    html = app.get("/scales/").html
    asked = [tag.get("href") or tag.get("src") for tag in html.find_all(["link", "script"])]
    assert {f"/scales/~static/{name}?v={file.version}" for name, file in static_files().items()} == set(asked)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nosuch",
        "../views.py",
        "..%2fviews.py",
        "%2e%2e/views.py",
        "page.css/x",
        "PAGE.CSS",
        "/etc/passwd",
    ],
)
def test_nothing_else_is_served(app: TestApp, name: str) -> None:
    answer = app.get(f"/scales/~static/{name}", status="*")
    assert answer.status_int == 404
    assert "import" not in answer.text


def test_strangers_do_not_get_our_files(app: TestApp) -> None:
    assert app.get("/scales/~static/page.css", extra_environ={"REMOTE_ADDR": "203.0.113.9"}, status=403)


# A route of one's own


def own_route(config: Configurator) -> None:
    config.add_route("own", "/own/*prefix")
    config.add_view(scales_stats, route_name="own")


def check_own(app: TestApp, base: str = "/own/") -> None:
    scales.getStats().data["app"] = {"n": {"m": 3}}
    assert app.get(f"{base}app/n/m?format=json").body == b"3\n"
    page = app.get(f"{base}app/")
    assert page.html.find("a", href=f"{base}app/n/")
    style = page.html.find("link", rel="stylesheet")["href"]
    assert style.startswith(f"{base}~static/page.css")
    assert app.get(style).headers["Content-Type"].startswith("text/css")
    assert app.get(f"{base}app/nosuch", status=404).html.find("a", href=base)
    assert app.get(f"{base}?query=%ff", status=400)
    assert app.post(base, status=405)
    assert app.head(base).status_int == 200


def test_on_a_route_of_ones_own_beside_ours(make_app: MakeApp) -> None:
    check_own(make_app(setup=own_route))


def test_on_a_route_of_ones_own_without_the_include() -> None:
    config = Configurator()
    own_route(config)
    app = TestApp(config.make_wsgi_app())
    check_own(app)
    assert "was not included" in app.get("/own/").text


def test_on_a_route_of_ones_own_access_is_ones_own(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        config.set_security_policy(DummySecurityPolicy("someone", permissive=False))
        config.add_route("open", "/open/*prefix")
        config.add_view(scales_stats, route_name="open")
        config.add_route("closed", "/closed/*prefix")
        config.add_view(scales_stats, route_name="closed", permission="admin")

    app = make_app(setup=setup)
    stranger = {"REMOTE_ADDR": "203.0.113.9"}
    assert app.app.registry.queryUtility(ISecurityPolicy) is not None
    assert app.get("/open/", extra_environ=stranger).status_int == 200
    assert app.get("/closed/", extra_environ=stranger, status="*").status_int == 403
    assert app.get("/scales/", extra_environ=stranger, status="*").status_int == 403


def test_on_a_route_of_ones_own_below_a_prefix(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        config.include(own_route, route_prefix="/a/b")

    check_own(make_app(setup=setup), "/a/b/own/")


def test_on_a_route_of_ones_own_with_a_script_name(make_app: MakeApp) -> None:
    app = make_app(setup=own_route)
    scales.getStats().data["app"] = {"n": {"m": 3}}
    page = app.get("/own/app/", extra_environ={"SCRIPT_NAME": "/mounted"})
    assert page.html.find("a", href="/mounted/own/app/n/")


def test_on_a_route_of_ones_own_below_another_application(make_app: MakeApp) -> None:
    outer = Configurator()
    outer.add_route("sub", "/outer/*subpath")
    outer.add_view(wsgiapp2(make_app(setup=own_route).app), route_name="sub")
    check_own(TestApp(outer.make_wsgi_app()), "/outer/own/")


def test_on_a_route_of_ones_own_with_the_protections_of_the_application(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        own_route(config)
        config.set_session_factory(SignedCookieSessionFactory("s"))
        config.set_default_csrf_options(require_csrf=True)
        config.set_security_policy(DummySecurityPolicy("someone", permissive=False))
        config.set_default_permission("admin")

    app = make_app(setup=setup)
    assert app.get("/own/", status="*").status_int == 403  # a default permission is meant for one's own views
    assert app.get("/scales/").status_int == 200


def test_two_routes_of_ones_own_show_the_same_tree_at_their_own_addresses(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        own_route(config)
        config.add_route("second", "/second/*prefix")
        config.add_view(scales_stats, route_name="second")

    app = make_app(setup=setup)
    check_own(app, "/own/")
    check_own(app, "/second/")


def test_a_user_may_render_the_page_from_a_view_of_their_own(make_app: MakeApp) -> None:
    def wrapped(request: Request) -> Any:
        response = scales_stats(request)
        response.headers["X-Wrapped"] = "yes"
        return response

    def setup(config: Configurator) -> None:
        config.add_route("own", "/own/*prefix")
        config.add_view(wrapped, route_name="own")

    answer = make_app(setup=setup).get("/own/pyramid/process/pid?format=json")
    assert answer.headers["X-Wrapped"] == "yes"
    assert isinstance(json.loads(answer.text), int)


def test_requests_for_the_page_are_not_among_the_requests_that_it_shows(make_app: MakeApp) -> None:
    app = make_app(setup=own_route)
    for url in (
        "/scales/",
        "/scales",
        "/scales/nosuch",
        "/scales/%ff",
        "/own/",
        "/own/nosuch",
        "/scales/~static/page.css",
    ):
        app.get(url, status="*")
    app.get("/scales/", extra_environ={"REMOTE_ADDR": "203.0.113.9"}, status=403)
    figures = app.get("/scales/pyramid/requests/?format=json").json
    assert (figures["active"], figures["latency"], figures["responses"]) == (0, {"count": 0}, {})
