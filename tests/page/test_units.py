"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.page import units


def plain(text):
    return text.replace(units.SPACE, " ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1e-9, "1.00 ns"),
        (0.00000085, "850 ns"),
        (0.0043123, "4.31 ms"),
        (0.99996, "1.00 s"),
        (0.0999999, "100 ms"),
        (1, "1.00 s"),
        (12.34, "12.3 s"),
        (59.5, "59.5 s"),
        (59.96, "1 min"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (7199, "1 h 59 min"),
        (3601, "1 h"),
        (93784, "1 d 2 h"),
        (-0.5, "-500 ms"),
        (-7200, "-2 h"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
        (None, "-"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(seconds, text):
    assert plain(units.duration(seconds)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.30000000000000004, "0.3"),
        (1 / 3, "0.3333"),
        (999.96, "1000"),
        (1234.56, "1,234.6"),
        (123456.7, "123,457"),
        (-1234567.0, "-1,234,567"),
        (1e15, "1.000e+15"),
        (1.23456e-05, "1.235e-05"),
        (1e-05, "1.000e-05"),
        (0.0, "0"),
        (-math.inf, "-Infinity"),
    ],
)
def test_a_number_keeps_four_digits_and_is_grouped(value, text):
    assert units.number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_rounded_number_is_near_the_exact_one(value):
    shown = float(units.number(value / 2).replace(",", ""))
    assert shown == pytest.approx(value / 2, rel=1e-3, abs=1e-300)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.50 KiB"),
        (99.5 * 1024, "99.5 KiB"),
        (5 * 1024**3, "5.00 GiB"),
        (2**60, "1048576 TiB"),
        (math.inf, "Infinity"),
    ],
)
def test_bytes_have_binary_units(amount, text):
    assert plain(units.size(amount)) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        (0, "0/s"),
        (12.34, "12.3/s"),
        (1234.5, "1,234/s"),
        (0.05, "3.00/min"),
        (0.0003, "1.08/h"),
        (0.00001, "0.04/h"),
        (math.nan, "NaN"),
        (None, "-"),
    ],
)
def test_a_slow_rate_is_told_by_the_minute_or_hour(per_second, text):
    assert units.rate(per_second) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.00001, "< 0.01 %"),
        (0.9999, "> 99.9 %"),
        (0.0042, "0.42 %"),
        (0.125, "12.5 %"),
    ],
)
def test_a_share_never_reads_nothing_or_all_when_it_is_not(part, text):
    assert plain(units.share(part)) == text
