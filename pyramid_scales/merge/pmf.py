"""Sampled distributions (PMF) of many workers as one: exact in count, min and max, approximate in the rest.

A worker's sample itself is not to be had, but its quantiles are. Between two of them the values are taken to
lie evenly, as in a histogram whose bins end at the quantiles, and the bins of all workers are added,
each weighted by the number of its worker's values.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Any, NamedTuple

QUANTILES = {
    "median": 0.5,
    "75percentile": 0.75,
    "95percentile": 0.95,
    "98percentile": 0.98,
    "99percentile": 0.99,
    "999percentile": 0.999,
}
"""Scales' names of the quantiles of a PMF."""


class _Curve(NamedTuple):
    """One worker's distribution: ``shares[i]`` of its values are at most ``values[i]``."""

    weight: float
    values: Sequence[float]
    shares: Sequence[float]


def merge_pmfs(everyone: Sequence[Mapping[str, Any]], living: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The keys of one PMF over the workers; ``living`` are those whose recent values it describes.

    Where no living worker has any, the last of the others are described.
    """
    count = sum(_count(pmf) for pmf in everyone)
    known = [pmf for pmf in everyone if _count(pmf) and "min" in pmf]
    recent = [pmf for pmf in living if _count(pmf) > 0 and _is_number(pmf.get("mean"))]
    recent = recent or [pmf for pmf in known if _count(pmf) > 0 and _is_number(pmf.get("mean"))]
    if count < 2 or not recent:
        return {"count": count}
    merged: dict[str, Any] = {
        "count": count,
        "min": min(_ends(known, "min"), default=math.nan),
        "max": max(_ends(known, "max"), default=math.nan),
    }
    merged["mean"], merged["stddev"] = _moments(recent)
    if len(recent) == 1:
        return merged | {key: recent[0].get(key, math.nan) for key in QUANTILES}
    curves = [_curve(pmf) for pmf in recent]
    return merged | dict(zip(QUANTILES, _quantiles(curves), strict=True))


def _count(pmf: Mapping[str, Any]) -> int:
    count = pmf.get("count", 0)
    return count if type(count) is int else 0


def _ends(pmfs: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """The least or the greatest values, infinite ones too; not what is no number."""
    values: list[Any] = [pmf.get(key) for pmf in pmfs]
    return [value for value in values if _is_number(value) or value in (math.inf, -math.inf)]


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        # An integer beyond the range of a float.
        return False


def _moments(pmfs: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Mean and standard deviation of the whole, from those of its parts.

    ``hypot`` adds squares that no float can hold, and small ones that would vanish beside a large mean.
    """
    total = sum(_count(pmf) for pmf in pmfs)
    shares = [_count(pmf) / total for pmf in pmfs]
    mean = math.fsum(share * pmf["mean"] for share, pmf in zip(shares, pmfs, strict=True))
    spreads = [pmf["stddev"] if _is_number(pmf.get("stddev")) else 0.0 for pmf in pmfs]
    distances = [pmf["mean"] - mean for pmf in pmfs]
    sides = zip((*spreads, *distances), (*shares, *shares), strict=True)
    return mean, math.hypot(*(side * math.sqrt(share) for side, share in sides))


def _curve(pmf: Mapping[str, Any]) -> _Curve:
    """Scales' quantiles may be NaN, or not rise; then they are left out, or sorted."""
    points = {"min": 0.0, **QUANTILES, "max": 1.0}
    known = [(share, float(pmf[key])) for key, share in points.items() if _is_number(pmf.get(key))]
    values = sorted(value for _, value in known) or [float(pmf["mean"])]
    shares = [share for share, _ in known] or [1.0]
    return _Curve(_count(pmf), values, shares)


def _shares_at(curve: _Curve, value: float) -> tuple[float, float]:
    """The shares of the values below ``value``, and up to it; they differ where many values are equal."""
    values, shares = curve.values, curve.shares
    left, right = bisect_left(values, value), bisect_right(values, value)
    if left == len(values):
        return 1.0, 1.0
    if left == 0 and right == 0:
        return 0.0, 0.0
    if left < right:
        return shares[left], 1.0 if right == len(values) else shares[right - 1]
    share = (value - values[left - 1]) / (values[left] - values[left - 1])
    between = shares[left - 1] + (shares[left] - shares[left - 1]) * share
    return between, between


def _quantiles(curves: Sequence[_Curve]) -> list[float]:
    total = sum(curve.weight for curve in curves)
    values = sorted({value for curve in curves for value in curve.values})
    points = [[_shares_at(curve, value) for curve in curves] for value in values]
    weights = [curve.weight / total for curve in curves]
    below, up_to = (
        [sum(map(mul, weights, (share[side] for share in point))) for point in points] for side in (0, 1)
    )
    return [_inverse(values, below, up_to, quantile) for quantile in QUANTILES.values()]


def _inverse(
    values: Sequence[float], below: Sequence[float], up_to: Sequence[float], quantile: float
) -> float:
    # Of all values all are at most the last one, so there is a place.
    place = bisect_left(up_to, quantile - 1e-12)
    if place == 0 or below[place] <= quantile:
        return values[place]
    step = (quantile - up_to[place - 1]) / (below[place] - up_to[place - 1])
    return values[place - 1] + max(0.0, step) * (values[place] - values[place - 1])
