"""The page's own files: templates compiled once, static files read once and named by their content."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

_TYPES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}


class StaticFile(NamedTuple):
    """One of the page's own files."""

    content_type: str
    body: bytes
    version: str
    """Changes with the content, so that a browser may keep the file for ever."""


@cache
def static_files() -> dict[str, StaticFile]:
    """The style sheet, the script and the icon, by name."""
    return {name: _read(name, content_type) for name, content_type in _TYPES.items()}


def _read(name: str, content_type: str) -> StaticFile:
    body = (files(__package__) / "static" / name).read_bytes()
    return StaticFile(content_type, body, blake2b(body, digest_size=6).hexdigest())


@cache
def templates() -> Environment:
    """The templates; everything they print is escaped."""
    return Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
