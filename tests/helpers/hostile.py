"""What an attacker, a fuzzer or a broken client sends, from a seed; and what no answer to it may be."""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes

import awkward
from expositions import samples

MARKUP = (
    b"<xss onxss=1>",
    b"'\"><xss>",
    b"\" onxss='1",
    b"' onxss=\"1",
    b"</title><xss>",
    b"--><xss>",
    b"]]><xss>",
    b"<xss",
    b"&lt;xss&gt;",
    b"javascript:xss()",
    b"\nxss_injected 1\n",
    b"\n# TYPE xss_injected gauge\n",
    b'xss="1",xss_injected="',
    b"\r\nX-Xss: 1",
)
"""All of it names ``xss``, so that it is found wherever it got through unescaped."""

BYTES = (
    *(text.encode("utf-8", "surrogatepass") for text in awkward.TEXTS),
    *MARKUP,
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\x00",
    b"\x1b]0;xss\x07",
    b"%00",
    b"%zz",
    b"%u003c",
    b"%c0%ae%c0%ae/",
    b"/" * 500,
    b"../" * 50,
    b"a/" * 500,
    b"9" * 5000,
    b"-1e999",
    b"a" * 20_000,
    *b"app n codes 200 pmfs h meters strings nosuch ~static/page.css pyramid/requests".split(),
    *b"json html openmetrics worker all and * ? [ [! [z-a] ** */* > <= == != = ! nan inf 1".split(),
    *b"; , q= ;q=0.1 text/html application/json text/plain;version=0.0.4 gzip */* identity".split(),
)

PARAMETERS = b"format query scope sort order route refresh fragment nosuch".split()
HEADERS = (
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_CHARSET",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "HTTP_HOST",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_RANGE",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_HTTP_METHOD_OVERRIDE",
    "HTTP_X_REQUESTED_WITH",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "REMOTE_ADDR",
    "REMOTE_USER",
)
METHODS = (*["GET"] * 12, "HEAD", "HEAD", "POST", "PUT", "OPTIONS", "get", "", "G\xcbT", "GET /", "<xss>")


class Body:
    """A request's body that fails if it is looked at."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was read")

    readline = readlines = __iter__ = read


class Hostile:
    """A source of bad input; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, likely: float) -> bool:
        return self.random.random() < likely

    def junk(self, most: int = 4) -> bytes:
        """Some fragments, and some bytes of no meaning."""
        return b"".join(
            self.random.choice(BYTES)
            if self.chance(0.85)
            else self.random.randbytes(self.random.randint(1, 8))
            for _ in range(self.random.randint(0, most))
        )

    def text(self) -> str:
        """The same as text; half surrogates are left of what is not UTF-8."""
        return self.junk().decode("utf-8", "surrogatepass" if self.chance(0.5) else "surrogateescape")

    def name(self) -> str:
        """As :meth:`text`, whatever the bytes."""
        try:
            return self.text()
        except UnicodeDecodeError:
            return self.junk().decode("latin-1")

    def query_string(self) -> bytes:
        pairs = [
            self.random.choice(PARAMETERS) + b"=" + self._encoded(self.junk(3))
            for _ in range(self.random.randint(0, 3))
        ]
        return b"&".join(pairs) if self.chance(0.8) else self.junk()

    def _encoded(self, value: bytes) -> bytes:
        return quote_from_bytes(value).encode() if self.chance(0.8) else value

    def environ(self, base: str) -> dict[str, Any]:
        """A request for something below ``base``, from a server that lets everything pass."""
        found = {
            "REQUEST_METHOD": self.random.choice(METHODS),
            "SCRIPT_NAME": "" if self.chance(0.7) else raw(b"/m" + self.junk(2)),
            "PATH_INFO": base + (raw(self.junk()) if base.endswith("/") else ""),
            "QUERY_STRING": raw(self.query_string()),
        }
        found |= {name: header(self.junk(3)) for name in HEADERS if self.chance(0.2)}
        if self.chance(0.8):
            # Mostly a friend: strangers see nothing but a refusal.
            found["REMOTE_ADDR"] = "127.0.0.1"
            found.pop("HTTP_X_FORWARDED_FOR", None)
        return environ(**found)


def raw(value: bytes) -> str:
    """Bytes as they stand in an environ (PEP 3333)."""
    return value.decode("latin-1")


def header(value: bytes) -> str:
    """The same without what no server lets through in a header."""
    return raw(re.sub(rb"[\x00-\x1f\x7f]", b"", value))


def environ(**found: str) -> dict[str, Any]:
    """A whole environ."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/scales/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": Body(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **found,
    }


class Answer(NamedTuple):
    """What an application answered."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(app: Callable[..., Any], environ: dict[str, Any]) -> Answer:
    """The application's answer; what it raises, it raises here."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        begun.append((status, headers))

    body = b"".join(app(environ, start_response))
    ((status, headers),) = begun
    for text in (status, *(text for pair in headers for text in pair)):
        text.encode("latin-1")
        assert not re.search(r"[\x00-\x1f\x7f]", text), headers
    return Answer(int(status[:3]), dict(headers), body)


def check(answer: Answer, is_head: bool = False, is_ours: bool = True) -> None:
    """No server error; a complete answer of its type; and nothing in it that was sent, as it was sent."""
    assert answer.status in (200, 307, 400, 403, 404, 405, 414)
    assert not is_ours or answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Xss" not in answer.headers
    if is_head:
        assert answer.body == b""
        return
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    body = answer.body
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    _CHECKS[answer.headers.get("Content-Type", "")](body.decode("utf-8"))


def check_html(text: str) -> None:
    """Neither elements nor attributes of what was sent."""
    found = re.search(r"""<[/!]?xss|["']\s*onxss|(href|src|action)="\s*javascript:""", text, re.IGNORECASE)
    assert not found, text[max(0, found.start() - 100) : found.end() + 100]


def check_html_thoroughly(text: str) -> None:
    """The same by a parser, which takes its time."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert "main" in reader.tags
    assert "xss" not in reader.tags
    assert not {name for name in reader.attributes if name.startswith("on")}
    assert not [address for address in reader.addresses if not address.startswith(("/", "#", "http:/"))]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action")}


def _check_json(text: str) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(text, parse_constant=refuse)


def _check_exposition(text: str, openmetrics: bool = False) -> None:
    if not text.startswith(("40", "41")):
        assert not [name for name, _ in samples(text, openmetrics) if name.startswith("xss")]


def _nothing(text: str) -> None:
    pass


_CHECKS: dict[str, Callable[[str], None]] = {
    "text/html; charset=utf-8": check_html,
    "application/json": _check_json,
    "text/plain; version=0.0.4; charset=utf-8": _check_exposition,
    "application/openmetrics-text; version=1.0.0; charset=utf-8": lambda text: _check_exposition(text, True),
    "text/plain; charset=utf-8": _nothing,  # an error, for a scraper
    "text/html; charset=UTF-8": check_html,  # WebOb's own words, beside a redirect
    "text/plain; charset=UTF-8": _nothing,
    "text/css": _nothing,
    "text/javascript": _nothing,
    "image/svg+xml": _nothing,
}


def as_it_is(value: Any) -> Any:
    """A tree, told apart by every container, key and value in it."""
    behind = vars(value)["data"] if "data" in getattr(value, "__dict__", {}) else value
    if isinstance(behind, dict):
        return (id(value), id(behind), {key: as_it_is(inner) for key, inner in dict.items(behind)})
    return [as_it_is(inner) for inner in behind] if isinstance(behind, (list, tuple)) else (id(value), value)
