"""What a page needs to know besides the snapshot."""

from __future__ import annotations

import platform

import pytest

from pyramid_scales import reading
from pyramid_scales.recording.readout import Extent


def test_the_versions_are_those_of_what_runs():
    versions = dict(reading.versions())
    assert list(versions) == ["Python", "pyramid_scales", "pyramid", "scales"]
    assert versions["Python"] == platform.python_version()
    assert versions["pyramid"][0] == "2"


def test_what_is_not_installed_has_no_version():
    assert reading._version("a distribution that nobody has") == "not installed"


@pytest.mark.parametrize(
    ("format", "path", "is_filtered", "beside", "in_tree", "extent"),
    [
        ("html", (), False, True, False, Extent.MEANS),
        ("html", (), True, True, True, Extent.MEANS),
        ("html", ("pyramid", "requests"), False, True, True, Extent.MEANS),
        ("json", (), False, False, True, Extent.RATES),
        ("prettyjson", ("pyramid",), False, False, True, Extent.RATES),
        ("prometheus", (), False, True, False, Extent.TOTALS),
        ("openmetrics", ("pyramid",), False, True, True, Extent.RATES),
        ("json", ("db",), False, False, False, Extent.NOTHING),
        ("html", ("db",), True, False, False, Extent.NOTHING),
    ],
)
def test_only_what_an_answer_shows_of_requests_is_read(format, path, is_filtered, beside, in_tree, extent):
    assert reading.wanted(format, path, is_filtered) == (beside, in_tree, extent)
