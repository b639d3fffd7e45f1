"""Says, and under ``make test`` insists, which pyramid_scales the tests are about."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# A slow or busy machine is no failure.
settings.register_profile("pyramid_scales", deadline=None)
settings.load_profile("pyramid_scales")


def _place() -> Path:
    spec = find_spec("pyramid_scales")
    if spec is None or not spec.submodule_search_locations:
        pytest.exit("there is no pyramid_scales to test", 3)
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def pytest_configure() -> None:
    place = _place()
    if os.environ.get("PYRAMID_SCALES_INSTALLED") and not place.is_relative_to(Path(sys.prefix).resolve()):
        pytest.exit(f"the tests would import {place}, not the wheel that is installed below {sys.prefix}", 3)


def pytest_report_header() -> str:
    return f"pyramid_scales: {_place()}"
