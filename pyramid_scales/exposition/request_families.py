"""Requests as families of metrics, under the names and labels of OpenTelemetry's conventions for HTTP
(https://opentelemetry.io/docs/specs/semconv/http/http-metrics/).

Every series has all labels, whatever a worker happens to have seen; where there was no error ``error_type``
is empty, which Prometheus takes for absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from ..address import clean
from ..figures.request_tree import tree_key
from ..figures.sums import added_buckets
from ..snapshot import Labels, Requests, Series
from .families import Family, LabelPairs, Metric, Sample

NAME = "http_server_request_duration_seconds"

_ACTIVE = Metric("http_server_active_requests", "gauge", "Requests in flight.")
_BY_FIELD = {
    "retries": Metric(
        "pyramid_scales_retries", "counter", "Attempts that pyramid_retry repeated; they are not requests."
    ),
    "overflowed": Metric(
        "pyramid_scales_overflowed_requests",
        "counter",
        "Requests counted under the route (other), because scales.max_series was reached.",
    ),
    "failures": Metric(
        "pyramid_scales_unrecorded_requests", "counter", "Requests that could not be recorded."
    ),
    "max_series": Metric(
        "pyramid_scales_series_limit",
        "gauge",
        "Series of requests that there may be in a worker: scales.max_series.",
    ),
}


class Durations(NamedTuple):
    """One series of the histogram."""

    labels: LabelPairs
    totals: Sequence[int]
    """Requests up to each bound, and at last all of them."""
    seconds: float


class Histogram(NamedTuple):
    """The histogram of durations: a :class:`.families.Family` that is quick to write."""

    name: str
    help: str
    unit: str
    bounds: tuple[str, ...]
    """The ``le`` of each total."""
    series: Sequence[Durations]
    type: str = "histogram"

    def family(self) -> Family:
        """The same, sample by sample."""
        samples = []
        for labels, totals, seconds in self.series:
            for bound, total in zip(self.bounds, totals, strict=True):
                samples.append(Sample("_bucket", (*labels, ("le", bound)), total))
            samples += [Sample("_sum", labels, seconds), Sample("_count", labels, totals[-1])]
        return Family(self.name, self.type, self.help, samples, self.unit)


def histogram(requests: Requests, routes: frozenset[str] | None = None) -> Histogram:
    """The durations of all requests, or those of some ``routes`` (their keys in the tree)."""
    ends = [*(requests.bounds_ns.index(le) + 1 for le in requests.le_ns), len(requests.bounds_ns) + 1]
    return Histogram(
        NAME,
        "Duration of requests, by route, method, status and class of the error.",
        "seconds",
        (*[repr(le / 1e9) for le in requests.le_ns], "+Inf"),
        [
            Durations(labels, _totals(alike, ends), sum(series.sum_ns for series in alike) / 1e9)
            for labels, alike in sorted(_alike(requests.series, routes).items())
        ],
    )


def others(requests: Requests) -> list[Family]:
    """What else is known of requests."""
    counters = [metric.single(getattr(requests, field)) for field, metric in _BY_FIELD.items()]
    return [_ACTIVE.single(requests.active), *counters]


def _alike(all_series: Sequence[Series], routes: frozenset[str] | None) -> dict[LabelPairs, list[Series]]:
    """The series by their labels here: routes may share a pattern, with predicates to tell them apart."""
    by_labels: dict[Labels, list[Series]] = {}
    for series in all_series:
        by_labels.setdefault(series.labels, []).append(series)
    alike: dict[LabelPairs, list[Series]] = {}
    for labels, some in by_labels.items():
        if routes is None or tree_key(labels.route) in routes:
            alike.setdefault(_labels(labels), []).extend(some)
    return alike


def _labels(labels: Labels) -> LabelPairs:
    return (
        ("error_type", clean(labels.error)),
        ("http_request_method", clean(labels.method)),
        ("http_response_status_code", str(labels.status)),
        ("http_route", clean(labels.pattern)),
    )


def _totals(alike: Sequence[Series], ends: Sequence[int]) -> Sequence[int]:
    """Requests in the buckets before each of the ``ends``."""
    first, amounts, _ = added_buckets([series.buckets for series in alike])
    ranks = list(accumulate(amounts, initial=0))
    return tuple([ranks[min(max(end - first, 0), len(amounts))] for end in ends])
