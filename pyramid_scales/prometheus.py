"""Beside prometheus_client: our metrics in a registry of the application's, and the other way round.

prometheus_client is optional: it is imported where it is needed, not before.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from . import application, reading
from .exposition import exposition, own_families
from .exposition.families import Family
from .exposition.layout import layout
from .exposition.metric_names import PREFIX, claims
from .exposition.request_families import Histogram
from .snapshot import Snapshot

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from pyramid.registry import Registry

log = logging.getLogger(__name__)

_END = "# EOF\n"
_TYPES = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
_OUR_PREFIXES = ("http_server_", "process_", "pyramid_scales_", PREFIX)


def is_installed() -> bool:
    """Whether prometheus_client could be imported; this does not import it."""
    return importlib.util.find_spec("prometheus_client") is not None


class Collector:
    """What the page shows at its root, for a registry of prometheus_client.

    ``REGISTRY.register(Collector(config.registry))`` puts our metrics beside the application's own, at the
    endpoint that it already has. The figures of processes are left out unless ``process`` is true, since a
    registry usually has them from prometheus_client itself.
    """

    def __init__(self, registry: Registry, *, process: bool = False) -> None:
        self._registry = registry
        self._process = process

    def describe(self) -> Sequence[Metric]:
        """Nothing: which metrics there are is known when they are collected, not when this is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The metrics, made anew from a snapshot of all workers."""
        snapshot = reading.take(
            application.of(self._registry), (), "all", reading.wanted("prometheus", (), False)
        )
        for family in _families(snapshot):
            if self._process or not family.name.startswith("process_"):
                yield _metric(family)


def _families(snapshot: Snapshot) -> Iterable[Family]:
    """Our families and the application's, with values in their samples."""
    found = exposition.surveyed(snapshot, (), snapshot.root, nonnegative_quantiles=True)
    own = own_families.find(snapshot, (), snapshot.root)
    return chain(
        (family.family() if isinstance(family, Histogram) else family for family in own),
        (_filled(family, found.values) for family in layout(found.shapes, found.types)),
    )


def _filled(family: Family, values: Sequence[Any]) -> Family:
    return family._replace(samples=[sample._replace(value=values[sample.value]) for sample in family.samples])


def _metric(family: Family) -> Metric:
    from prometheus_client.core import Metric

    metric = Metric(family.name, family.help, family.type, family.unit)
    for suffix, labels, value in family.samples:
        # An int may be larger than any float.
        metric.add_sample(family.name + suffix, dict(labels), float(exposition.number(value)))
    return metric


def with_registry(text: str, *, openmetrics: bool) -> str:
    """An exposition of ours with the metrics of prometheus_client's default registry behind it.

    Where prometheus_client collects from many processes (``PROMETHEUS_MULTIPROC_DIR``), those of all of them.
    Families that would clash with ours are left out. A registry that fails is logged and left out.
    """
    try:
        families = [family for family in _default_registry().collect() if not _clashes(family, text)]
        theirs = _generated(families, openmetrics)
    except Exception:
        log.exception("the default registry of prometheus_client could not be read")
        return text
    return text.removesuffix(_END) + theirs


def _default_registry() -> Any:
    from prometheus_client import REGISTRY, CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    collector: Any = MultiProcessCollector
    collector(registry)
    return registry


def _clashes(family: Metric, text: str) -> bool:
    if not family.name.startswith(_OUR_PREFIXES):
        return False
    taken = {
        name
        for shown, kind in _TYPES.findall(text)
        for name in claims(shown.removesuffix("_total") if kind == "counter" else shown, kind)
    }
    return not taken.isdisjoint(claims(family.name, family.type))


class _Chosen(NamedTuple):
    """As much of a registry as prometheus_client's writers ask for."""

    families: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.families


def _generated(families: Sequence[Metric], openmetrics: bool) -> str:
    from prometheus_client import exposition as text_format
    from prometheus_client.openmetrics import exposition as openmetrics_format

    generate: Any = openmetrics_format.generate_latest if openmetrics else text_format.generate_latest
    text: str = generate(_Chosen(families)).decode("utf-8")
    return text
