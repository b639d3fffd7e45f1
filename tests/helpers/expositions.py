"""Render expositions, and read them as prometheus_client does."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus
from snapshots import snapshot

from pyramid_scales.exposition import exposition
from pyramid_scales.snapshot import Node

FORMATS = pytest.mark.parametrize("openmetrics", [False, True], ids=["prometheus", "openmetrics"])


def render(of, path=(), found=None, *, openmetrics=False, **extra):
    if isinstance(of, Node):
        of = snapshot(of)
    if found is None:
        found = of.root
        for key in path:
            found = found.children[key]
    return exposition.render(of, path, found, openmetrics=openmetrics, extra=extra)


def application(of, path=(), found=None, **options):
    """The lines of the application's own statistics, without HELP."""
    text = render(of, path, found, **options)
    return [line for line in text.splitlines() if line.removeprefix("# TYPE ").startswith("scales_")]


def samples(text, openmetrics=False):
    """(name, labels) → value, as prometheus_client reads it; no sample twice."""
    parse = parse_openmetrics if openmetrics else parse_prometheus
    found = {}
    for family in parse(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def values(text, name, openmetrics=False):
    """Of one name: labels → value."""
    return {
        tuple(sorted(dict(labels).items())): value
        for (found, labels), value in samples(text, openmetrics).items()
        if found == name
    }
