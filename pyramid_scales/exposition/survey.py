"""The statistics of an application, taken apart into what is hashable and what changes between scrapes.

Which families of metrics they make, with which names, labels and order, depends on keys and types alone: on
the *shapes* of the containers. So that is worked out once for given shapes (:mod:`.layout`), and a scrape of
the same statistics with new values is hardly more than writing numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..snapshot import Kind, Node, Path

QUANTILES = {
    "median": "0.5",
    "75percentile": "0.75",
    "95percentile": "0.95",
    "98percentile": "0.98",
    "99percentile": "0.99",
    "999percentile": "0.999",
}

# The values of kinds, since the hash of a member of an enumeration is slow.
_COUNTS = frozenset(("pmf", "meter", "counters"))
_KEYED = frozenset(("pmf_dict", "meter_dict"))
_MOST = 1e308  # an int above it may be infinite as a float

Shape = tuple[Path, str, bool, tuple[str, ...]]
"""Of one container: path, kind, whether its key is the ``key`` label of its parent's family, and its keys."""


class _Numbers(dict[type, type | None]):
    """A type → ``float`` or itself if its values are numbers, else ``None``."""

    def __missing__(self, type_: type) -> type | None:
        return type_ if issubclass(type_, (int, float)) else None


_NUMBERS = _Numbers({int: float, float: float, bool: bool})
# The usual ones, so that the dictionary answers without a call.
_NUMBERS.update(dict.fromkeys((str, type(None), dict, list)))


class Survey(NamedTuple):
    """A node and all below it, taken apart into what is hashable and what changes between scrapes."""

    shapes: tuple[Shape, ...]
    types: tuple[type | None, ...]
    """Of each value: ``float`` for a number of either type, since a statistic may go from one to the other;
    its own type where that derives from them, such as ``bool``; ``None`` for what is no number."""
    values: list[Any]
    """All values of the first container, then all of the second, and so on."""


def survey(
    node: Node,
    path: Path,
    above: Kind,
    *,
    nonnegative_quantiles: bool,
    hidden: frozenset[str] = frozenset(),
) -> Survey:
    """``node``, which stands at ``path`` in a node of the kind ``above``, and all below it.

    OpenMetrics allows no negative quantile, Prometheus does. The children ``hidden`` are left out.
    """
    shapes: list[Shape] = []
    values: list[Any] = []
    todo = [(path, node, above.value in _KEYED)]
    while todo:
        path, node, keyed = todo.pop()
        kind, data = node.kind._value_, node.data
        if kind == "list":
            shapes.append((path, kind, keyed, tuple(map(str, range(len(data))))))
            values += data
        else:
            shapes.append((path, kind, keyed, tuple(data)))
            values += _sound(data, kind, nonnegative_quantiles) if kind in _COUNTS else data.values()
        if node.children:
            keyed = kind in _KEYED
            todo += [
                ((*path, key), child, keyed)
                for key, child in node.children.items()
                if not child.collapsed and key not in hidden
            ]
            hidden = frozenset()
    return Survey(tuple(shapes), tuple(map(_NUMBERS.__getitem__, map(type, values))), values)


def _sound(data: Mapping[str, Any], kind: str, nonnegative_quantiles: bool) -> Iterable[Any]:
    """The values, with ``None`` in place of what the format forbids."""
    try:
        is_counted = kind != "counters" and type(data["count"]) is int and 0 <= data["count"] < 2**63
        if is_counted and (kind == "meter" or not nonnegative_quantiles or min(data.values()) >= 0):
            return data.values()
    except (KeyError, TypeError):
        pass
    return [_allowed(kind, key, value, nonnegative_quantiles) for key, value in data.items()]


def _allowed(kind: str, key: str, value: Any, nonnegative_quantiles: bool) -> Any:
    """``value``, or ``None`` if it must not be NaN or less than 0, or is a Pmf's count and not whole."""
    if not isinstance(value, (int, float)):
        return None
    if kind == "counters" or key == "count":
        is_whole = kind != "pmf" or (value < _MOST and float(value).is_integer())
        return value if value >= 0 and is_whole else None
    return None if nonnegative_quantiles and value < 0 and key in QUANTILES else value
