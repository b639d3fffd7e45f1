"""What a page needs to know besides the snapshot."""

from __future__ import annotations

import platform

from pyramid_scales import reading


def test_the_versions_are_those_of_what_runs():
    versions = dict(reading.versions())
    assert list(versions) == ["Python", "pyramid_scales", "pyramid", "scales"]
    assert versions["Python"] == platform.python_version()
    assert versions["pyramid"][0] == "2"


def test_what_is_not_installed_has_no_version():
    assert reading._version("a distribution that nobody has") == "not installed"
