"""Which of the two exposition formats an ``Accept`` header asks for, if it asks for one at all.

Only a media range that names a format counts: ``*/*`` and ``text/*`` say nothing, or every browser would get
an exposition. Prometheus 2 sends ``application/openmetrics-text;version=1.0.0`` and, of a lower quality,
``text/plain;version=0.0.4``; Prometheus 3 adds ``escaping=allow-utf-8`` (our names need no escaping, so it
changes nothing).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

Format = Literal["prometheus", "openmetrics"]

_OTHERS = frozenset(("text/html", "application/xhtml+xml", "application/json"))
_LONGEST = 4096


class _Range(NamedTuple):
    media: str
    version: str
    quality: float


def accepted(accept_header: str) -> Format | None:
    """The format that the header prefers; ``None`` if it names neither, or HTML or JSON as much.

    Of equal quality, OpenMetrics goes first. A ``text/plain`` without version is Prometheus's format, the
    only plain text that we have.
    """
    best: dict[Format, float] = {"openmetrics": 0.0, "prometheus": 0.0}
    other = 0.0
    for media_range in _ranges(accept_header[:_LONGEST].lower()):
        named = _format(media_range)
        if named:
            best[named] = max(best[named], media_range.quality)
        elif media_range.media in _OTHERS:
            other = max(other, media_range.quality)
    name: Format = max(best, key=lambda candidate: best[candidate])
    return name if best[name] > other else None


def _format(media_range: _Range) -> Format | None:
    if media_range.media == "application/openmetrics-text":
        return "openmetrics" if media_range.version in ("", "1.0.0") else None
    if media_range.media == "text/plain":
        return "prometheus" if media_range.version in ("", "0.0.4", "1.0.0") else None
    return None


def _ranges(header: str) -> Iterator[_Range]:
    for part in header.split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        found = {
            name.strip(): value.strip(' "')
            for name, _, value in (piece.partition("=") for piece in parameters)
        }
        yield _Range(media, found.get("version", ""), _quality(found.get("q", "1")))


def _quality(text: str) -> float:
    """A quality from 0 to 1 (RFC 9110, 12.4.2); one that can't be read counts as 0."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
