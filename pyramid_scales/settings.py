"""The settings: one table, one pure function from an application's settings to a frozen object."""

from __future__ import annotations

import difflib
import ipaddress
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from pyramid.exceptions import ConfigurationError

PREFIX = "scales."
MERGES = ("sum", "mean", "max", "min")
FEWEST_SERIES = 10  # some are kept for what comes after the cap
LONGEST_BUCKET = 4000.0
MOST_BUCKETS = 100
_LONGEST_SHOWN = 200

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRUE = frozenset(("true", "yes", "on", "1", "t", "y"))
_FALSE = frozenset(("false", "no", "off", "0", "f", "n"))


class Secret(str):
    """A text like any other, but ``repr`` does not show it: not in logs, tracebacks and debug toolbars."""

    def __repr__(self) -> str:
        return "'(hidden)'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an application chose; one field for each row of :data:`TABLE`."""

    path: str
    hosts: tuple[Network, ...]
    permission: str | None
    token: Secret | None
    timing: bool
    exclude: tuple[str, ...]
    buckets: tuple[float, ...]
    max_series: int
    shared_dir: str | None
    shared_keep: float
    gauges: tuple[tuple[str, str], ...]
    prometheus_registry: bool


class Row(NamedTuple):
    """One setting: ``convert`` takes text or a Python value; its ``ValueError`` says what is right."""

    name: str
    convert: Callable[[Any], Any]
    default: str
    doc: str


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(str(item) for item in value)
    return (str(value),)


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError("use true or false")


def _path(value: Any) -> str:
    path = str(value).strip().rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", path) or {".", ".."} & set(path.split("/")):
        raise ValueError("use a path such as /scales (letters, digits, '.', '_', '-' and '/'; not the root)")
    return path


def _hosts(value: Any) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word) for word in _words(value))
    except ValueError as error:
        raise ValueError(
            f"{error}; use addresses or networks such as 127.0.0.1 10.0.0.0/8 fd00::/8"
        ) from None


def _permission(value: Any) -> str | None:
    return str(value).strip() or None


def _token(value: Any) -> Secret | None:
    token = Secret(str(value).strip())
    if re.search(r"[^\x21-\x7e]", token):
        raise ValueError("use visible ASCII characters without spaces")
    return token or None


def _buckets(value: Any) -> tuple[float, ...]:
    try:
        bounds = tuple(float(word) for word in _words(value))
    except ValueError:
        bounds = ()
    rising = all(low < high for low, high in pairwise(bounds))
    if (
        not 0 < len(bounds) <= MOST_BUCKETS
        or not rising
        or not 1e-6 <= bounds[0] <= bounds[-1] <= LONGEST_BUCKET
    ):
        raise ValueError(
            f"use 1 to {MOST_BUCKETS} rising numbers of seconds from 0.000001 to {LONGEST_BUCKET:g},"
            " such as .1 .5 1 5"
        )
    return bounds


def _count(value: Any) -> int:
    try:
        count = int(str(value).strip())
    except ValueError:
        count = 0
    if not FEWEST_SERIES <= count <= 100_000:
        raise ValueError(f"use a whole number from {FEWEST_SERIES} to 100000")
    return count


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not 1 <= seconds < math.inf:
        raise ValueError("use a number of seconds, 1 or more")
    return seconds


def _directory(value: Any) -> str | None:
    directory = os.fspath(value) if isinstance(value, os.PathLike) else str(value).strip()
    if directory and (not os.path.isabs(directory) or "\0" in directory):
        raise ValueError("use an absolute path, such as /run/myapp/scales")
    return directory or None


def _gauges(value: Any) -> tuple[tuple[str, str], ...]:
    parts = [word.rpartition("=") for word in _words(value)]
    pairs = tuple((glob, merge) for glob, _, merge in parts)
    if not all(glob and merge in MERGES for glob, merge in pairs):
        raise ValueError(f"use GLOB=MERGE with MERGE one of {', '.join(MERGES)}, such as pool/size=sum")
    return pairs


TABLE = (
    Row("path", _path, "/scales", "where the page lives"),
    Row(
        "hosts",
        _hosts,
        "127.0.0.1 ::1",
        "networks that may look, by the address of a direct connection;"
        " empty once a permission or a token is set",
    ),
    Row("permission", _permission, "", "a Pyramid permission that lets a request in"),
    Row("token", _token, "", "a bearer token that lets a scraper in"),
    Row("timing", _boolean, "true", "whether requests are timed; false adds no tween at all"),
    Row("exclude", _words, "", "globs of route names that are not timed"),
    Row(
        "buckets",
        _buckets,
        ".005 .01 .025 .05 .075 .1 .25 .5 .75 1 2.5 5 7.5 10",
        "the exact le bounds of the request histogram, in seconds",
    ),
    Row(
        "max_series",
        _count,
        "500",
        "how many series of requests there may be; later ones are recorded as (other)",
    ),
    Row(
        "shared_dir",
        _directory,
        "",
        "a directory through which the workers of this machine become one application",
    ),
    Row("shared_keep", _seconds, "300", "seconds after which an application that has stopped is forgotten"),
    Row(
        "gauges",
        _gauges,
        "",
        "globs of the application's statistics that are gauges, each with its merge: sum, mean, max or min",
    ),
    Row(
        "prometheus_registry",
        _boolean,
        "false",
        "whether the metrics of prometheus_client's default registry are added to ours",
    ),
)


def parse(settings: Mapping[str, Any]) -> Settings:
    """The settings of the application, from the mapping that Pyramid was given.

    Raises ``ConfigurationError`` for a ``scales.`` key that is not in :data:`TABLE` and for a value that
    does not convert; it names the key, the value and what would be right.
    """
    _refuse_unknown(settings)
    values = {row.name: _convert(row, settings) for row in TABLE}
    if (values["permission"] or values["token"]) and settings.get(PREFIX + "hosts") is None:
        values["hosts"] = ()
    return Settings(**values)


def parse_path(settings: Mapping[str, Any]) -> str:
    """``scales.path`` alone: the route is added before the other settings are known to be complete."""
    path: str = _convert(TABLE[0], settings)
    return path


def _convert(row: Row, settings: Mapping[str, Any]) -> Any:
    key = PREFIX + row.name
    value = settings.get(key)
    try:
        return row.convert(row.default if value is None else value)
    except ValueError as error:
        shown = "" if row.name == "token" else f" = {_shown(value)}"
        raise ConfigurationError(f"{key}{shown}: {error}") from None


def _refuse_unknown(settings: Mapping[str, Any]) -> None:
    known = [row.name for row in TABLE]
    for key in settings:
        if isinstance(key, str) and key.startswith(PREFIX) and key[len(PREFIX) :] not in known:
            close = difflib.get_close_matches(key[len(PREFIX) :].lower(), known, 1)
            meant = [PREFIX + name for name in close or known]
            advice = f"did you mean {meant[0]}?" if close else f"the settings are {', '.join(meant)}"
            # The value is not shown: it may be a token under a misspelt name.
            raise ConfigurationError(f"{key}: there is no such setting; {advice}")


def _shown(value: Any) -> str:
    try:
        return repr(value)[:_LONGEST_SHOWN]
    except Exception:
        return f"<{type(value).__name__}>"
