"""Who may see the page: hosts, token, permission, and nobody else."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from greplin import scales
from pyramid.authentication import RemoteUserAuthenticationPolicy
from pyramid.authorization import ACLAuthorizationPolicy
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPFound
from pyramid.request import Request
from pyramid.security import Allowed, Denied
from webtest import TestApp

MakeApp = Callable[..., TestApp]


def status(app: TestApp, address: str | None = None, /, **headers: str) -> int:
    """The status that a caller at ``address`` (``None``: a call within the process) gets."""
    environ = {} if address is None else {"REMOTE_ADDR": address}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return int(app.get("/scales/", extra_environ=environ, headers=names, status="*").status_int)


class Policy:
    """A real security policy: the user is the header ``X-User``; ``admin`` may see the numbers."""

    def identity(self, request: Request) -> str | None:
        return request.headers.get("X-User")

    authenticated_userid = identity

    def permits(self, request: Request, context: object, permission: str) -> Allowed | Denied:
        if self.identity(request) == "admin" and permission == "see-numbers":
            return Allowed("an admin")
        return Denied("no admin")

    def remember(self, request: Request, userid: str, **kw: Any) -> list[tuple[str, str]]:
        return []

    def forget(self, request: Request, **kw: Any) -> list[tuple[str, str]]:
        return []


def with_policy(config: Configurator) -> None:
    config.set_security_policy(Policy())


PERMITTED = {"scales.permission": "see-numbers"}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1", "::1%lo"])
def test_as_installed_the_machine_itself_may_look(app: TestApp, address: str) -> None:
    assert status(app, address) == 200


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.2", "8.8.8.8", "::2", "fe80::1%eth0", "::ffff:10.0.0.1", "2001:db8::1"]
)
def test_as_installed_strangers_may_not_look(app: TestApp, address: str) -> None:
    assert status(app, address) == 403


def test_a_call_within_the_process_may_look(app: TestApp) -> None:
    assert status(app) == 200


@pytest.mark.parametrize(
    "address", ["", "localhost", "unix:", "/run/app.sock", "127.0.0.1:80", "0x7f.1", "127.1", " ", "%"]
)
def test_what_is_no_address_of_a_client_lets_nobody_in(app: TestApp, address: str) -> None:
    assert status(app, address) == 403


@pytest.mark.parametrize("hosts", ["0.0.0.0/0 ::/0", "0.0.0.0/0", "::/0"])
@pytest.mark.parametrize("address", ["", "localhost"])
def test_a_unix_socket_is_no_host_even_when_all_hosts_may_look(
    make_app: MakeApp, hosts: str, address: str
) -> None:
    assert status(make_app({"scales.hosts": hosts}), address) == 403


@pytest.mark.parametrize(
    ("hosts", "address", "expected"),
    [
        ("10.0.0.0/8", "10.255.255.255", 200),
        ("10.0.0.0/8", "11.0.0.0", 403),
        ("10.0.0.0/8", "127.0.0.1", 403),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 200),
        ("10.0.0.0/8", "::ffff:11.1.2.3", 403),
        ("::ffff:10.0.0.0/104", "::ffff:10.1.2.3", 200),
        ("::ffff:10.0.0.0/104", "::ffff:11.1.2.3", 403),
        ("fd00::/8", "fd12:3456::1", 200),
        ("fd00::/8", "fe80::1", 403),
        ("fe80::/10", "fe80::1%eth0", 200),
        ("fe80::/10", "10.0.0.1", 403),
        ("192.0.2.7", "192.0.2.7", 200),
        ("192.0.2.7", "192.0.2.8", 403),
        ("0.0.0.0/0", "203.0.113.9", 200),
        ("0.0.0.0/0", "2001:db8::1", 403),
        ("127.0.0.1 10.0.0.0/8", "10.0.0.1", 200),
    ],
)
def test_hosts_are_addresses_and_networks(make_app: MakeApp, hosts: str, address: str, expected: int) -> None:
    assert status(make_app({"scales.hosts": hosts}), address) == expected


def test_without_hosts_not_even_a_call_within_the_process_may_look(make_app: MakeApp) -> None:
    app = make_app({"scales.hosts": ""})
    assert status(app) == status(app, "127.0.0.1") == 403


PROXIES = ["Forwarded", "X_Forwarded_For", "X_Real_IP", "x_forwarded_for", "X_Forwarded_Proto", "Via"]


@pytest.mark.parametrize("header", PROXIES)
@pytest.mark.parametrize("value", ["127.0.0.1", "for=127.0.0.1", "", "::1"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", None])
def test_what_came_through_a_proxy_is_not_judged_by_an_address(
    app: TestApp, header: str, value: str, address: str | None
) -> None:
    assert status(app, address, **{header: value}) == 403


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", 200),
        ("LOCALHOST:6543", 200),
        ("shop.localhost:80", 200),
        ("127.0.0.1:6543", 200),
        ("127.0.1.1", 200),
        ("[::1]:6543", 200),
        ("www.example.com", 403),
        ("localhost.example.com", 403),
        ("127.0.0.1.example.com", 403),
        ("notlocalhost", 403),
        ("10.0.0.1", 403),
        ("[::2]", 403),
        ("", 403),
        ("localhost\n", 403),
        ("\xff", 403),
    ],
)
def test_who_comes_from_the_machine_itself_must_ask_for_it(
    app: TestApp, address: str, host: str, expected: int
) -> None:
    # Otherwise it is a proxy that sends the name of the site, or a browser whose DNS was tampered with.
    environ = {"REMOTE_ADDR": address, "HTTP_HOST": host}
    answer = app.get("/scales/", extra_environ=environ, status="*")
    assert answer.status_int == expected
    assert expected == 200 or "asks for another host than localhost" in answer.text


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("protocol", "connection", "expected"),
    [
        ("HTTP/1.0", {"HTTP_CONNECTION": "close"}, 403),
        ("HTTP/1.0", {}, 200),  # w3m
        ("HTTP/1.1", {"HTTP_CONNECTION": "close"}, 200),  # urllib
        ("HTTP/1.1", {"HTTP_CONNECTION": "keep-alive"}, 200),
    ],
)
def test_what_nginx_passes_on_by_default_is_not_taken_for_a_direct_connection(
    app: TestApp, address: str, protocol: str, connection: dict[str, str], expected: int
) -> None:
    # Its proxy_pass names neither itself nor the client, and as the host what it was told to connect to.
    environ = {"REMOTE_ADDR": address, "HTTP_HOST": "127.0.0.1:6543", "SERVER_PROTOCOL": protocol}
    assert app.get("/scales/", extra_environ=environ | connection, status="*").status_int == expected


def test_from_elsewhere_one_may_ask_for_any_host(make_app: MakeApp) -> None:
    app = make_app({"scales.hosts": "127.0.0.1 10.0.0.0/8", **TOKEN})
    assert status(app, "10.0.0.1", Host="www.example.com") == 200
    assert status(app, "127.0.0.1", Host="www.example.com") == 403
    assert status(app, "127.0.0.1", Host="www.example.com", Authorization="Bearer s3cret!") == 200


def test_a_client_without_a_host_header_is_no_proxy(app: TestApp) -> None:
    environ = Request.blank("/scales/").environ | {"REMOTE_ADDR": "127.0.0.1"}
    del environ["HTTP_HOST"]
    assert Request(environ).get_response(app.app).status_int == 200


TOKEN = {"scales.token": "s3cret!"}


@pytest.mark.parametrize(
    "header", ["Bearer s3cret!", "bearer s3cret!", "BEARER  s3cret! ", " Bearer s3cret!"]
)
def test_the_token_lets_a_scraper_in_from_anywhere(make_app: MakeApp, header: str) -> None:
    app = make_app(TOKEN)
    for address in ("203.0.113.9", "", "localhost", None):
        assert status(app, address, Authorization=header) == 200
    assert status(app, "10.0.0.1", Authorization=header, X_Forwarded_For="198.51.100.1") == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer s3cret",
        "Bearer s3cret!!",
        "Bearer S3CRET!",
        "Bearer",
        "Bearer ",
        "s3cret!",
        "Basic s3cret!",
        "Basic OnMzY3JldCE=",
        "Bearer s3cret! x",
        "Bearer None",
        "Bearer caf\xe9",
        "Bearer s3cret!\xe9",
        "\xe9\xff\x80",
        "",
    ],
)
def test_another_token_lets_nobody_in(make_app: MakeApp, header: str) -> None:
    assert status(make_app(TOKEN), "203.0.113.9", Authorization=header) == 403


def test_a_token_with_what_latin_1_does_not_hold_is_refused_not_an_error(make_app: MakeApp) -> None:
    # No WSGI server passes such a header on; one that would must not get a 500 out of us.
    app = make_app(TOKEN).app
    for value in ("Bearer \u20ac", "Bearer \ud800", "Bearer \U0001f512"):
        environ = Request.blank("/scales/").environ | {"HTTP_AUTHORIZATION": value}
        assert Request(environ).get_response(app).status_int == 403


@pytest.mark.parametrize("header", ["Bearer ", "Bearer", "Bearer None", "", "Bearer s3cret!"])
def test_without_a_token_no_header_lets_anybody_in(app: TestApp, header: str) -> None:
    assert status(app, "203.0.113.9", Authorization=header) == 403


@pytest.mark.parametrize("settings", [TOKEN, PERMITTED], ids=["token", "permission"])
def test_a_token_or_a_permission_closes_the_default_hosts(
    make_app: MakeApp, settings: Mapping[str, str]
) -> None:
    app = make_app(settings, with_policy)
    assert status(app, "127.0.0.1") == status(app, "::1") == status(app) == 403


@pytest.mark.parametrize("settings", [TOKEN, PERMITTED], ids=["token", "permission"])
def test_hosts_that_are_set_stay_open_beside_a_token_or_a_permission(
    make_app: MakeApp, settings: Mapping[str, str]
) -> None:
    app = make_app({**settings, "scales.hosts": "127.0.0.1"}, with_policy)
    assert status(app, "127.0.0.1") == 200
    assert status(app, "::1") == 403


def test_the_permission_lets_in_whom_the_policy_permits(make_app: MakeApp) -> None:
    app = make_app(PERMITTED, with_policy)
    assert status(app, "203.0.113.9", X_User="admin") == 200
    assert status(app, "203.0.113.9", X_User="admin", X_Forwarded_For="198.51.100.1") == 200
    assert status(app, "203.0.113.9", X_User="guest") == 403
    assert status(app, "127.0.0.1") == 403


def test_the_permission_is_the_one_that_was_configured(make_app: MakeApp) -> None:
    assert status(make_app({"scales.permission": "other"}, with_policy), X_User="admin") == 403


@pytest.mark.filterwarnings("ignore:Authentication and authorization policies:DeprecationWarning")
def test_policies_of_pyramid_1_with_an_acl_of_the_root_let_in_and_keep_out(make_app: MakeApp) -> None:
    class Root:
        __acl__ = (("Allow", "admin", "see-numbers"),)

        def __init__(self, request: Request) -> None:
            pass

    def setup(config: Configurator) -> None:
        config.set_root_factory(Root)
        config.set_authentication_policy(RemoteUserAuthenticationPolicy())
        config.set_authorization_policy(ACLAuthorizationPolicy())

    app = make_app(PERMITTED, setup)
    assert app.get("/scales/", extra_environ={"REMOTE_USER": "admin"}).status_int == 200
    assert app.get("/scales/", extra_environ={"REMOTE_USER": "guest"}, status="*").status_int == 403


def test_a_permission_without_a_security_policy_lets_nobody_in(make_app: MakeApp) -> None:
    app = make_app(PERMITTED)
    assert status(app) == status(app, "127.0.0.1") == status(app, "203.0.113.9") == 403


@pytest.mark.parametrize(
    "error", [RuntimeError("down"), HTTPForbidden(), HTTPFound("/login"), KeyError("x")], ids=repr
)
def test_a_policy_that_raises_lets_nobody_in_and_is_logged(
    make_app: MakeApp, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Policy):
        def permits(self, request: Request, context: object, permission: str) -> Allowed | Denied:
            raise error

    app = make_app({**PERMITTED, **TOKEN}, lambda config: config.set_security_policy(Broken()))
    with caplog.at_level(logging.ERROR, "pyramid_scales.access"):
        assert status(app, "203.0.113.9", X_User="admin") == 403
    assert "see-numbers" in caplog.text
    assert "s3cret!" not in caplog.text
    assert status(app, "203.0.113.9", Authorization="Bearer s3cret!") == 200


def test_any_of_the_three_ways_is_enough(make_app: MakeApp) -> None:
    app = make_app({**TOKEN, **PERMITTED, "scales.hosts": "192.0.2.0/24"}, with_policy)
    ways = ({"address": "192.0.2.1"}, {"Authorization": "Bearer s3cret!"}, {"X_User": "admin"})
    for taken in itertools.product([False, True], repeat=3):
        chosen: dict[str, str] = {}
        for way, is_taken in zip(ways, taken, strict=True):
            chosen |= way if is_taken else {}
        address = chosen.pop("address", "203.0.113.9")
        assert status(app, address, **chosen) == (200 if any(taken) else 403), taken


def test_the_default_permission_of_the_application_does_not_shut_the_page(make_app: MakeApp) -> None:
    def setup(config: Configurator) -> None:
        config.set_security_policy(Policy())
        config.set_default_permission("nobody has this")
        config.add_route("own", "/own")
        config.add_view(lambda request: "never", route_name="own", renderer="string")

    app = make_app(setup=setup)
    assert app.get("/own", status="*").status_int == 403
    assert status(app, "127.0.0.1") == 200
    assert app.get("/scales").status_int == 307
    assert status(app, "203.0.113.9", X_User="admin") == 403


def test_a_refusal_names_the_settings_and_tells_nothing_of_the_tree(make_app: MakeApp) -> None:
    scales.collection("/treasure", scales.IntStat("gold")).gold = 4711
    app = make_app({**TOKEN, **PERMITTED, "scales.hosts": "192.0.2.0/24"}, with_policy)
    paths = (
        "",
        "treasure/",
        "treasure/gold",
        "nosuch/",
        "?query=gold",
        "?format=nosuch",
        "?query=%3E",
        "%ff",
    )
    stranger = {"REMOTE_ADDR": "203.0.113.9"}
    for path in paths:
        for format in ("", "?format=json", "?format=prometheus", "?format=openmetrics"):
            text = app.get(f"/scales/{path}{format}", extra_environ=stranger, status=403).text
            for setting in ("scales.hosts", "scales.token", "scales.permission", "Bearer TOKEN"):
                assert setting in text
            for secret in ("gold", "4711", "s3cret!", "see-numbers", "192.0.2"):
                if secret not in path:
                    assert secret not in text


def test_strangers_get_the_same_answer_whether_a_statistic_exists_or_not(app: TestApp) -> None:
    scales.collection("/treasure", scales.IntStat("gold")).gold = 4711
    stranger = {"REMOTE_ADDR": "203.0.113.9"}
    answers = {
        app.get(f"/scales/{path}/", extra_environ=stranger, status=403).body
        for path in ("treasure", "nosuch1")
    }
    assert len(answers) == 1


def test_a_stranger_learns_nothing_by_another_method(app: TestApp) -> None:
    stranger = {"REMOTE_ADDR": "203.0.113.9"}
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert app.request("/scales/", method=method, environ=stranger, status="*").status_int == 403
    answer = app.head("/scales/", extra_environ=stranger, status="*")
    assert (answer.status_int, answer.body) == (403, b"")


def test_the_permission_is_asked_for_a_path_that_is_not_utf_8_too(make_app: MakeApp) -> None:
    app = make_app(PERMITTED, with_policy)
    assert app.get("/scales/%ff", status="*").status_int == 403
    assert app.get("/scales/%ff", headers={"X-User": "admin"}, status="*").status_int == 400


def test_the_token_is_never_logged(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        app = make_app(TOKEN)
        status(app, "203.0.113.9", Authorization="Bearer s3cret!")
        status(app, "203.0.113.9", Authorization="Bearer wrong")
    assert "s3cret!" not in caplog.text
