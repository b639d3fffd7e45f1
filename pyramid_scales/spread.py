"""How durations are spread over the buckets of a histogram: percentiles, and bars to draw."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from math import sqrt
from typing import NamedTuple

PERMILLE = (500, 750, 950, 980, 990, 999)
"""The percentiles of a spread (scales' own six), in thousandths."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a histogram: ``count`` durations of more than ``low`` and at most ``high`` seconds."""

    low: float
    high: float
    """The last bucket has no end; twice its beginning stands for it."""
    count: int


class Spread(NamedTuple):
    """How durations are spread, in seconds."""

    min: float
    max: float
    mean: float
    stddev: float
    percentiles: Sequence[float]
    """In the order of :data:`PERMILLE`."""


def spread(counts: Sequence[int], sum_ns: int | None, middles: Sequence[float]) -> Spread | None:
    """The spread of the durations in the buckets ``counts``; ``None`` when there is none.

    Every value stands for its bucket by the bucket's middle, so min, max, standard deviation (of a
    sample, as scales has it) and percentiles (nearest rank) are within 2.2 % of the exact ones. The mean
    is exact where ``sum_ns`` is known; min and max are then corrected to enclose it.
    """
    occupied = [(value, count) for value, count in zip(middles, counts, strict=False) if count]
    if not occupied:
        return None
    values = [value for value, _ in occupied]
    ranks = list(accumulate(count for _, count in occupied))
    total = ranks[-1]
    middle = sum(value * count for value, count in occupied) / total
    mean = middle if sum_ns is None else sum_ns / total / 1e9
    squares = sum((value - middle) ** 2 * count for value, count in occupied)
    return Spread(
        min=min(values[0], mean),
        max=max(values[-1], mean),
        mean=mean,
        stddev=sqrt(squares / max(total - 1, 1)),
        percentiles=[values[bisect_left(ranks, -(-total * q // 1000))] for q in PERMILLE],
    )


def bars(counts: Sequence[int], bounds_ns: Sequence[int], most: int = 64) -> tuple[Bar, ...]:
    """The histogram from its first to its last occupied bucket, as at most ``most`` bars.

    Where there are more buckets, neighbours are joined; the bounds grow by a constant factor, so bars of
    equal width suit a logarithmic axis.
    """
    occupied = [index for index, count in enumerate(counts) if count]
    if not occupied:
        return ()
    first, last = occupied[0], occupied[-1] + 1
    edges = [0.0, *(bound / 1e9 for bound in bounds_ns), 2 * bounds_ns[-1] / 1e9]
    step = -(-(last - first) // most)
    cuts = [*range(first, last, step), last]
    return tuple(Bar(edges[low], edges[high], sum(counts[low:high])) for low, high in pairwise(cuts))


@lru_cache(maxsize=8)
def middles(bounds_ns: tuple[int, ...]) -> tuple[float, ...]:
    """The duration in seconds that stands for each bucket: the geometric mean of its bounds.

    The first bucket begins at zero and is represented by half its bound, the last has no end and is
    represented by its beginning.
    """
    inner = (sqrt(low * high) / 1e9 for low, high in pairwise(bounds_ns))
    return (bounds_ns[0] / 2e9, *inner, bounds_ns[-1] / 1e9)
