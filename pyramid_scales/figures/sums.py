"""What buckets and rows of several series add up to; pure.

A page of eight workers adds up hundreds of series, so the loops are left to C.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add

from ..packed import added
from ..snapshot import NO_BUCKETS, Buckets

_FEW = 4
"""So many rows take less time one by one than column by column."""


def added_rows(rows: Sequence[Sequence[int]]) -> Sequence[int]:
    """The sum of the rows, element by element."""
    if len(rows) < 2:
        return rows[0] if rows else ()
    if len(rows) > _FEW:
        return list(map(sum, zip(*rows, strict=True)))
    return reduce(lambda total, row: list(map(add, total, row)), rows)


def added_held(rows: Sequence[Sequence[int]], totals: Iterable[int]) -> Sequence[int]:
    """The sum of what several held at the same moments; an empty row stands for its total throughout."""
    kept = [row for row in rows if row]
    if len(kept) == len(rows) or not kept:
        return added_rows(kept)
    rest = sum([total for row, total in zip(rows, totals, strict=True) if not row])
    return [held + rest for held in added_rows(kept)]


def added_buckets(every: Sequence[Buckets]) -> Buckets:
    """The sum of the buckets, place by place."""
    kept = [buckets for buckets in every if buckets.total]
    if len(kept) < 2:
        return kept[0] if kept else NO_BUCKETS
    starts, rows, totals = zip(*kept, strict=True)
    return Buckets(*added(starts, rows), sum(totals))
