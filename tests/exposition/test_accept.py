"""Choosing an exposition format by the Accept header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_scales.exposition.accept import accepted

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROMETHEUS_3_WITH_NATIVE_HISTOGRAMS = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    + PROMETHEUS_3
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
LYNX = "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01"


@pytest.mark.parametrize("header", [PROMETHEUS_2, PROMETHEUS_3, PROMETHEUS_3_WITH_NATIVE_HISTOGRAMS])
def test_prometheus_gets_openmetrics(header):
    assert accepted(header) == "openmetrics"


@pytest.mark.parametrize(
    "header",
    [
        "text/plain;version=0.0.4;q=1,*/*;q=0.1",
        'text/plain; version="0.0.4"',
        "text/plain",
        "TEXT/PLAIN; VERSION=0.0.4",
        "text/plain;version=1.0.0;escaping=underscores",
        "application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=2.0.0,text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text;q=0,text/plain;version=0.0.4;q=0.5",
        "text/plain;version=0.0.4, text/html;q=0.9",
    ],
)
def test_a_scraper_that_prefers_the_text_format_gets_it(header):
    assert accepted(header) == "prometheus"


def test_of_equal_quality_openmetrics_goes_first():
    assert accepted("text/plain;version=0.0.4,application/openmetrics-text") == "openmetrics"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "*/*",
        "text/*",
        BROWSER,
        LYNX,
        "application/json, text/plain, */*",
        "application/json",
        "text/plain;version=0.0.3",
        "text/plain;q=0",
        "text/plain;q=nonsense",
        "text/plain;q=nan",
        "text/plain;q=7",
        ",;=,;;q=,",
    ],
)
def test_who_does_not_ask_for_metrics_gets_none(header):
    assert accepted(header) is None


@given(st.text(alphabet='aptex/linjson;q=.,* 01"', max_size=200))
def test_no_header_breaks_the_choice(header):
    assert accepted(header) in ("prometheus", "openmetrics", None)
