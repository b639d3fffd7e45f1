"""Which format an answer has, and JSON that every parser takes."""

from __future__ import annotations

import json
from typing import Any

import awkward
import pytest
from clients import CHROME, FIREFOX, PROMETHEUS_2, PROMETHEUS_2_OLD, PROMETHEUS_3, PROMETHEUS_3_WITH_PROTOBUF
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_scales.renderers import CONTENT_TYPES, BadFormat, choose, to_json


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        (None, "html"),
        ("", "html"),
        ("*/*", "html"),  # curl, and most libraries
        (FIREFOX, "html"),
        (CHROME, "html"),
        ("text/html, */*; q=0.01", "html"),
        ("text/*", "html"),
        ("application/xhtml+xml", "html"),
        ("image/png", "html"),
        ("application/json", "json"),
        ("application/json, text/plain, */*", "json"),  # axios
        ("application/json;q=0.9, text/html;q=0.8", "json"),
        ("application/json;q=0.1, text/html", "html"),
        ("application/*", "json"),
        ("APPLICATION/JSON", "json"),
        ("application/json;charset=utf-8", "json"),
        ("application/json;q=0", "html"),
        (PROMETHEUS_2, "openmetrics"),
        (PROMETHEUS_2_OLD, "prometheus"),
        (PROMETHEUS_3, "openmetrics"),
        (PROMETHEUS_3_WITH_PROTOBUF, "openmetrics"),
        ("text/plain;version=0.0.4", "prometheus"),
        ("text/plain", "prometheus"),
        ("application/openmetrics-text", "openmetrics"),
        ("garbage", "html"),
        (";;;,,,", "html"),
        ("text/html;q=abc", "html"),
        ("\xff\xfe", "html"),
        ("application/json," * 300, "html"),  # read by nobody
    ],
)
def test_without_a_name_the_accept_header_decides(accept: str | None, format: str) -> None:
    assert choose(None, accept) == format
    assert choose("", accept) == format


@pytest.mark.parametrize("format", CONTENT_TYPES)
@pytest.mark.parametrize("accept", [None, CHROME, PROMETHEUS_3, "application/json", "garbage"])
def test_a_format_that_is_named_goes_before_the_accept_header(format: str, accept: str | None) -> None:
    assert choose(format, accept) == format


@pytest.mark.parametrize(
    "format", ["xml", "JSON", " json", "json ", "html\n", "\0", "text/html", "../json", "\ud800"]
)
def test_an_unknown_format_is_refused_with_the_list_of_those_there_are(format: str) -> None:
    with pytest.raises(BadFormat) as caught:
        choose(format, CHROME)
    assert str(caught.value) == (
        f"There is no format {format!r}. The formats are html, json, prettyjson, prometheus, openmetrics."
    )


@given(st.none() | st.text() | st.text('text/html*;q=0.1, aplicon"\\json-versm\x00', max_size=80))
def test_any_accept_header_leads_to_a_format(accept: str | None) -> None:
    assert choose(None, accept) in CONTENT_TYPES


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


values = st.recursive(
    awkward.leaves | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(awkward.texts, inner, max_size=4),
    max_leaves=20,
)


@given(values, st.booleans())
@example([float("nan"), {"a": float("inf"), "b": [-float("inf")]}], False)
@example({"\ud800": "\udfff\U0001f512", "x": "\\ud800"}, True)
def test_json_is_strict_whatever_the_values(value: Any, pretty: bool) -> None:
    text = to_json(value, pretty)
    assert text.endswith("\n")
    text.encode("ascii")
    found = json.loads(text, parse_constant=refuse)
    json.dumps(found, ensure_ascii=False).encode("utf-8")  # no half surrogates, escaped or not


@given(values.filter(lambda value: "\\ud" not in json.dumps(value)), st.booleans())
def test_json_of_what_json_can_hold_is_that_of_the_standard_library(value: Any, pretty: bool) -> None:
    text = json.dumps(value, indent=2 if pretty else None)
    if not any(constant in text for constant in ("NaN", "Infinity")):
        assert to_json(value, pretty) == text + "\n"


def test_what_is_no_number_is_null() -> None:
    value = {"nan": float("nan"), "list": [float("inf"), 1.5], "inner": {"low": -float("inf")}}
    assert to_json(value) == '{"nan": null, "list": [null, 1.5], "inner": {"low": null}}\n'


def test_a_lone_value_is_json_too() -> None:
    assert [to_json(value) for value in (0, "", None, False, float("nan"), [])] == [
        "0\n",
        '""\n',
        "null\n",
        "false\n",
        "null\n",
        "[]\n",
    ]


def test_half_a_surrogate_pair_becomes_its_escape_and_a_whole_one_stays() -> None:
    assert json.loads(to_json({"k\ud800": "\U0001f512 \udfff"})) == {"k\\ud800": "\U0001f512 \\udfff"}
