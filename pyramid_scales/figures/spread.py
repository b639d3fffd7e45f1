"""How durations are spread over the buckets of a histogram: percentiles, and bars to draw."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, compress, pairwise
from math import sqrt
from operator import mul


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a histogram: ``count`` durations of more than ``low`` and at most ``high`` seconds."""

    low: float
    high: float
    """The last bucket has no end; twice its beginning stands for it."""
    count: int


class Spread:
    """How durations are spread, in seconds; at least one of them.

    Every duration stands for its bucket by the bucket's middle, so minimum, maximum, standard deviation and
    percentiles are within 2.2 % of the exact ones. The mean is exact where the sum is known; minimum and
    maximum are then corrected to enclose it.
    """

    __slots__ = ("_counts", "_ranks", "_values", "max", "mean", "min")

    def __init__(self, values: Sequence[float], counts: Sequence[int], sum_ns: int | None) -> None:
        self._values, self._counts = values, counts
        self._ranks = list(accumulate(counts))
        self.mean = self._middle() if sum_ns is None else sum_ns / self._ranks[-1] / 1e9
        self.min = min(values[0], self.mean)
        self.max = max(values[-1], self.mean)

    def percentile(self, permille: int) -> float:
        """The duration in seconds that so many thousandths do not exceed: nearest rank."""
        return self._values[bisect_left(self._ranks, -(-self._ranks[-1] * permille // 1000))]

    @property
    def stddev(self) -> float:
        """The standard deviation of a sample (``n - 1``) in seconds, as scales has it; 0.0 for only one."""
        middle = self._middle()
        deviations = ((value - middle) ** 2 for value in self._values)
        return sqrt(sum(map(mul, deviations, self._counts)) / max(self._ranks[-1] - 1, 1))

    def _middle(self) -> float:
        total: float = sum(map(mul, self._values, self._counts))
        return total / self._ranks[-1]


def spread(counts: Sequence[int], sum_ns: int | None, middles: Sequence[float]) -> Spread | None:
    """The spread of the durations in the buckets ``counts``; ``None`` when there is none.

    ``sum_ns`` is the time that they took together, where it is known; ``middles`` see :func:`middles`.
    """
    values = list(compress(middles, counts))
    return Spread(values, list(filter(None, counts)), sum_ns) if values else None


def bars(counts: Sequence[int], bounds_ns: Sequence[int], most: int = 64) -> tuple[Bar, ...]:
    """The histogram from its first to its last occupied bucket, as at most ``most`` bars.

    Where there are more buckets, neighbours are joined; the bounds grow by a constant factor, so bars of
    equal width suit a logarithmic axis.
    """
    places = list(occupied(counts))
    if not places:
        return ()
    first, last = places[0], places[-1] + 1
    edges = [0.0, *(bound / 1e9 for bound in bounds_ns), 2 * bounds_ns[-1] / 1e9]
    step = -(-(last - first) // most)
    cuts = [*range(first, last, step), last]
    return tuple(Bar(edges[low], edges[high], sum(counts[low:high])) for low, high in pairwise(cuts))


def occupied(counts: Sequence[int]) -> Iterator[int]:
    """The places of the buckets that are not empty: usually few of them."""
    return compress(_places(len(counts)), counts)


@lru_cache(maxsize=8)
def _places(amount: int) -> tuple[int, ...]:
    """The first numbers; made once, since making them takes as long as looking at the buckets."""
    return tuple(range(amount))


@lru_cache(maxsize=8)
def middles(bounds_ns: tuple[int, ...]) -> tuple[float, ...]:
    """The duration in seconds that stands for each bucket: the geometric mean of its bounds.

    The first bucket begins at zero and the last has no end: for them it is their one bound.
    """
    inner = (sqrt(low * high) / 1e9 for low, high in pairwise(bounds_ns))
    return (bounds_ns[0] / 1e9, *inner, bounds_ns[-1] / 1e9)
