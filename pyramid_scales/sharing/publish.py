"""Each worker's own statistics, written down for the other workers: at most once a second, when changed.

A request's change is written at once if a second has passed since the last look, and otherwise when it has,
by a timer that is set for this one time. No thread lives on; where none can run (uWSGI without
``enable-threads``), the next request writes it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..merge.stats import totals
from ..snapshot import Kind, Node, Path
from .directory import SOMETHING_ELSE, Directory
from .published import Published, decode, encode, name_of

INTERVAL = 1.0
SHARE = 0.1
"""At most this part of the time goes into looking: a tree that takes longer is looked at less often."""
REFRESH = 10.0
"""Seconds after which the process's own figures are written again, even where nothing else changed."""

log = logging.getLogger(__name__)


class Publisher:
    """Writes what one process has, on top of what the earlier workers of its slot have left."""

    def __init__(
        self,
        directory: Directory,
        slot: int,
        read: Callable[[], Node],
        process: Callable[[], Mapping[str, int | float]],
        inherited: Node | None = None,
    ) -> None:
        self._directory = directory
        self._name = name_of(slot)
        self._read = read
        self._process = process
        self._lock = threading.Lock()
        self._previous: Node | None = None
        self._looked = self._written = -REFRESH
        self._pause = INTERVAL
        self.failed = ""
        before = read_published(directory, slot)
        left = [node for node in (before.carried, before.tree) if node is not None] if before else []
        if inherited is not None:
            left.append(negated(inherited))
        self.carried = totals(left) if left else None
        self.fell: set[Path] = set(before.fell) if before else set()

    @property
    def last(self) -> Node | None:
        """The tree as it was last written."""
        return self._previous

    def due_in(self) -> float:
        """Seconds until the next look is allowed; 0 or less if it is."""
        return self._looked + self._pause - time.monotonic()

    def publish(self, always: bool = True) -> bool:
        """Look at the statistics, and write them down if they have changed; whether it looked. Never raises.

        Not ``always``: only if that is due.
        """
        with self._lock:
            if not always and self.due_in() > 0:
                return False
            started = time.monotonic()
            try:
                self._publish(started)
            except OSError as error:
                self._fail(f"{error.strerror}", error)
            except Exception as error:
                self._fail("see the log", error)
            self._looked = time.monotonic()
            self._pause = max(INTERVAL, (self._looked - started) / SHARE)
            return True

    def _fail(self, reason: str, error: Exception) -> None:
        if reason != self.failed:
            trace = None if isinstance(error, OSError) else error
            log.warning("the application's statistics could not be shared: %s", error, exc_info=trace)
        self.failed = reason

    def _publish(self, now: float) -> None:
        tree = self._read()
        changed = self._previous is None or tree != self._previous
        if changed or now - self._written >= REFRESH:
            self._write(tree, now)
        else:
            os.utime(self._name, dir_fd=self._directory.fd, follow_symlinks=False)
        self.failed = ""

    def _write(self, tree: Node, now: float) -> None:
        if self._previous is not None:
            self.fell.update(decreased(self._previous, tree))
        published = Published(tree, self.carried, frozenset(self.fell), self._process())
        self._directory.replace(self._name, encode(published))
        self._previous, self._written = tree, now


def read_published(directory: Directory, slot: int) -> Published | None:
    """What a slot's worker has published last; ``None`` if nothing, or nothing legible.

    Raises ``OSError`` if it can't be read now: taken for nothing, it would be lost to whoever adopts it.
    """
    try:
        fd = directory.open_file(name_of(slot))
    except OSError as error:
        if error.errno in SOMETHING_ELSE:
            return None
        raise
    with open(fd, "rb") as file:
        return decode(file.read())


def decreased(before: Node, after: Node, path: Path = ()) -> Iterator[Path]:
    """The integers that are smaller than they were."""
    if after.kind not in (Kind.LIST, Kind.PMF, Kind.METER):
        for key, old in before.data.items():
            new = after.data.get(key)
            if type(old) is int and type(new) is int and new < old:
                yield (*path, key)
    for key, child in after.children.items():
        if key in before.children and child.kind is before.children[key].kind:
            yield from decreased(before.children[key], child, (*path, key))


def negated(node: Node) -> Node:
    """What a forked child has to take off its figures: its parent counts them already."""
    if node.kind is Kind.LIST:
        return node
    children = {key: negated(child) for key, child in node.children.items()}
    data = {
        key: children[key].data if key in children else _negated(key, value)
        for key, value in node.data.items()
    }
    return Node(data, node.kind, children, node.collapsed)


def _negated(key: str, value: Any) -> Any:
    return -value if type(value) is int and key not in ("min", "max") else value
