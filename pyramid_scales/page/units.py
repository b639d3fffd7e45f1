"""Numbers as people read them: few digits, a unit, and never a lie about what is not a number."""

from __future__ import annotations

import math

SPACE = "\N{NO-BREAK SPACE}"
NONE = "-"
"""Stands where there is nothing to show."""

_SMALL = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_LARGE = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_BYTES = ("KiB", "MiB", "GiB", "TiB")


def number(value: float) -> str:
    """A float of unknown meaning: four significant digits, more before the point, grouped."""
    if 1e-4 <= value < 1000:
        return f"{value:.4g}"
    if not math.isfinite(value):
        return unusual(value)
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.3e}"
    if size < 1000:
        return f"{value:.4g}"
    return f"{value:,.0f}" if size >= 1e5 else f"{value:,.1f}"


def count(value: int) -> str:
    """A whole number, grouped by thousands."""
    return f"{value:,}"


def unusual(value: float) -> str:
    """The name of a float that is no number, as JavaScript spells it."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def duration(seconds: float | None) -> str:
    """A time in the unit that suits it: ``4.31 ms``, ``1 min 30 s``, ``3 d 4 h``."""
    if seconds is None:
        return NONE
    if not math.isfinite(seconds):
        return unusual(seconds)
    if abs(seconds) >= 59.95:
        return _long(seconds)
    for size, unit in _SMALL:
        if abs(seconds) >= size * 0.9995:
            break
    return f"0{SPACE}s" if not seconds else f"{_digits(seconds / size)}{SPACE}{unit}"


def _digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    size = abs(value)
    return f"{value:.0f}" if size >= 99.95 else f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"


def _long(seconds: float) -> str:
    """A minute and more: the two largest units."""
    sign, rest = ("-" if seconds < 0 else ""), round(abs(seconds))
    parts: list[str] = []
    for size, unit in _LARGE:
        amount, rest = divmod(rest, size)
        if amount or parts:
            parts.append(f"{amount}{SPACE}{unit}")
    return sign + " ".join(part for part in parts[:2] if not part.startswith("0"))


def size(amount: float) -> str:
    """An amount of bytes in binary units: ``12.3 MiB``."""
    if not math.isfinite(amount):
        return unusual(amount)
    unit = "B"
    for larger in _BYTES:
        if abs(amount) < 1023.5:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f}{SPACE}B" if unit == "B" else f"{_digits(amount)}{SPACE}{unit}"


def rate(per_second: float | None) -> str:
    """Events a second: ``12.3/s``; below one in ten seconds, events a minute or an hour."""
    if per_second is None:
        return NONE
    if not per_second:
        return "0/s"
    if 0.0995 <= per_second < 999.5:
        return f"{_digits(per_second)}/s"
    if not math.isfinite(per_second):
        return unusual(per_second)
    for factor, unit in ((1, "s"), (60, "min"), (3600, "h")):
        if abs(per_second * factor) >= 0.0995:
            break
    amount = per_second * factor
    return f"{amount:,.0f}/{unit}" if abs(amount) >= 999.5 else f"{_digits(amount)}/{unit}"


def share(part: float | None) -> str:
    """A share of one as a percentage; what is not zero never reads ``0 %``."""
    if part is None:
        return NONE
    percent = part * 100
    if not percent:
        return f"0{SPACE}%"
    if percent < 0.01:
        return f"<{SPACE}0.01{SPACE}%"
    if 99.95 <= percent < 100:
        return f">{SPACE}99.9{SPACE}%"
    return f"{percent:.2f}{SPACE}%" if percent < 1 else f"{percent:.1f}{SPACE}%".replace(f".0{SPACE}", SPACE)
