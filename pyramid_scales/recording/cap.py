"""What happens when there are as many series as there may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ..snapshot import Labels

OTHER = "(other)"
"""The route of what is recorded once the cap is reached."""
METHOD = "_OTHER"
RESERVED = 5
"""Series kept free for it: one for each class of statuses."""
NAMED = 5


def other(labels: Labels) -> Labels:
    """The series for requests that may not have one of their own: only the class of the status is kept,
    as the first code of the class."""
    status = min(max(labels.status // 100, 1), RESERVED) * 100
    return Labels(OTHER, OTHER, METHOD, status, "")


def filled_by(routes: Iterable[str], max_series: int) -> str:
    """The sentence about a cap that was reached; ``routes`` has the route of each series."""
    counts = Counter(route for route in routes if route != OTHER)
    most = ", ".join(f"{route} ({count})" for route, count in counts.most_common(NAMED))
    return (
        f"There are as many series as scales.max_series = {max_series} allows, so requests that would need"
        f" another one are recorded under {OTHER}. Most series belong to: {most or 'none'}."
    )


def sentences(routes: Sequence[str], max_series: int, unshared: int) -> tuple[str, ...]:
    """What a page must say about series that are not as they should be."""
    notes = [filled_by(routes, max_series)] if OTHER in routes else []
    if unshared:
        notes.append(
            f"{unshared} series did not fit into the shared directory;"
            " only the page of this worker shows them."
        )
    return tuple(notes)
