"""Addresses of nodes: a key of any text ↔ one segment of a URL path.

WSGI servers and Pyramid drop or split some segments (``''``, ``.``, ``..``, ``/``), so those are escaped
in the manner of JSON Pointer (RFC 6901): ``~0`` is ``~``, ``~1`` is ``/``; and, ours, ``~2`` is nothing
(it keeps an empty segment alive), ``~3`` is a newline (no route pattern matches one) and ``~4d83d`` is
half of a surrogate pair (no UTF-8 carries one), by its hexadecimal number.
Any other ``~`` stands for itself, so that a key typed by hand works as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from .snapshot import Path

_ESCAPES = {"~0": "~", "~1": "/", "~2": "", "~3": "\n"}
_ESCAPED = re.compile("~(?:[0-3]|4(d[89a-f][0-9a-f]{2}))")
_SURROGATE = re.compile("[\ud800-\udfff]")
_VANISHING = frozenset(("", ".", ".."))


def clean(text: str) -> str:
    """``text`` as UTF-8 can carry it: a lone surrogate becomes its escape, such as ``\\ud800``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def encode_key(key: str) -> str:
    """The key as one segment of a URL path, percent-encoded."""
    text = key.replace("~", "~0").replace("/", "~1").replace("\n", "~3")
    text = _SURROGATE.sub(lambda match: f"~4{ord(match.group()):x}", text)
    return quote("~2" + text if text in _VANISHING else text, safe="~")


def decode_segment(segment: str) -> str:
    """The key that a segment (already percent-decoded) names; inverse of :func:`encode_key`."""
    return _ESCAPED.sub(_unescaped, segment)


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16)) if match.group(1) else _ESCAPES[match.group()]


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page lives, as the browser sees it; builds every link of the page."""

    base: str
    """Path of the root node, percent-encoded, with ``SCRIPT_NAME`` and a final slash."""

    def to(self, path: Path = (), **parameters: str) -> str:
        """The address of a node, with a query string from ``parameters``, empty ones left out.

        The result is a URL, not HTML: a template still escapes it.
        """
        url = self.base + "".join(encode_key(key) + "/" for key in path)
        kept = {name: value for name, value in parameters.items() if value}
        return url + "?" + urlencode(kept, errors="backslashreplace") if kept else url

    def static(self, name: str, version: str) -> str:
        """The address of one of our own files; ``version`` makes it cacheable for ever."""
        return f"{self.base}~static/{name}?v={version}"


def parse(segments: Sequence[str]) -> Path:
    """The path that the segments of a URL (already percent-decoded) name."""
    return tuple(decode_segment(segment) for segment in segments)
