"""What one look at the application yields: plain data, never changed once made.

Everything after the snapshot (merge, lookup, query, renderers) is a pure function of these types.
They import nothing of the package, so that every room may speak of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

SLICE_NS = 10_000_000_000
"""What happens to requests is told apart by slices of the monotonic clock of this length, nanoseconds."""
SLICES = 90
"""Slices of the longest window: fifteen minutes, the current slice besides."""

Path = tuple[str, ...]
"""The address of a node: the text of each key from the root down; ``()`` is the root."""


class Kind(str, Enum):
    """What is known of a container of statistics; it decides type, merge and exposition."""

    GROUP = "group"  # a StatContainer: structure only
    DICT = "dict"  # IntDict, StringDict, aggregates, plain dictionaries
    LIST = "list"  # a list or tuple; the keys are the indexes
    PMF = "pmf"  # a sampled distribution: count, min, max, mean, stddev, percentiles
    PMF_DICT = "pmf_dict"  # one PMF for each key
    METER = "meter"  # a rate: unit, count, m1, m5, m15
    METER_DICT = "meter_dict"  # one METER for each key
    STATES = "states"  # seconds spent in each state
    COUNTERS = "counters"  # a dictionary whose numbers only rise (only ours are known to)
    GAUGES = "gauges"  # a dictionary whose numbers rise and fall (only ours are known to)


@dataclass(slots=True)
class Node:
    """One container of a snapshot.

    ``data`` is what JSON shows: text keys to ``int``, ``float``, ``str``, ``bool``, ``None``, or the
    ``data`` of a child (for ``Kind.LIST`` it is a list). It is the *same* object as the child's own
    ``data``, so ``json.dumps(node.data)`` needs no second walk.
    """

    data: Any
    """``dict[str, Any]``, or ``list[Any]`` for ``Kind.LIST``."""
    kind: Kind = Kind.GROUP
    children: dict[str, Node] = field(default_factory=dict)
    """Every container directly below, by key; collapsed ones too, which ``data`` leaves out."""
    collapsed: bool = False
    marks: dict[str, str] = field(default_factory=dict)
    """Key of a leaf → the name of its type where that is not the type of the value in ``data``
    (``Decimal``, ``bytes``, …), or ``error`` for a value that could not be read (``None`` in
    ``data``; its reason stands in ``Snapshot.problems``)."""
    computed: frozenset[str] = frozenset()
    """Keys whose value a function of the application returned when it was asked."""
    order: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """Key text → (name of the key's type, the key), for keys that are not ``str``; for sorting."""

    def keys(self) -> list[str]:
        """Every key, in order; those of collapsed children, which ``data`` leaves out, come last."""
        if self.kind is Kind.LIST:
            return [str(index) for index in range(len(self.data))]
        return [*self.data, *(key for key in self.children if key not in self.data)]

    def __contains__(self, key: str) -> bool:
        """Whether something stands at the key, a leaf or a container."""
        return key in self.children or key in (self.keys() if self.kind is Kind.LIST else self.data)

    def leaf(self, key: str) -> Any:
        """The value of ``data`` at a key that is there and is not a child's."""
        return self.data[int(key) if self.kind is Kind.LIST else key]

    def leaves(self) -> Mapping[str, Any]:
        """The values of ``data`` that are not containers, by key."""
        return {key: self.leaf(key) for key in self.keys() if key not in self.children}


class Problem(NamedTuple):
    """A statistic that could not be read, or not as it is."""

    path: Path
    reason: str


class Labels(NamedTuple):
    """What tells one series of requests from another. No client can choose any of it freely."""

    route: str
    """The name of the route (the tree's key); ``(unmatched)``, ``(other)``, or a view's dotted name."""
    pattern: str
    """The pattern of the route (Prometheus's ``http_route``); the same markers as ``route``."""
    method: str
    """A method of RFC 9110 or PATCH, else ``_OTHER``."""
    status: int
    """The status code of the response; 500 for an exception that escaped."""
    error: str
    """The dotted class of the exception, or ``""``."""


class Buckets(NamedTuple):
    """How many requests there were in each bucket; many are empty, those before and behind these in any
    case."""

    first: int
    """The place of the first of them: that of its bound in ``Requests.bounds_ns``. The bucket without a bound
    has the last place."""
    amounts: array[int]
    total: int
    """Their sum."""


NO_BUCKETS = Buckets(0, array("Q"), 0)


class Slices(NamedTuple):
    """What a series held when each of the last slices of ten seconds began, oldest first: the 90 of fifteen
    minutes, and the current one. Rows are empty where nothing has happened since."""

    counts: Sequence[int]
    """Requests before each of these 91 moments."""
    sums_ns: Sequence[int]
    """Time spent in them, before every third of these moments, from the first on."""


NO_SLICES = Slices((), ())


class Series(NamedTuple):
    """One series of requests; its count is the sum of its buckets, by definition."""

    labels: Labels
    buckets: Buckets
    """All requests."""
    sum_ns: int
    recent: Buckets
    """Requests of the last five minutes."""
    slices: Slices
    """What there was before each slice of the last fifteen minutes; the last is ``Requests.now``."""
    recent_sum_ns: int | None = None
    """Time spent in the requests of ``recent``; ``None`` where it is not known."""

    @property
    def amount(self) -> int:
        """Requests, for ever."""
        return self.buckets.total


@dataclass(frozen=True, slots=True)
class Requests:
    """All that was recorded of requests: by this process, or merged from many."""

    bounds_ns: Sequence[int]
    """Inclusive upper bounds of the buckets, nanoseconds, ascending."""
    le_ns: Sequence[int]
    """The bounds of ``scales.buckets``; each of them is in ``bounds_ns``."""
    series: Sequence[Series]
    """Of many workers, several may have the same labels."""
    active: int
    """Requests in flight."""
    now: int
    """The number of the current slice: the monotonic clock in units of ten seconds."""
    max_series: int
    overflowed: int = 0
    """Requests recorded under ``(other)`` because the cap was reached."""
    retries: int = 0
    """Attempts that pyramid_retry repeated; they are not requests."""
    failures: int = 0
    """Requests that the recorder failed to record."""
    notes: Sequence[str] = ()
    """Sentences that the page must show (what filled the cap, what did not fit, …)."""
    clock_ns: int | None = None
    """The monotonic clock at the moment of the snapshot; ``None``: when slice ``now`` ends."""
    started_ns: int | None = None
    """The same clock when recording began (with many workers, of the first); ``None``: long ago."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker that took part in a snapshot."""

    pid: int
    live: bool
    age: float
    """Seconds since its own statistics were published; 0.0 for the answering worker."""
    requests: Requests | None = None
    slot: int | None = None
    """The number of its slot: the same for the worker that takes its place."""
    process: Mapping[str, int | float] | None = None
    """The figures of its process; ``None`` where they are not known."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one request to the page can show."""

    root: Node
    problems: Sequence[Problem] = ()
    requests: Requests | None = None
    """``None`` where nothing times requests (``scales.timing = false``, an explicit tween list)."""
    workers: Sequence[Worker] = ()
    """Empty where only this process is shown."""
    notes: Sequence[str] = ()
    """Sentences about the snapshot as a whole that the page must show (degraded modes, marks)."""
    approximate: frozenset[Path] = frozenset()
    """Nodes whose merged figures are approximate or up to a second old."""
