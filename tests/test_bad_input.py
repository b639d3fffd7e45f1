"""Whatever a client sends: no error of ours, nothing comes back unescaped, the tree stays as it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import hostile
import pytest
from greplin import scales
from greplin.scales import meter
from hostile import Hostile, ask, check, check_html_thoroughly, environ, raw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.exceptions import URLDecodeError
from pyramid.request import Request
from pyramid.response import Response
from scales_own import NoTickers

from pyramid_scales import scales_stats
from pyramid_scales.address import Address
from pyramid_scales.tree import tree as reading

Application = Callable[..., Any]

BASES = (
    *("/scales/", "/scales/", "/scales/app/", "/scales/app/h/", "/scales/app/pmfs/", "/scales/app/meters/"),
    *("/scales", "/own/", "/own/app/codes/", "/caf\xc3\xa9/x/numbers/", "/stats/"),
)
SEEDS = range(20)
EACH = 250
FORMATS = ("html", "json", "prettyjson", "prometheus", "openmetrics")


@pytest.fixture(autouse=True)
def statistics(clean_tree: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Statistics of every kind, those among them that grow when they are read without care."""
    monkeypatch.setattr(meter, "TICKERS", NoTickers())
    stats = scales.collection(
        "/app",
        scales.IntStat("n", 3),
        scales.IntDictStat("codes"),
        scales.StringDictStat("strings"),
        scales.PmfStat("pmf"),
        scales.NamedPmfDictStat("pmfs"),
        scales.HistogramAggregationStat("h"),
        meter.MeterDictStat("meters"),
    )
    stats.codes[200], stats.strings["k"], stats.pmf, stats.pmfs["k"] = 7, "<xss>", 1.5, 2
    stats.h["x"] += 1
    assert len(stats.meters) == 0
    scales.getStats().data["odd"] = {5: [1, {b"x": (2,)}], None: {"": {"/": 1}}, "f": lambda: {"g": 1}}
    return stats


def not_our_business(request: Request) -> Response:
    """Without a route, nobody knows whose an address is that can't be read."""
    assert request.environ["PATH_INFO"].startswith("/stats/")
    return Response("the application's own", status=404)


@pytest.fixture
def app() -> Application:
    """Our page, and the same on routes of the user's own and, by traversal, without one."""
    config = Configurator()
    config.include("pyramid_scales")
    config.add_route("own", "/own/*prefix")
    config.add_route("numbers", "/caf\xe9/{tenant}/numbers/*prefix")
    for name in ("own", "numbers"):
        config.add_view(scales_stats, route_name=name)
    config.add_view(scales_stats, name="stats")
    config.add_exception_view(not_our_business, context=URLDecodeError)
    made: Application = config.make_wsgi_app()
    return made


def the_applications() -> Any:
    """The tree without what we put there, which changes with every second."""
    live = scales.getStats().data
    return [(key, hostile.as_it_is(value)) for key, value in live.items() if not key.startswith("pyramid")]


def is_ours(sent: dict[str, Any]) -> bool:
    """Whether the request surely gets as far as our view: no pattern of Pyramid's matches a newline."""
    return "\n" not in sent["PATH_INFO"] and not sent["PATH_INFO"].startswith("/stats/")


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_requests(app: Application, seed: int) -> None:
    source, before = Hostile(seed), the_applications()
    seen = set()
    for number in range(EACH):
        sent = source.environ(BASES[number % len(BASES)])
        answer = ask(app, dict(sent))
        try:
            check(answer, sent["REQUEST_METHOD"] == "HEAD", is_ours(sent))
            if number % 20 == 0 and answer.body.startswith(b"<!DOCTYPE"):
                check_html_thoroughly(answer.body.decode())
        except AssertionError as error:
            raise AssertionError(f"after {sent}") from error
        seen.add(answer.status)
    assert the_applications() == before
    assert seen >= {200, 307, 400, 404, 405}, "the input is too bad to reach anything"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(BASES),
    st.binary(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(FORMATS),
    st.text(),
)
def test_any_bytes_at_all(
    app: Application, base: str, path: bytes, query: bytes, format: str, accept: str
) -> None:
    before = the_applications()
    below = base + raw(path) if base.endswith("/") else base
    for query_string in (query, b"query=" + query + f"&format={format}".encode(), b"format=" + query):
        answer = ask(
            app,
            environ(
                PATH_INFO=below,
                QUERY_STRING=raw(query_string),
                HTTP_ACCEPT=hostile.header(accept.encode("utf-8", "replace")),
                REQUEST_METHOD="GET",
            ),
        )
        check(answer, is_ours=is_ours({"PATH_INFO": below}))
    assert the_applications() == before


# Names and values that an application took from its clients


class Grumpy:
    """A value, and an error, of any text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __call__(self) -> None:
        raise ValueError(self.text)


def class_name(text: str) -> str:
    """As much of a text as Python takes for the name of a class."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:50]


