"""The statistics of an application as families of metrics: what Prometheus and OpenMetrics are told.

Which families there are, their names, labels and order, depends on keys and types alone: on the *shapes*
of the containers. That part is worked out once for given shapes (:func:`layout`) and says only where
each value stands; a scrape of the same statistics with new values is then hardly more than writing numbers.

What is left out: text and null, the rates of meters (``rate()`` of the counter says more), collapsed
containers below what was asked for, and what the format forbids (a negative count, for instance).
A Pmf gives no ``_sum``: its mean is that of a sample, while its count is of everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, count
from typing import Any, NamedTuple

from .address import clean
from .metric_names import assign
from .snapshot import Kind, Node, Path

LabelPairs = tuple[tuple[str, str], ...]
Value = int | float

QUANTILES = {
    "median": "0.5",
    "75percentile": "0.75",
    "95percentile": "0.95",
    "98percentile": "0.98",
    "99percentile": "0.99",
    "999percentile": "0.999",
}
_MOST = 1e308  # an int above it may be infinite as a float
_BESIDES = frozenset(("min", "max", "mean", "stddev"))
# The values of kinds, since the hash of a member of an enumeration is slow.
_COUNTS = frozenset(("pmf", "meter", "counters"))
_KEYED = frozenset(("pmf_dict", "meter_dict"))


class Sample(NamedTuple):
    """One line of an exposition."""

    suffix: str
    labels: LabelPairs
    value: Any
    """A number; in a layout its position among the values."""


class Family(NamedTuple):
    """A metric: what it is, and its samples."""

    name: str
    """As OpenMetrics has it: a counter's name is without ``_total``."""
    type: str
    """``counter``, ``gauge``, ``histogram``, ``summary`` or ``unknown``."""
    help: str
    samples: Sequence[Sample]
    unit: str = ""


class Metric(NamedTuple):
    """What a family of ours is called and means, before it has samples."""

    name: str
    type: str
    help: str
    unit: str = ""

    def family(self, values: Iterable[tuple[LabelPairs, Value]]) -> Family:
        suffix = "_total" if self.type == "counter" else ""
        samples = [Sample(suffix, labels, value) for labels, value in values]
        return Family(self.name, self.type, self.help, samples, self.unit)

    def single(self, value: Value) -> Family:
        return self.family([((), value)])


Shape = tuple[Path, str, bool, tuple[str, ...]]
"""Of one container: path, kind, whether its key is the ``key`` label of its parent's family, and its keys."""


class Survey(NamedTuple):
    """A node and all below it, taken apart into what is hashable and what changes between scrapes."""

    shapes: tuple[Shape, ...]
    types: tuple[type, ...]
    """The type of each value."""
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
    return Survey(tuple(shapes), tuple(map(type, values)), values)


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


def layout(shapes: Sequence[Shape], types: Sequence[type]) -> list[Family]:
    """The families of what was surveyed; each sample's value is a position among the values."""
    drafts: dict[tuple[Path, str], list[Sample]] = {}
    numbers = {type_ for type_ in set(types) if issubclass(type_, (int, float))}
    position = 0
    for shape in shapes:
        place_of = _PLACES.get(shape[1], _in_dictionary)
        for key in shape[3]:
            place = place_of(shape, key) if types[position] in numbers else None
            if place:
                path, kind, suffix, labels = place
                drafts.setdefault((path, kind), []).append(Sample(suffix, labels, position))
            position += 1
    return [
        Family(name, kind, _help(path), _ordered(samples))
        for ((path, kind), samples), name in zip(drafts.items(), assign(list(drafts)), strict=True)
    ]


def _help(path: Path) -> str:
    return f"{clean('/'.join(path))} of the application."


Place = tuple[Path, str, str, LabelPairs]
"""Of one value: the path and the type of its family, its suffix and its labels."""


def _in_group(shape: Shape, key: str) -> Place:
    return (*shape[0], key), "unknown", "", ()


def _in_dictionary(shape: Shape, key: str) -> Place:
    return shape[0], "unknown", "", (("key", key),)


def _in_counters(shape: Shape, key: str) -> Place:
    return shape[0], "counter", "_total", (("key", key),)


def _in_gauges(shape: Shape, key: str) -> Place:
    return shape[0], "gauge", "", (("key", key),)


def _in_meter(shape: Shape, key: str) -> Place | None:
    path, labels = _base(shape)
    return (path, "counter", "_total", labels) if key == "count" else None


def _in_pmf(shape: Shape, key: str) -> Place | None:
    path, labels = _base(shape)
    if key in QUANTILES:
        return path, "summary", "", (*labels, ("quantile", QUANTILES[key]))
    if key == "count":
        return path, "summary", "_count", labels
    return ((*path, key), "gauge", "", labels) if key in _BESIDES else None


def _base(shape: Shape) -> tuple[Path, LabelPairs]:
    path, _, keyed, _ = shape
    return (path[:-1], (("key", path[-1]),)) if keyed else (path, ())


_PLACES: dict[str, Callable[[Shape, str], Place | None]] = {
    "group": _in_group,
    "pmf": _in_pmf,
    "meter": _in_meter,
    "counters": _in_counters,
    "gauges": _in_gauges,
}
"""By the value of the kind; what is not here is a dictionary."""


def _ordered(samples: list[Sample]) -> list[Sample]:
    """By labels, so that what belongs together stands together."""
    if not samples[0].labels and len(samples) == 1:
        return samples
    try:
        "".join([value for sample in samples for _, value in sample.labels]).encode()
    except UnicodeEncodeError:
        samples = _encodable(samples)
    return sorted(samples, key=_order)


def _order(sample: Sample) -> tuple[LabelPairs, str]:
    return sample.labels, sample.suffix


def _encodable(samples: Sequence[Sample]) -> list[Sample]:
    """The samples with labels that UTF-8 can carry, as different from each other as they were."""
    raw = {value for sample in samples for _, value in sample.labels}
    texts = {text: text for text in raw if clean(text) == text}
    taken = set(texts)
    for text in sorted(raw - taken):
        numbered = (f"{clean(text)} ({number})" for number in count(2))
        texts[text] = free = next(free for free in chain([clean(text)], numbered) if free not in taken)
        taken.add(free)
    return [
        sample._replace(labels=tuple((name, texts[value]) for name, value in sample.labels))
        for sample in samples
    ]
