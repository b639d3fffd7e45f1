"""Our figures in the scales tree of the process, for all who read that tree: nodes that compute at each read.

Scales' consumers read a container in ways of their own: its JSON takes ``.data``, its Graphite pusher
``.items()``, its HTML ``.keys()`` and ``[]``, its query asks for a ``StatContainer`` or ``dict``. So each of
these answers from one snapshot, down to the leaves; and nothing a consumer does can write.

The tree holds the figures of this process alone, also where workers share a directory: a consumer that
sums over workers must not count everything once for each of them.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, ItemsView, Iterator, KeysView, ValuesView
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count, takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from ..figures.request_tree import as_tree, mark_kinds
from ..snapshot import Kind, Node, Path, Requests
from . import process, tree

if TYPE_CHECKING:
    from ..recording.recorder import Recorder

NAME = "pyramid"
"""Where the first application of a process stands in the tree; the next one is ``pyramid-2``."""

log = logging.getLogger(__name__)


class Live(tree.StatContainer):
    """A container that can't be written; what it holds is computed by ``read`` whenever it is read."""

    kind = Kind.GROUP

    def __init__(self, *, read: Callable[[], dict[str, Any]]) -> None:
        # Not the constructor of UserDict: it would set ``data``.
        self.setCollapsed(False)
        self._read = read

    @property
    def data(self) -> dict[str, Any]:
        """A snapshot, down to the leaves; it belongs to whoever asked."""
        return self._read()

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def get(self, key: str, default: Any = None) -> Any:
        """As of a dictionary, as all that follow."""
        return self.data.get(key, default)

    def keys(self) -> KeysView[str]:
        """The keys of one snapshot."""
        return self.data.keys()

    def values(self) -> ValuesView[Any]:
        """The values of one snapshot."""
        return self.data.values()

    def items(self) -> ItemsView[str, Any]:
        """The items of one snapshot."""
        return self.data.items()

    def copy(self) -> dict[str, Any]:
        """A plain dictionary; scales' own way to copy would take ``data`` out of the container meanwhile."""
        return self.data

    __copy__ = copy

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (self.data,)

    def __or__(self, other: Any) -> Any:
        return self.data | dict(other)

    def __ror__(self, other: Any) -> Any:
        return dict(other) | self.data

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("the figures of pyramid_scales can't be written")

    __setitem__ = __delitem__ = __ior__ = _refuse


class LiveGauges(Live):
    """One whose numbers rise and fall."""

    kind = Kind.GAUGES


class Branch(tree.StatContainer):
    """What stands in the root of the tree: an ordinary container, to which others may add, with our two.

    It does not keep its application alive.
    """

    def __init__(self, *, owner: weakref.ref[Mount], **children: Live) -> None:
        super().__init__()
        self.owner = owner
        self.data.update(children)


class Mount:
    """The place of one application in the tree; the tree itself holds it weakly, the application keeps it."""

    def __init__(self, recorder: Recorder | None) -> None:
        self.name = NAME
        """The key in the root of the tree."""
        self.note = ""
        """A sentence about the name, where it is not the usual one."""
        self._recorder = recorder
        self._shown = threading.local()
        self._failed = False
        owner = weakref.ref(self)
        children: dict[str, Live] = {}
        if recorder is not None:
            children["requests"] = Live(read=lambda: _requests(owner()))
        self._branch = Branch(owner=owner, **children, process=LiveGauges(read=process.read))

    def ensure(self) -> None:
        """Be in the tree; after ``scales.reset()``, or when somebody took our place, be there again.

        Costs one look into a dictionary, so it may be called at each read and now and then by writers.
        """
        if tree.live_root().data.get(self.name) is not self._branch:
            self._enter(tree.live_root().data)

    def inward(self, path: Path) -> Path:
        """Where in the process's tree that stands which this application's page calls ``path``."""
        return (self.name, *path[1:]) if path[:1] == (NAME,) and self._is_renamed() else path

    def outward(self, root: Node) -> Node:
        """The tree as this application's page shows it: no other's figures, and ours at ``pyramid``."""
        live, is_renamed = tree.live_root().data, self._is_renamed()
        names = takewhile(live.__contains__, chain([NAME], (f"{NAME}-{number}" for number in count(2))))
        others = [name for name in names if isinstance(live[name], Branch) and name != self.name]

        def shown(below: dict[str, Any]) -> dict[str, Any]:
            kept = {name: value for name, value in below.items() if name not in others}
            return {NAME if is_renamed and name == self.name else name: kept[name] for name in kept}

        ours = root.children.get(self.name)
        if ours is not None and "requests" in ours.children:
            mark_kinds(ours.children["requests"])
        return replace(root, data=shown(root.data), children=shown(root.children))

    def _is_renamed(self) -> bool:
        """Is ``pyramid`` another application's? (If it is a statistic, that keeps its name on our page.)"""
        return self.name != NAME and isinstance(tree.live_root().data.get(NAME), Branch)

    @contextmanager
    def showing(self, requests: Requests | None) -> Iterator[None]:
        """While it lasts, this thread reads these requests in the tree; ``None``: what there is then.

        So all parts of a page agree, and the recorder is read once.
        """
        self._shown.requests = requests
        try:
            yield
        finally:
            self._shown.requests = None

    def requests(self) -> dict[str, Any]:
        """What stands at ``requests``; nothing, and one line in the log, if that should ever fail."""
        if self._recorder is None:
            return {}
        try:
            return as_tree(getattr(self._shown, "requests", None) or self._recorder.requests())
        except Exception:
            if not self._failed:
                self._failed = True
                log.exception("the figures of requests could not be computed for the scales tree")
            return {}

    def forget_requests(self) -> None:
        """Show none: nothing records them after all, and zeros would look as if none had come."""
        self._recorder = None
        self._branch.data.pop("requests", None)

    def _enter(self, root: dict[Any, Any]) -> None:
        """Take our former name if it is free, else the first free one.

        No lock, which a fork could leave locked for ever: ``setdefault`` is one step, and the branch of an
        application that is gone is replaced in place, so that no reader sees the tree change its size.
        """
        names = chain([self.name, NAME], (f"{NAME}-{number}" for number in count(2)))
        for name in names:  # pragma: no branch (there are more names than applications)
            found = root.setdefault(name, self._branch)
            if isinstance(found, Branch) and found.owner() is None:
                found = root[name] = self._branch
            if found is self._branch:
                self._called(name, root.get(NAME))
                return

    def _called(self, name: str, first: object) -> None:
        self.name, former = name, self.note
        self.note = (
            "" if name == NAME else _note(name, theirs=first is not None and not isinstance(first, Branch))
        )
        if self.note and self.note != former:
            log.info(self.note)


def _note(name: str, theirs: bool) -> str:
    whose = "a statistic of its own" if theirs else "another application of this process"
    return f"In the scales tree this application stands at {name!r}: {NAME!r} is taken by {whose}."


def applications() -> int:
    """How many applications of this process stand in its tree."""
    root = tree.live_root().data
    names = takewhile(root.__contains__, chain([NAME], (f"{NAME}-{number}" for number in count(2))))
    return sum(isinstance(root[name], Branch) and root[name].owner() is not None for name in names)


def attach(recorder: Recorder | None) -> Mount:
    """Put an application into the tree of its process; without a recorder, only the process's figures.

    The application must keep what is returned: the tree does not, and forgets an application that is gone.
    """
    mount = Mount(recorder)
    mount.ensure()
    return mount


def _requests(mount: Mount | None) -> dict[str, Any]:
    return {} if mount is None else mount.requests()
