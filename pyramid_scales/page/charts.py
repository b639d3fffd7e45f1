"""Drawings, as the numbers that stand in their SVG: paths, bars, ticks. No markup."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..figures.figures import Bar, Sparkline
from . import units

SLICES = 90
"""Steps of ten seconds that a drawing of fifteen minutes is wide."""
TALL = 24
"""Height of a sparkline in units of its drawing."""
_PLACES = [str(TALL - height) for height in range(TALL + 1)]
WIDTH, HEIGHT = 720, 150
"""Size of the drawing of a histogram, without its labels."""


def line(values: Sequence[float | None], top: float, step: int = 1) -> str:
    """A path through ``values``, the last of them at the right edge; ``None`` leaves a gap."""
    scale, start = (TALL / top if top else 0.0), SLICES - step * len(values)
    places = enumerate(values)
    parts = [
        "" if value is None else f"L{start + index * step} {TALL - int(value * scale + 0.5)}"
        for index, value in places
    ]
    strokes = ("M" + stroke[1:] for stroke in "".join(part or "\n" for part in parts).split("\n") if stroke)
    return "".join(stroke + "h1" for stroke in strokes)


def bars(values: Sequence[float], top: float, step: int = 1) -> str:
    """A path of upright strokes, one for each value that is not zero, none too small to see."""
    scale, start = (TALL / top if top else 0.0), SLICES - step * len(values)
    return "".join(
        f"M{start + index * step} {TALL}v-{max(int(value * scale + 0.5), 2)}"
        for index, value in enumerate(values)
        if value
    )


def steps(values: Sequence[float], top: float, step: int) -> str:
    """A path of level strokes ``step`` wide, the last of them up to the right edge."""
    if not values:
        return ""
    scale = TALL / top if top else 0.0
    heights = [_PLACES[int(value * scale + 0.5)] for value in values]
    return f"M{SLICES - step * len(values)} {f'h{step}V'.join(heights)}h{step}"


def coarse(values: Sequence[float], step: int) -> list[float]:
    """The highest of every ``step`` values, counted from the end, so that a spike stays a spike."""
    first = len(values) % step
    head = [max(values[:first])] if first else []
    return head + list(map(max, *(values[first + at :: step] for at in range(step))))


class Row(NamedTuple):
    """The small drawing in a row of a table: rates as a line, errors as strokes of the same scale."""

    rates: str
    errors: str


def row(spark: Sparkline, step: int = 3) -> Row:
    """The last fifteen minutes of one route."""
    rates = coarse(spark.rates, step)
    top = max(rates, default=0.0)
    errors = bars(coarse(spark.errors, step), top, step) if any(spark.errors) else ""
    return Row(steps(rates, top, step), errors)


class Trace(NamedTuple):
    """A sparkline with the range that it spans."""

    path: str
    strokes: bool
    """Drawn as upright strokes, not as a line."""
    lowest: float | None
    highest: float | None


def trace(values: Sequence[float | None], strokes: bool = False) -> Trace:
    """The last fifteen minutes of one figure."""
    known = [value for value in values if value is not None]
    top = max(known, default=0.0)
    path = bars(known, top) if strokes else line(values, top)
    return Trace(path, strokes, min(known, default=None), top if known else None)


class Block(NamedTuple):
    """One bar of a histogram, in units of its drawing, with what it says."""

    x: float
    y: float
    width: float
    height: float
    says: str


class Mark(NamedTuple):
    """A labelled place on the axis of durations."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram over a logarithmic axis of durations."""

    blocks: Sequence[Block]
    ticks: Sequence[Mark]
    marks: Sequence[Mark]
    """The percentiles."""


def histogram(found: Sequence[Bar], percentiles: Mapping[str, float | None]) -> Histogram | None:
    """The drawing of ``found``, with ``percentiles`` marked; ``None`` if there is nothing to draw."""
    if not found:
        return None
    low = min(_floor(bar) for bar in found)
    high = max(bar.high for bar in found)
    axis = _Axis(math.log(low), math.log(high))
    top = max(_density(bar) for bar in found)
    marks = [
        Mark(axis.at(value), f"{name} {units.duration(value)}")
        for name, value in percentiles.items()
        if value
    ]
    return Histogram([_block(bar, axis, top) for bar in found if bar.count], list(_ticks(axis)), marks)


class _Axis(NamedTuple):
    low: float
    high: float

    def at(self, seconds: float) -> float:
        """The place of a duration, from the left edge."""
        part = (math.log(seconds) - self.low) / (self.high - self.low)
        return round(WIDTH * min(max(part, 0.0), 1.0), 1)


def _floor(bar: Bar) -> float:
    """A lower bound that has a logarithm: the first bucket begins at zero."""
    return bar.low or bar.high / 2


def _density(bar: Bar) -> float:
    """Height of a bar, so that its area tells its count: a bound of ``scales.buckets`` cuts some in two."""
    return bar.count / math.log(bar.high / _floor(bar))


def _block(bar: Bar, axis: _Axis, top: float) -> Block:
    left = axis.at(_floor(bar))
    right = axis.at(bar.high)
    tall = max(round(HEIGHT * _density(bar) / top, 1), 1.5)
    says = f"{units.duration(bar.low)} to {units.duration(bar.high)}: {units.count(bar.count)}"
    return Block(left, HEIGHT - tall, max(round(right - left - 0.6, 1), 0.8), tall, says)


def _ticks(axis: _Axis) -> Iterable[Mark]:
    """1, 10, 100 … of each unit; 1, 2, 5 where the axis is short."""
    low, high = axis.low / math.log(10), axis.high / math.log(10)
    factors = (1,) if high - low > 2 else (1, 2, 5)
    for power in range(math.floor(low), math.ceil(high) + 1):
        for factor in factors:
            place = power + math.log10(factor)
            if low - 1e-9 <= place <= high + 1e-9:
                yield Mark(axis.at(10.0**place), units.duration(factor * 10.0**power))