def plant(source: Hostile, number: int) -> dict[Any, Any]:
    """A tree in which every name and value came from a client."""
    root: dict[Any, Any] = {}
    for _ in range(number):
        name, value = source.name(), source.name()
        root[name] = source.random.choice(
            (
                1,
                2.5,
                value,
                value.encode("utf-8", "replace"),
                {name: value, value: 1},
                [value, {value: name}],
                Grumpy(value),
                type(value.replace("\0", "")[:50].encode("utf-8", "replace").decode() or "x", (Grumpy,), {})(
                    name
                ),
                lambda value=value: {value: 3},
            )
        )
    pmfs = scales.NamedPmfDictStat("x")
    container = scales.init(type("Owner", (), {"x": pmfs})(), "clients/pmfs")
    container["p"] = scales.PmfStatDict()
    container["p"].addValue(1)
    root["container"] = container
    return root


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_names_of_statistics(app: Application, seed: int) -> None:
    source = Hostile(seed)
    scales.getStats().data["named"] = plant(source, 50)
    before = the_applications()
    for format in FORMATS:
        for query in ("", "*", "*x*"):
            check(ask(app, environ(QUERY_STRING=f"format={format}&query={query}")))
    check_html_thoroughly(ask(app, environ()).body.decode())
    node = reading.read(("named",))[0].children["named"]
    for key in node.keys():  # noqa: SIM118 (a node is no dictionary)
        url, format = Address("/scales/").to(("named", key)), source.random.choice(FORMATS)
        answer = ask(app, environ(PATH_INFO=raw(unquote_to_bytes(url)), QUERY_STRING=f"format={format}"))
        assert answer.status == 200, key
        check(answer)
    assert the_applications() == before


# Megabytes

MEGABYTE = 10**6
PIECES = (
    *(
        "a",
        "a/",
        "/",
        "../",
        "a/../",
        "~",
        "~1",
        "<xss>",
        "%",
        "%41",
        "%ff",
        "\xff",
        "\xc3\xa9",
        "\n",
        "\0",
        "&",
    ),
    *("a=", "a=&", ";", "+", "*", "9", "and ", "format=json&", "query=*&", '"', "\\"),
)


def endless(piece: str) -> str:
    return piece * (MEGABYTE // len(piece))


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_megabytes_of_an_address_or_query_string_are_soon_refused(app: Application, piece: str) -> None:
    before, started = the_applications(), time.process_time()
    for base in ("/scales/", "/own/app/"):
        check(ask(app, environ(PATH_INFO=base + endless(piece))), is_ours=piece != "\n")
    for path in ("/scales", "/scales/", "/scales/app/n"):
        for prefix in ("", "format=", "query=", "route="):
            answer = ask(app, environ(PATH_INFO=path, QUERY_STRING=prefix + endless(piece)))
            check(answer)
            assert answer.status == 414
            assert len(answer.body) < 2000
    # Not a measurement: what takes the square of a length takes minutes.
    assert time.process_time() - started < 20
    assert the_applications() == before


@pytest.mark.parametrize("name", ["HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_AUTHORIZATION", "REMOTE_ADDR"])
@pytest.mark.parametrize(
    "piece",
    [
        "a",
        ",",
        ";",
        "a/b,",
        "a/b;q=1,",
        'a/b;a="',
        "*/*, ",
        "text/html;a=b,",
        "gzip,",
        " ",
        "\xff",
        "1.",
        ":",
    ],
)
def test_megabytes_of_a_header_are_soon_read(app: Application, name: str, piece: str) -> None:
    check(ask(app, environ()))
    usual = time.process_time()
    for _ in range(5):
        check(ask(app, environ()))
    started = time.process_time()
    for _ in range(5):
        check(ask(app, environ(**{name: endless(piece)})))
    # Reading all of an Accept header takes hundreds of times a page of this size.
    assert time.process_time() - started < 20 * (started - usual)


def test_names_and_values_of_a_megabyte(app: Application) -> None:
    for piece in ("a", "<xss>", "\ud800", "/"):
        scales.getStats().data["big"] = {endless(piece): endless(piece), "list": [endless(piece)]}
        for format in FORMATS:
            check(ask(app, environ(PATH_INFO="/scales/big/", QUERY_STRING=f"format={format}")))


def test_bodies_are_never_read(app: Application) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"):
        for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "application/json", "\xff"):
            for length in ("", "-1", "x", "5", "9" * 50):
                sent = environ(REQUEST_METHOD=method, CONTENT_TYPE=kind, CONTENT_LENGTH=length)
                answer = ask(app, sent)
                check(answer, method == "HEAD")
                assert answer.status == (200 if method in ("GET", "HEAD") else 405)


@pytest.mark.parametrize("missing", ["QUERY_STRING", "SCRIPT_NAME", "SERVER_PROTOCOL"])
def test_an_environ_that_lacks_what_it_may_lack(app: Application, missing: str) -> None:
    for path in ("/scales/", "/scales", "/scales/nosuch", "/scales/\xff", "/own/"):
        sent = environ(PATH_INFO=path)
        del sent[missing]
        check(ask(app, sent))
