"""Says, and under ``make test`` insists, which pyramid_scales the tests are about."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import pyramid_scales

_PLACE = Path(pyramid_scales.__file__).resolve().parent


def pytest_configure() -> None:
    if os.environ.get("PYRAMID_SCALES_INSTALLED") and not _PLACE.is_relative_to(Path(sys.prefix).resolve()):
        pytest.exit(f"the tests would import {_PLACE}, not the wheel that is installed below {sys.prefix}", 3)


def pytest_report_header() -> str:
    return f"pyramid_scales: {_PLACE}"
