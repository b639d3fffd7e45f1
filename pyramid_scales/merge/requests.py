"""The requests of many workers as one application's.

Their series stand side by side, several with the same labels: whoever shows them adds them up, exactly, in
any order. All were read for one moment, so that their slices begin and end alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..snapshot import Requests


def merge_requests(own: Requests, others: Sequence[Requests]) -> Requests:
    """All workers' requests; what belongs to the moment or the settings is the answering worker's."""
    everyone = [own, *others]
    starts = [requests.started_ns for requests in everyone if requests.started_ns is not None]
    return replace(
        own,
        series=[series for requests in everyone for series in requests.series],
        active=sum(requests.active for requests in everyone),
        overflowed=sum(requests.overflowed for requests in everyone),
        retries=sum(requests.retries for requests in everyone),
        failures=sum(requests.failures for requests in everyone),
        notes=tuple(dict.fromkeys(note for requests in everyone for note in requests.notes)),
        started_ns=min(starts, default=None),
    )
