"""The requests of many workers as one application's: pure sums, exact in every figure.

Series with the same labels are added bucket by bucket. A note of the ring says what a series had recorded
when a slice began; where a worker has no note for a slice, nothing was recorded in it. So what each slice
*added* is summed, and the notes follow from the totals backwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ..figures.spread import occupied
from ..snapshot import Labels, Requests, Series, Slice


def merge_requests(own: Requests, others: Sequence[Requests]) -> Requests:
    """All workers' requests; what belongs to the moment or the settings is the answering worker's."""
    everyone = [own, *others]
    by_labels: defaultdict[Labels, list[Series]] = defaultdict(list)
    for requests in everyone:
        for series in requests.series:
            by_labels[series.labels].append(series)
    clocks = [requests.clock_ns for requests in everyone if requests.clock_ns is not None]
    starts = [requests.started_ns for requests in everyone if requests.started_ns is not None]
    return replace(
        own,
        series=tuple(merge_series(same) for same in by_labels.values()),
        active=sum(requests.active for requests in everyone),
        overflowed=sum(requests.overflowed for requests in everyone),
        retries=sum(requests.retries for requests in everyone),
        failures=sum(requests.failures for requests in everyone),
        notes=tuple(dict.fromkeys(note for requests in everyone for note in requests.notes)),
        clock_ns=max(clocks, default=None),
        started_ns=min(starts, default=None),
    )


def merge_series(same: Sequence[Series]) -> Series:
    """Series with equal labels as one."""
    if len(same) == 1:
        return same[0]
    sums = [series.recent_sum_ns for series in same if series.recent_sum_ns is not None]
    buckets, recent = _added(same)
    sum_ns = sum(series.sum_ns for series in same)
    return Series(
        same[0].labels,
        buckets,
        sum_ns,
        recent,
        _merge_slices(same, sum(buckets), sum_ns),
        sum(sums) if len(sums) == len(same) else None,
    )


def _added(same: Sequence[Series]) -> tuple[list[int], list[int]]:
    """The buckets of all, and of these what is recent. Most are empty, so only the others are looked at."""
    buckets, recent = list(same[0].buckets), list(same[0].recent)
    for _, more, _, lately, _, _ in same[1:]:
        for place in occupied(more):
            buckets[place] += more[place]
            recent[place] += lately[place]
    return buckets, recent


def _merge_slices(same: Sequence[Series], count: int, sum_ns: int) -> tuple[Slice, ...]:
    if not any(series.slices for series in same):
        return ()
    columns = [list(zip(*series.slices, strict=True)) or [(), (), ()] for series in same]
    if all(numbers == columns[0][0] for numbers, _, _ in columns):
        # Under load every worker has a note for each slice, and then the notes themselves add up.
        held = (map(sum, zip(*column, strict=True)) for column in list(zip(*columns, strict=True))[1:])
        return tuple(map(Slice, columns[0][0], *held))
    counts: defaultdict[int, int] = defaultdict(int)
    sums: defaultdict[int, int] = defaultdict(int)
    for series in same:
        later_count, later_sum = sum(series.buckets), series.sum_ns
        for number, count_before, sum_before in reversed(series.slices):
            counts[number] += later_count - count_before
            sums[number] += later_sum - sum_before
            later_count, later_sum = count_before, sum_before
    merged = []
    for number in sorted(counts, reverse=True):
        count -= counts[number]
        sum_ns -= sums[number]
        merged.append(Slice(number, count, sum_ns))
    return tuple(reversed(merged))
