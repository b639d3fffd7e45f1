"""A snapshot as text for Prometheus and OpenMetrics.

Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ (0.0.4) and
https://prometheus.io/docs/specs/om/open_metrics_spec/ (1.0.0). Both say the same of the same snapshot, under
the same names; they differ in the names of families of counters, in the word for an unknown type, and in
the end mark.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from ..lookup import Leaf
from ..snapshot import Kind, Node, Path, Snapshot
from . import own_families
from .accept import accepted
from .families import Family, LabelPairs
from .layout import layout
from .request_families import Histogram
from .survey import Shape, Survey, survey

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

__all__ = ["OPENMETRICS", "PROMETHEUS", "accepted", "number", "render", "surveyed"]

AnyFamily = TypeVar("AnyFamily", Family, "Family | Histogram")

_SPECIAL = frozenset('\\"\n')
_OURS = re.compile(rf"{own_families.OURS}(-[0-9]+)?")


def render(
    snapshot: Snapshot,
    path: Path,
    node: Node | Leaf,
    *,
    openmetrics: bool,
    extra: Mapping[str, int | float] | None = None,
) -> str:
    """The exposition of ``node``, which stands at ``path`` of the snapshot (after a query perhaps).

    ``extra`` holds further gauges of ourselves by name, such as the seconds that the last page took.
    """
    own = own_families.find(snapshot, path, node, extra)
    found = surveyed(snapshot, path, node, nonnegative_quantiles=openmetrics)
    form = _form(found.shapes, found.types, openmetrics)
    pieces = [_text(family, openmetrics) for family in _sorted(own, openmetrics)]
    pieces += form.filled(found.values)
    if openmetrics:
        pieces.append("# EOF\n")
    return "".join(pieces)


def surveyed(snapshot: Snapshot, path: Path, node: Node | Leaf, *, nonnegative_quantiles: bool) -> Survey:
    """The application's own statistics in ``node`` at ``path``."""
    if path and _OURS.fullmatch(path[0]):
        return Survey((), (), [])
    if isinstance(node, Leaf):
        *above, key = path
        parent = own_families.node_at(snapshot.root, tuple(above))
        node = Node({key: node.value}, parent.kind if parent else Kind.GROUP)
        path = tuple(above)
    above_it = own_families.node_at(snapshot.root, path[:-1]) if path else None
    return survey(
        node,
        path,
        above_it.kind if above_it else Kind.GROUP,
        nonnegative_quantiles=nonnegative_quantiles,
        hidden=frozenset(key for key in node.children if not path and _OURS.fullmatch(key)),
    )


class _Form(NamedTuple):
    """The text of families, with holes for their values."""

    pieces: list[str]
    """Each second one is a hole."""
    pick: Callable[[Sequence[Any]], tuple[Any, ...]]
    """From the values of a survey to those of the holes, in their order."""
    odd: Sequence[int]
    """The holes for what is neither exactly ``int`` nor ``float``: booleans above all."""

    def filled(self, values: Sequence[Any]) -> list[str]:
        pieces = self.pieces.copy()
        pieces[1::2] = map(str, _writable(self.pick(values), self.odd))
        return pieces


@lru_cache(maxsize=4)
def _form(shapes: tuple[Shape, ...], types: tuple[type | None, ...], openmetrics: bool) -> _Form:
    families = _sorted(layout(shapes, types), openmetrics)
    positions = [sample.value for family in families for sample in family.samples]
    pieces: list[str] = []
    start = ""
    for family in families:
        start += _head(family, openmetrics)
        for prefix in _prefixes(family):
            pieces += (start + prefix, "")
            start = "\n"
    odd = [hole for hole, position in enumerate(positions) if types[position] is not float]
    return _Form([*pieces, start], _picker(positions), odd)


def _picker(positions: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda values: tuple(values[position] for position in positions)


def _writable(values: tuple[Any, ...], odd: Sequence[int]) -> Sequence[Any]:
    """The values, such that ``str`` writes each as a number of the format."""
    if odd:
        plain = list(values)
        for hole in odd:
            plain[hole] = int(values[hole]) if isinstance(values[hole], int) else float(values[hole])
        values = tuple(plain)
    try:
        # Where the sum is finite each value is; that is cheaper than to look at each.
        if math.isfinite(sum(values, 0.0)):
            return values
    except OverflowError:
        return [number(value) for value in values]
    return [value if value - value == 0 else number(value) for value in values]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


def number(value: float) -> str:
    """A number as both formats have it; an ``int`` that no float can hold is infinite."""
    try:
        real = float(value)
    except OverflowError:
        real = math.inf if value > 0 else -math.inf
    if math.isfinite(real):
        return str(int(value)) if isinstance(value, int) else float.__repr__(real)
    return "NaN" if real != real else "+Inf" if real > 0 else "-Inf"


def _text(family: Family | Histogram, openmetrics: bool) -> str:
    if isinstance(family, Histogram):
        lines = [
            _series(family.name, labels, family.bounds) % (*totals, number(seconds), totals[-1])
            for labels, totals, seconds in family.series
        ]
        family = Family(family.name, "histogram", family.help, (), family.unit)
    else:
        pairs = zip(_prefixes(family), family.samples, strict=True)
        lines = [f"{prefix}{number(sample.value)}\n" for prefix, sample in pairs]
    return "".join([_head(family, openmetrics), *lines]) if lines else ""


@lru_cache(maxsize=4096)
def _series(name: str, labels: LabelPairs, bounds: tuple[str, ...]) -> str:
    """The lines of one series of a histogram, with holes for its values."""
    buckets = [f"{name}_bucket{_labels((*labels, ('le', bound)))} " for bound in bounds]
    lines = [*buckets, f"{name}_sum{_labels(labels)} ", f"{name}_count{_labels(labels)} "]
    return "".join([line.replace("%", "%%") + "%s\n" for line in lines])


def _head(family: Family, openmetrics: bool) -> str:
    name = _shown_name(family, openmetrics)
    if not openmetrics:
        type_ = "untyped" if family.type == "unknown" else family.type
        return f"# HELP {name} {_escaped(family.help)}\n# TYPE {name} {type_}\n"
    unit = f"# UNIT {name} {family.unit}\n" if family.unit else ""
    return f"# HELP {name} {_quoted(family.help)}\n# TYPE {name} {family.type}\n{unit}"


def _sorted(families: Iterable[AnyFamily], openmetrics: bool) -> list[AnyFamily]:
    return sorted(families, key=lambda family: _shown_name(family, openmetrics))


def _shown_name(family: Family | Histogram, openmetrics: bool) -> str:
    return family.name + "_total" if family.type == "counter" and not openmetrics else family.name


def _prefixes(family: Family) -> list[str]:
    """What stands before the value of each sample."""
    name = family.name
    if len(family.samples) == 1 and not family.samples[0].labels:
        return [f"{name}{family.samples[0].suffix} "]
    texts = "".join([value for _, labels, _ in family.samples for _, value in labels])
    write = str if _SPECIAL.isdisjoint(texts) else _quoted
    return [
        f"{name}{suffix}{_labels(labels, write)} " if labels else f"{name}{suffix} "
        for suffix, labels, _ in family.samples
    ]


def _labels(labels: LabelPairs, write: Callable[[str], str] = _quoted) -> str:
    return "{" + ",".join([f'{name}="{write(value)}"' for name, value in labels]) + "}"
