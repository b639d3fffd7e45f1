"""How durations are spread over the buckets of a histogram: percentiles, and bars to draw."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from math import sqrt
from operator import mul

from ..snapshot import Buckets


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

    __slots__ = ("_amount", "_amounts", "_first", "_middles", "_ranks", "max", "mean")

    def __init__(self, buckets: Buckets, sum_ns: int | None, middles: Sequence[float]) -> None:
        self._first, self._amounts, self._amount = buckets
        self._middles = middles
        self._ranks = list(accumulate(self._amounts))
        self.mean = self._middle() if sum_ns is None else sum_ns / self._amount / 1e9
        (longest,) = self._ranked([self._amount])
        self.max = max(longest, self.mean)

    @property
    def min(self) -> float:
        """The shortest."""
        (shortest,) = self._ranked([1])
        return min(shortest, self.mean)

    def percentiles(self, permilles: Iterable[int]) -> Sequence[float]:
        """The duration in seconds that so many thousandths do not exceed, of each: nearest rank."""
        return self._ranked([-(-self._amount * permille // 1000) for permille in permilles])

    def _ranked(self, ranks: Sequence[int]) -> Sequence[float]:
        middles, first, found = self._middles, self._first, self._ranks
        return [middles[first + bisect_left(found, rank)] for rank in ranks]

    @property
    def stddev(self) -> float:
        """The standard deviation of a sample (``n - 1``) in seconds, as scales has it; 0.0 for only one."""
        middle = self._middle()
        deviations = ((value - middle) ** 2 for value in self._values())
        return sqrt(sum(map(mul, deviations, self._amounts)) / max(self._amount - 1, 1))

    def _middle(self) -> float:
        total: float = sum(map(mul, self._values(), self._amounts))
        return total / self._amount

    def _values(self) -> Sequence[float]:
        return self._middles[self._first : self._first + len(self._amounts)]


def spread(buckets: Buckets, sum_ns: int | None, middles: Sequence[float]) -> Spread | None:
    """The spread of the durations in ``buckets``; ``None`` when there is none.

    ``sum_ns`` is the time that they took together, where it is known; ``middles`` see :func:`middles`.
    """
    return Spread(buckets, sum_ns, middles) if buckets.total else None


def bars(buckets: Buckets, bounds_ns: Sequence[int], most: int = 64) -> tuple[Bar, ...]:
    """The histogram from its first to its last occupied bucket, as at most ``most`` bars.

    Where there are more buckets, neighbours are joined; the bounds grow by a constant factor, so bars of
    equal width suit a logarithmic axis.
    """
    places = [place for place, amount in enumerate(buckets.amounts, buckets.first) if amount]
    if not places:
        return ()
    first, last = places[0], places[-1] + 1
    amounts = buckets.amounts[first - buckets.first :]
    edges = [0.0, *(bound / 1e9 for bound in bounds_ns), 2 * bounds_ns[-1] / 1e9][first:]
    step = -(-(last - first) // most)
    cuts = [*range(0, last - first, step), last - first]
    return tuple(Bar(edges[low], edges[high], sum(amounts[low:high])) for low, high in pairwise(cuts))


@lru_cache(maxsize=8)
def middles(bounds_ns: tuple[int, ...]) -> tuple[float, ...]:
    """The duration in seconds that stands for each bucket: the geometric mean of its bounds.

    The first bucket begins at zero and the last has no end: for them it is their one bound.
    """
    inner = (sqrt(low * high) / 1e9 for low, high in pairwise(bounds_ns))
    return (bounds_ns[0] / 1e9, *inner, bounds_ns[-1] / 1e9)
