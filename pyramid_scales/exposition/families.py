"""Families of metrics: what Prometheus and OpenMetrics are told, before it is text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

LabelPairs = tuple[tuple[str, str], ...]
Value = int | float


class Sample(NamedTuple):
    """One line of an exposition."""

    suffix: str
    labels: LabelPairs
    value: Any
    """A number; in a layout its position among the values."""


class Family(NamedTuple):
    """A metric: what it is, and its samples."""

    name: str
    """As OpenMetrics has it: a counter's name is without ``_total``."""
    type: str
    """``counter``, ``gauge``, ``histogram``, ``summary`` or ``unknown``."""
    help: str
    samples: Sequence[Sample]
    unit: str = ""


class Metric(NamedTuple):
    """What a family of ours is called and means, before it has samples."""

    name: str
    type: str
    help: str
    unit: str = ""

    def family(self, values: Iterable[tuple[LabelPairs, Value]]) -> Family:
        """The family with a sample for each pair of labels and value."""
        suffix = "_total" if self.type == "counter" else ""
        samples = [Sample(suffix, labels, value) for labels, value in values]
        return Family(self.name, self.type, self.help, samples, self.unit)

    def single(self, value: Value) -> Family:
        """The family with one sample, without labels."""
        return self.family([((), value)])
