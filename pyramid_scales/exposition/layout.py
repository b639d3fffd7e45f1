"""The families of metrics that an application's statistics make, and where the value of each sample stands.

What is left out: text and null, the rates of meters (``rate()`` of the counter says more), collapsed
containers below what was asked for, and what the formats forbid (a negative count, for instance). A Pmf gives
no ``_sum``: its mean is that of a sample, while its count is of everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, count
from operator import itemgetter

from ..address import clean
from ..snapshot import Path
from .families import Family, LabelPairs, Sample
from .metric_names import assign
from .survey import QUANTILES, Shape

_BESIDES = frozenset(("min", "max", "mean", "stddev"))

Drafts = dict[tuple[Path, str], list[Sample]]
"""Families without names, by path and type."""
Figures = Sequence[tuple[str, int]]
"""The numbers of one container: key and position."""


def layout(shapes: Sequence[Shape], types: Sequence[type | None]) -> list[Family]:
    """The families of what was surveyed; each sample's value is a position among the values."""
    drafts: Drafts = {}
    start = 0
    for shape in shapes:
        keys = shape[3]
        figures = [(key, place) for place, key in enumerate(keys, start) if types[place]]
        if figures:
            _ADDERS.get(shape[1], _add_untyped)(drafts, shape, figures)
        start += len(keys)
    return [
        Family(name, kind, _help(path), _ordered(samples))
        for ((path, kind), samples), name in zip(drafts.items(), assign(list(drafts)), strict=True)
    ]


def _help(path: Path) -> str:
    text = "/".join(path)
    return f"{text if text.isascii() else clean(text)} of the application."


def _add_group(drafts: Drafts, shape: Shape, figures: Figures) -> None:
    path = shape[0]
    for key, place in figures:
        drafts.setdefault(((*path, key), "unknown"), []).append(Sample("", (), place))


def _add_dictionary(kind: str, suffix: str, drafts: Drafts, shape: Shape, figures: Figures) -> None:
    samples = [Sample(suffix, (("key", key),), place) for key, place in figures]
    drafts.setdefault((shape[0], kind), []).extend(samples)


def _add_meter(drafts: Drafts, shape: Shape, figures: Figures) -> None:
    path, labels = _base(shape)
    for key, place in figures:
        if key == "count":
            drafts.setdefault((path, "counter"), []).append(Sample("_total", labels, place))


def _add_pmf(drafts: Drafts, shape: Shape, figures: Figures) -> None:
    path, labels = _base(shape)
    for key, place in figures:
        if key in QUANTILES:
            sample = Sample("", (*labels, ("quantile", QUANTILES[key])), place)
            drafts.setdefault((path, "summary"), []).append(sample)
        elif key == "count":
            drafts.setdefault((path, "summary"), []).append(Sample("_count", labels, place))
        elif key in _BESIDES:
            drafts.setdefault(((*path, key), "gauge"), []).append(Sample("", labels, place))


def _base(shape: Shape) -> tuple[Path, LabelPairs]:
    path, _, keyed, _ = shape
    return (path[:-1], (("key", path[-1]),)) if keyed else (path, ())


_add_untyped = partial(_add_dictionary, "unknown", "")
_ADDERS: dict[str, Callable[[Drafts, Shape, Figures], None]] = {
    "group": _add_group,
    "pmf": _add_pmf,
    "meter": _add_meter,
    "counters": partial(_add_dictionary, "counter", "_total"),
    "gauges": partial(_add_dictionary, "gauge", ""),
}
"""By the value of the kind; what is not here is a dictionary."""


def _ordered(samples: list[Sample]) -> list[Sample]:
    """By labels, so that what belongs together stands together."""
    if not samples[0].labels and len(samples) == 1:
        return samples
    try:
        "".join([value for _, labels, _ in samples for _, value in labels]).encode()
    except UnicodeEncodeError:
        samples = _encodable(samples)
    return sorted(samples, key=itemgetter(1, 0))


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
