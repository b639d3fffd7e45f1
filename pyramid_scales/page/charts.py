"""Drawings, as the numbers that stand in their SVG: paths, bars, ticks. No markup."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..figures.figures import Bar, Sparkline
from . import units

SHORTEST = 3
"""Minutes that the drawings of a young application span at least."""
TALL = 24
"""Height of a sparkline in units of its drawing; it is as wide as it spans slices of ten seconds."""
PLOT, LANE = 132, 15
"""Pixels: height of the bars of a histogram, and of each line of labels above them."""
ROOM = 24
"""Percent of a narrow drawing's width that a label takes."""
_TOPS = [str(TALL - height) for height in (0, 2, *range(2, TALL + 1))]
"""Where the top of each height is; what is not nothing is never too small to see."""
_FACTORS = ((2, (1,)), (0.9, (1, 2, 5)), (0, (1, 1.5, 2, 3, 5, 7)))
"""What stands on an axis of more than so many powers of ten."""
_STEP = 3
"""Units of a bar in a small drawing."""
_COMMON = 300
"""Requests in half a minute that few routes have more of."""
_LEAST = 1e-12
"""Below this, a figure is drawn as nothing: to scale it up would overflow."""


def minutes(spark: Sparkline) -> int:
    """How many minutes the drawings span: fifteen, or as many as there is something to see of."""
    return max(-(-len(spark) // 6), SHORTEST)


def line(values: Sequence[float | None], top: float, wide: int) -> str:
    """A path through ``values``, the last of them at the right edge; ``None`` leaves a gap."""
    scale, start = _scale(top), wide - len(values)
    parts = [
        "" if value is None else f"L{index} {TALL - int(value * scale + 0.5)}"
        for index, value in enumerate(values, start)
    ]
    strokes = ("M" + stroke[1:] for stroke in "".join(part or "\n" for part in parts).split("\n") if stroke)
    return "".join(stroke + "h1" for stroke in strokes)


def area(tops: Sequence[str], wide: int, step: int = 1) -> str:
    """A closed path with level ``tops`` that are ``step`` wide, the last of them up to the right edge."""
    if not tops:
        return ""
    return f"M{wide - step * len(tops)} {TALL}V{f'h{step}V'.join(tops)}h{step}V{TALL}z"


def _scale(top: float) -> float:
    return TALL / top if top > _LEAST else 0.0


class Row(NamedTuple):
    """The small drawing in a row of a table: rates, and errors before them in the same scale."""

    rates: str
    errors: str


def row(spark: Sparkline) -> Row:
    """The last minutes of one route."""
    bars, errors, wide = spark.bars, spark.error_bars, 6 * minutes(spark)
    # A record that is read while it is made may have an error more than requests.
    top = max(*bars, *errors, 1)
    failed = area(_tops(errors, top), wide, _STEP) if errors else ""
    return Row(area(_tops(bars, top), wide, _STEP), failed)


def _tops(bars: Sequence[int], top: int) -> list[str]:
    """Where bars end of which the highest has the height ``top``."""
    if top <= _COMMON:
        return list(map(_all_tops(top).__getitem__, bars))
    return [_TOPS[-(-bar * TALL // top)] for bar in bars]


@lru_cache(maxsize=_COMMON)
def _all_tops(top: int) -> list[str]:
    """Where a bar of each height up to ``top`` ends; kept, since a look is much cheaper than a division."""
    return [_TOPS[-(-bar * TALL // top)] for bar in range(top + 1)]


class Trace(NamedTuple):
    """A sparkline with the range that it spans."""

    path: str
    kind: str
    """``rates``, ``errors`` or ``line``."""
    wide: int
    """Its width, in units of its drawing."""
    lowest: float | None
    highest: float | None


def trace(values: Sequence[float | None], kind: str, wide: int) -> Trace:
    """The last minutes of one figure."""
    known = [value for value in values if value is not None]
    top = max(known, default=0.0)
    scale = _scale(top)
    tops = [_TOPS[min(math.ceil(value * scale), TALL)] for value in known]
    path = line(values, top, wide) if kind == "line" else area(tops, wide)
    return Trace(path, kind, wide, min(known, default=None), top if known else None)


class Block(NamedTuple):
    """One bar of a histogram, with what it says."""

    x: float
    """Percent of the drawing's width, as ``width``."""
    y: float
    """Pixels, as ``height``."""
    width: float
    height: float
    says: str


class Mark(NamedTuple):
    """A labelled place on the axis of durations."""

    x: float
    """Percent of the drawing's width."""
    label: str
    y: int = 0
    """Pixels: the line of its label."""
    after: bool = False
    """There is no room for the label before the mark."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Histograms over one logarithmic axis of durations: recent ones before those of all time."""

    recent: Sequence[Block]
    total: Sequence[Block]
    ticks: Sequence[Mark]
    marks: Sequence[Mark]
    """The percentiles."""
    top: int
    """Pixels above the highest bar, for the labels."""


def histogram(
    recent: Sequence[Bar], total: Sequence[Bar], percentiles: Mapping[str, float | None]
) -> Histogram | None:
    """The drawing of both, each in a scale of its own, with ``percentiles`` marked; ``None`` of nothing."""
    if not total:
        return None
    axis = _Axis(math.log(min(map(_floor, total))), math.log(max(bar.high for bar in total)))
    marked = [(name, value) for name, value in percentiles.items() if value]
    top = LANE * len(marked) + 4
    return Histogram(
        _blocks(recent, axis, top), _blocks(total, axis, top), _ticks(axis), _marks(marked, axis), top
    )


class _Axis(NamedTuple):
    low: float
    high: float

    def at(self, seconds: float) -> float:
        """The place of a duration; at both edges there is room for half a label."""
        part = (math.log(seconds) - self.low) / (self.high - self.low)
        return round(3 + 94 * min(max(part, 0.0), 1.0), 2)


def _floor(bar: Bar) -> float:
    """A lower bound that has a logarithm: the first bucket begins at zero."""
    return bar.low or bar.high / 2


def _density(bar: Bar) -> float:
    """Height of a bar, so that its area tells its count: a bound of ``scales.buckets`` cuts some in two."""
    return bar.count / math.log(bar.high / _floor(bar))


def _blocks(found: Sequence[Bar], axis: _Axis, top: int) -> list[Block]:
    highest = max(map(_density, found), default=0.0)
    return [_block(bar, axis, top, _density(bar) / highest) for bar in found if bar.count]


def _block(bar: Bar, axis: _Axis, top: int, part: float) -> Block:
    left, right = axis.at(_floor(bar)), axis.at(bar.high)
    tall = max(round(PLOT * part, 1), 1.5)
    says = f"{units.duration(bar.low)} to {units.duration(bar.high)}: {units.count(bar.count)}"
    return Block(left, top + PLOT - tall, max(round(right - left - 0.08, 2), 0.1), tall, says)


def _marks(percentiles: Sequence[tuple[str, float]], axis: _Axis) -> list[Mark]:
    """The greatest stands on top, each with its label before it: so no line runs through a label."""
    places = [axis.at(value) for _, value in percentiles]
    return [
        Mark(place, f"{name} {units.duration(value)}", LANE * (len(places) - number), place < ROOM)
        for number, (place, (name, value)) in enumerate(zip(places, percentiles), 1)
    ]


def _ticks(axis: _Axis) -> list[Mark]:
    """1, 10, 100 … of each unit; more between them where the axis is short."""
    low, high = axis.low / math.log(10), axis.high / math.log(10)
    factors = next(found for decades, found in _FACTORS if high - low > decades)
    powers = range(math.floor(low), math.ceil(high) + 1)
    found = ((power, factor, power + math.log10(factor)) for power in powers for factor in factors)
    return [
        Mark(axis.at(10.0**place), units.duration(factor * 10.0**power))
        for power, factor, place in found
        if low - 1e-9 <= place <= high + 1e-9
    ]
