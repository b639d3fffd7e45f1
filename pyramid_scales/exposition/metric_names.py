"""Paths of statistics → names of metrics that Prometheus and OpenMetrics allow.

A name is ``scales_`` and the keys of the path joined with ``_``; every character that is not an ASCII letter,
a digit or ``_`` became ``_`` (colons as well: they belong to recording rules). So two paths can want the same
name, such as ``a/b``, ``a_b`` and ``a-b``. Then the path that needed least cleaning keeps it, and each of the
others carries eight digits of a hash of its own path behind it. A name thus depends on the paths alone, never
on their order, a process or the time; and it changes only when a path comes or goes that wants the same.
(A page of a part of the tree knows of the paths in that part only.)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from ..snapshot import Path

PREFIX = "scales"

_ILLEGAL = re.compile("[^a-zA-Z0-9_]")
_SUFFIXES = {
    "counter": ("", "_total", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
    "histogram": ("", "_bucket", "_count", "_sum", "_created"),
}

Wanted = tuple[Path, str]
"""A path and the type of the family that is to stand for it."""


def claims(name: str, kind: str) -> list[str]:
    """The names that no other family may use beside a family ``name`` of type ``kind`` (OpenMetrics 1.0)."""
    return [name + suffix for suffix in _SUFFIXES.get(kind, ("",))]


def assign(wanted: Sequence[Wanted]) -> list[str]:
    """A name for each of ``wanted`` (all different), in their order; no two of them clash."""
    names = [_plain(path, kind) for path, kind in wanted]
    claimed = names.copy()
    for name, (_, kind) in zip(names, wanted, strict=True):
        if kind in _SUFFIXES:
            claimed += claims(name, kind)[1:]
    if len(set(claimed)) == len(claimed):
        return names
    return _without_clashes(wanted)


def _plain(path: Path, kind: str) -> str:
    name = "_".join((PREFIX, *(filter(None, path) if "" in path else path)))
    if not (name.isascii() and name.isidentifier()):
        name = _ILLEGAL.sub("_", name)
    return name.removesuffix("_total") if kind == "counter" else name


def _without_clashes(wanted: Sequence[Wanted]) -> list[str]:
    taken: set[str] = set()
    names: dict[Wanted, str] = {}
    for path, kind in sorted(wanted, key=_rank):
        names[path, kind] = name = next(
            name for name in _candidates(path, kind) if taken.isdisjoint(claims(name, kind))
        )
        taken.update(claims(name, kind))
    return [names[item] for item in wanted]


def _candidates(path: Path, kind: str) -> Iterable[str]:
    name = _plain(path, kind)
    yield name
    digits = hashlib.sha256(repr((path, kind)).encode()).hexdigest()
    for length in range(8, len(digits) + 1):  # pragma: no branch (the first that is free ends it)
        yield f"{name}_{digits[:length]}"


def _rank(item: Wanted) -> tuple[bool, bool, int, Path, str]:
    """Who may keep a name: first what needed no cleaning, then what has more keys (``a/b``, not ``a_b``)."""
    path, kind = item
    return _ILLEGAL.search("".join(path)) is not None, not all(path), -len(path), path, kind
