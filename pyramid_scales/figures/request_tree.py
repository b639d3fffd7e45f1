"""Requests as the scales tree shows them: what stands at ``pyramid/requests``, in scales' own words.

Pure. The shapes are those of scales' PmfStat (``latency``) and MeterStat (``rate``), so that every
consumer of a scales tree can read them; values are exactly ``int``, ``float`` or ``str``, never NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from ..snapshot import Kind, Labels, Node, Requests
from .spread import middles, spread
from .totals import Totals, altogether, by_route
from .windows import Frame, frame

_PERMILLE = {
    "median": 500,
    "75percentile": 750,
    "95percentile": 950,
    "98percentile": 980,
    "99percentile": 990,
    "999percentile": 999,
}
_KINDS = {
    "latency": Kind.PMF,
    "rate": Kind.METER,
    "responses": Kind.COUNTERS,
    "exceptions": Kind.COUNTERS,
}
_ESCAPES = str.maketrans({"~": "~0", "/": "~1"})
_LONGEST_KEY = 200  # bytes: Graphite makes a file name of it, which may have 255


def tree_key(name: str) -> str:
    """The key of a name in the scales tree: not empty, without ``/``, different for different names.

    As in addresses (and RFC 6901) ``~0`` is ``~`` and ``~1`` is ``/``; ``~2`` is the empty name. A name
    that is very long or can't be printed keeps its beginning, with a digest of the whole behind ``~x``.
    """
    key = name.translate(_ESCAPES) or "~2"
    if key.isprintable() and len(key.encode()) <= _LONGEST_KEY:
        return key
    shown = "".join(char if " " <= char <= "~" else "?" for char in key[:120])
    return f"{shown}~x{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def as_tree(requests: Requests) -> dict[str, Any]:
    """``pyramid/requests`` in plain dictionaries.

    ``active``: requests in flight. ``latency``: durations in seconds, under scales' names for a PMF;
    ``count`` is for ever, the rest over the last five minutes, or for ever when these hold nothing.
    ``rate``: requests per second over 1, 5 and 15 minutes, and their count for ever. ``responses``: by
    status code, ``exceptions``: by dotted class, both for ever. ``routes``: the same of each route.
    """
    tree: dict[str, Any] = as_node(requests).data
    return tree


def as_node(requests: Requests) -> Node:
    """The same as :func:`as_tree`, with the kind of each part."""
    window, values = frame(requests), middles(tuple(requests.bounds_ns))
    found = by_route(requests)
    routes = {tree_key(name): _parent(_branch(totals, window, values)) for name, totals in found.items()}
    whole = _branch(altogether(list(found.values())), window, values)
    return _parent({**whole, "routes": _parent(routes)}, active=requests.active)


def mark_kinds(requests: Node) -> None:
    """Say of the parts of ``requests``, read from the tree as mere dictionaries, what they are."""
    routes = requests.children.get("routes", Node({}))
    for branch in (requests, routes, *routes.children.values()):
        branch.kind = Kind.GROUP
    for branch in (requests, *routes.children.values()):
        for key, child in branch.children.items():
            child.kind = _KINDS.get(key, child.kind)


def _parent(children: dict[str, Node], **leaves: int) -> Node:
    return Node({**leaves, **{key: child.data for key, child in children.items()}}, Kind.GROUP, children)


def _branch(totals: Totals, window: Frame, values: Sequence[float]) -> dict[str, Node]:
    parts: dict[str, dict[str, Any]] = {
        "latency": _latency(totals, values),
        "rate": _rate(totals, window),
        "responses": _by(totals, lambda labels: labels.status),
        "exceptions": _by(totals, lambda labels: labels.error),
    }
    return {key: Node(data, _KINDS[key]) for key, data in parts.items()}


def _latency(totals: Totals, values: Sequence[float]) -> dict[str, int | float]:
    found = spread(totals.recent, totals.recent_sum_ns, values)
    found = found or spread(totals.buckets, totals.sum_ns, values)
    if found is None:
        return {"count": 0}
    return {
        "count": totals.count,
        "min": found.min,
        "max": found.max,
        "mean": found.mean,
        "stddev": found.stddev,
        **dict(zip(_PERMILLE, found.percentiles(_PERMILLE.values()), strict=True)),
    }


def _rate(totals: Totals, window: Frame) -> dict[str, int | float | str]:
    m1, m5, m15 = window.rates(totals.lately)
    return {"unit": "per second", "count": totals.count, "m1": m1, "m5": m5, "m15": m15}


def _by(totals: Totals, label: Callable[[Labels], int | str]) -> dict[str, int]:
    return {tree_key(str(value)): count for value, count in totals.by(label).items()}
