"""How a request is named."""

from __future__ import annotations

import pytest

from pyramid_scales.naming import METHODS, dotted, is_excluded, method_label, place


class Thing:
    def method(self):
        pass

    def __call__(self, request):
        pass


def function():
    pass


@pytest.mark.parametrize(
    ("thing", "attr", "name"),
    [
        (ValueError, None, "ValueError"),
        (Thing, None, f"{__name__}.Thing"),
        (Thing, "method", f"{__name__}.Thing.method"),
        (Thing(), None, f"{__name__}.Thing"),
        (Thing().method, None, f"{__name__}.Thing.method"),
        (function, None, f"{__name__}.function"),
        (None, None, "NoneType"),
    ],
)
def test_a_dotted_name_is_where_python_finds_it(thing, attr, name):
    assert dotted(thing, attr) == name


def test_the_methods_are_those_of_rfc_9110_and_patch():
    assert len(METHODS) == 9
    assert all(method_label(method) == method for method in METHODS)


@pytest.mark.parametrize("method", ["PROPFIND", "get", "", None, "X" * 10_000, "_OTHER"])
def test_any_other_method_is_the_other_one(method):
    assert method_label(method) == "_OTHER"


@pytest.mark.parametrize(
    ("globs", "excluded"),
    [
        ((), False),
        (("health",), False),
        (("items*",), True),
        (("items/{id}[x]",), True),
        (("ITEMS*",), False),
        (("a", "*"), True),
    ],
)
def test_a_route_is_excluded_by_its_name_or_a_glob(globs, excluded):
    assert is_excluded("items/{id}[x]", globs) is excluded


def test_what_matched_nothing_is_called_so():
    assert place(None) == ("(unmatched)", "(unmatched)")
    assert place("myapp.views.home") == ("myapp.views.home", "myapp.views.home")
