"""Which format was asked for, and the formats that are nothing but JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from webob.acceptparse import create_accept_header

from .address import clean
from .exposition import exposition

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "prettyjson": "application/json",
    "prometheus": exposition.PROMETHEUS,
    "openmetrics": exposition.OPENMETRICS,
}
"""The formats, by the name that ``?format=`` takes."""
LONGEST_ACCEPT = 4096
"""Characters of an Accept header, of whichever kind, that are worth reading: a megabyte takes seconds."""

# A range with a charset accepts only an offer with the same.
_JSON_FIRST = ("application/json", "application/json;charset=utf-8", "text/html")
_HTML_FIRST = (_JSON_FIRST[2], *_JSON_FIRST[:2])


class BadFormat(ValueError):
    """The format does not exist; the message lists those that do."""


def choose(requested: str | None, accept: str | None) -> str:
    """The format of the answer: the one that was asked for by name, else what the Accept header prefers.

    A browser, ``*/*``, no header, a broken one and an absurdly long one get HTML. Raises :class:`BadFormat`.
    """
    if requested:
        if requested not in CONTENT_TYPES:
            raise BadFormat(f"There is no format {requested!r}. The formats are {', '.join(CONTENT_TYPES)}.")
        return requested
    return _accepted(accept.lower()) if accept and len(accept) <= LONGEST_ACCEPT else "html"


def _accepted(accept: str) -> str:
    names_html = "text/html" in accept
    # Of equal quality, what is named goes before what */* lets pass: axios sends "application/json, */*".
    offers = _JSON_FIRST if "application/json" in accept and not names_html else _HTML_FIRST
    header = create_accept_header(accept)
    accepted = header.acceptable_offers(offers) if header.parsed else []
    best = accepted[0][0] if accepted else "text/html"
    if best == "text/html" and names_html:
        return "html"
    return exposition.accepted(accept) or ("html" if best == "text/html" else "json")


def to_json(value: Any, pretty: bool = False) -> str:
    """Strict JSON (RFC 8259) and a newline; NaN and the infinities are ``null``, no lone surrogates."""
    encoder = _PRETTY if pretty else _COMPACT
    try:
        text = encoder.encode(value)
    except ValueError:
        text = encoder.encode(_strict(value))
    if "\\" in text and "\\ud" in text:  # one character is found many times faster than three
        text = encoder.encode(_strict(value))
    return text + "\n"


# A snapshot holds no cycles, so there is no need to look for them.
_COMPACT = json.JSONEncoder(allow_nan=False, check_circular=False)
_PRETTY = json.JSONEncoder(allow_nan=False, check_circular=False, indent=2)


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {clean(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_strict(item) for item in value]
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
