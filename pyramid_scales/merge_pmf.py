"""Sampled distributions (PMF) of many workers as one: exact in count, min and max, approximate in the rest.

A worker's sample itself is not to be had, but its quantiles are. Between two of them the values are taken to
lie evenly, as in a histogram whose bins end at the quantiles, and the bins of all workers are added,
each weighted by the number of its worker's values.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
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
        "min": min(pmf["min"] for pmf in known),
        "max": max(pmf["max"] for pmf in known),
    }
    merged["mean"], merged["stddev"] = _moments(recent)
    if len(recent) == 1:
        return merged | {key: recent[0].get(key, math.nan) for key in QUANTILES}
    curves = [_curve(pmf) for pmf in recent]
    return merged | dict(zip(QUANTILES, _quantiles(curves), strict=True))


def _count(pmf: Mapping[str, Any]) -> int:
    count = pmf.get("count", 0)
    return count if type(count) is int else 0


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _moments(pmfs: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Mean and standard deviation of the whole, from those of its parts."""
    total = sum(_count(pmf) for pmf in pmfs)
    mean = sum(_count(pmf) * pmf["mean"] for pmf in pmfs) / total
    spreads = [pmf["stddev"] if _is_number(pmf.get("stddev")) else 0.0 for pmf in pmfs]
    parts = zip(pmfs, spreads, strict=True)
    squares = sum(_count(pmf) * (spread**2 + pmf["mean"] ** 2) for pmf, spread in parts)
    return mean, math.sqrt(max(0.0, squares / total - mean**2))


def _curve(pmf: Mapping[str, Any]) -> _Curve:
    """Scales' quantiles may be NaN, or not rise; then they are left out, or sorted."""
    points = {"min": 0.0, **QUANTILES, "max": 1.0}
    known = [(share, float(pmf[key])) for key, share in points.items() if _is_number(pmf.get(key))]
    values = sorted(value for _, value in known) or [float(pmf["mean"])]
    shares = [share for share, _ in known] or [1.0]
    return _Curve(_count(pmf), values, shares)


def _share_below(curve: _Curve, value: float) -> float:
    values, shares = curve.values, curve.shares
    if value >= values[-1]:
        return 1.0
    place = bisect_left(values, value)
    if place == 0:
        return shares[0] if value == values[0] else 0.0
    low, high = values[place - 1], values[place]
    return shares[place - 1] + (shares[place] - shares[place - 1]) * (value - low) / (high - low)


def _quantiles(curves: Sequence[_Curve]) -> list[float]:
    total = sum(curve.weight for curve in curves)
    values = sorted({value for curve in curves for value in curve.values})
    shares = [sum(curve.weight * _share_below(curve, value) for curve in curves) / total for value in values]
    return [_inverse(values, shares, quantile) for quantile in QUANTILES.values()]


def _inverse(values: Sequence[float], shares: Sequence[float], quantile: float) -> float:
    place = min(bisect_left(shares, quantile), len(values) - 1)
    if place == 0 or shares[place] <= quantile:
        return values[place]
    step = (quantile - shares[place - 1]) / (shares[place] - shares[place - 1])
    return values[place - 1] + step * (values[place] - values[place - 1])
