"""The only importer of greplin.scales: reads its tree, whatever the application put there.

Scales' own containers write when they are read (``[]``, ``.get``), change while they are read
(``.items()``) or lose writes (``.copy()``). So nothing here calls a method of theirs: the plain dictionary
behind a container is copied in one step, and everything else works on the copy.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections import UserDict, defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from .ask import Asker
from .keys import texts_of_keys
from .snapshot import Kind, Node, Path, Problem

with warnings.catch_warnings():
    # Scales compares a string with "is not"; without a .pyc file that is a SyntaxWarning.
    warnings.simplefilter("ignore", SyntaxWarning)
    from greplin import scales
    from greplin.scales import StatContainer

__all__ = ["StatContainer", "live_root", "read"]

log = logging.getLogger(__name__)

MAX_DEPTH = 100
MAX_CONTAINERS = 200_000
MAX_CALLS = 10

_CONTAINERS = (dict, UserDict, list, tuple)
_PLAIN = frozenset((int, float, str, bool, type(None)))
_KINDS = {
    "greplin.scales.StatContainer": Kind.GROUP,
    "greplin.scales.PmfStatDict": Kind.PMF,
    "greplin.scales.NamedPmfDict": Kind.PMF_DICT,
    "greplin.scales.StateTimeStatDict": Kind.STATES,
    "greplin.scales.meter.MeterStatDict": Kind.METER,
    "greplin.scales.meter.MeterDict": Kind.METER_DICT,
}
_MOST_LOGGED = 1000

_logged: set[tuple[Path, str]] = set()
"""What has been logged once already; the tree belongs to the process, and so does its log."""


def live_root() -> StatContainer:
    """The root of the process's tree; another object after ``scales.reset()``, so never keep it."""
    return scales.getStats()


def read(path: Path = (), call: bool = True) -> tuple[Node, list[Problem]]:
    """A snapshot of the node at ``path`` and all below it, on a spine from the root.

    With ``call=False`` functions are left out instead of called. Keys beside the spine are left out, so the cost does not grow with the rest of the tree; a path
    that does not exist gives the spine up to its nearest ancestor. Never raises for what the
    application put into the tree: that is the second result.
    """
    with Asker() as asker:
        reader = _Reader(asker if call else None)
        root = reader.container(live_root(), (), path)
    return root, reader.problems


class _Unreadable(Exception):
    """A value that can't be shown; the message says why."""


class _Reader:
    """One walk over the tree."""

    def __init__(self, asker: Asker | None) -> None:
        self.problems: list[Problem] = []
        self._asker = asker
        self._above: set[int] = set()
        self._containers = 0

    def container(self, value: Any, path: Path, rest: Path) -> Node:
        """The node of a container at ``path``; of its keys only ``rest[0]``, if there is a rest.

        Raises :class:`_Unreadable` where there is no way in.
        """
        behind = _behind(value)
        self._enter(id(behind), path)
        try:
            kind = _kind_of(type(value))
            if isinstance(behind, (list, tuple)):
                return self._list(list(behind), path, rest)
            data = _copied(behind)
            if rest or not _is_plain(data):
                return self._dictionary(data, kind, path, rest, honours_collapse=isinstance(value, UserDict))
            return Node(data, kind)
        finally:
            self._above.discard(id(behind))

    def _enter(self, identity: int, path: Path) -> None:
        self._containers += 1
        if identity in self._above:
            raise _Unreadable("contains itself")
        if len(self._above) >= MAX_DEPTH:
            raise _Unreadable(f"is nested more than {MAX_DEPTH} levels below what is shown; open its own address")
        if self._containers > MAX_CONTAINERS:
            raise _Unreadable(f"left out: more than {MAX_CONTAINERS} containers on one page")
        self._above.add(identity)

    def _dictionary(self, data: dict[Any, Any], kind: Kind, path: Path, rest: Path, honours_collapse: bool) -> Node:
        node = Node({}, kind)
        texts, node.order = texts_of_keys(data)
        for text, value in zip(texts, data.values(), strict=True):
            if rest and text != rest[0]:
                continue
            self._put(node, text, value, path, rest[1:])
            child = node.children.get(text)
            if child is not None and honours_collapse and _is_collapsed(value):
                child.collapsed = True
                del node.data[text]
        return node

    def _list(self, items: Sequence[Any], path: Path, rest: Path) -> Node:
        if rest:
            # A list can't be partial: on the way to one item, its indexes are keys.
            return self._dictionary(dict(enumerate(items)), Kind.DICT, path, rest, honours_collapse=False)
        node = Node({}, Kind.LIST)
        for index, item in enumerate(items):
            self._put(node, str(index), item, path, ())
        node.data = list(node.data.values())
        return node

    def _put(self, node: Node, text: str, value: Any, path: Path, rest: Path) -> None:
        """Read one value into ``node``: as it is, as a child, as text, or as a problem."""
        here = (*path, text)
        try:
            if _is_function(value):
                if self._asker is None:
                    return
                value = _answer(self._asker, value)
                node.computed |= {text}
            if not isinstance(value, _CONTAINERS):
                node.data[text], mark = _leaf(value)
                if mark:
                    node.marks[text] = mark
                return
            node.children[text] = child = self.container(value, here, rest)
            node.data[text] = child.data
        except Exception as error:
            node.children.pop(text, None)
            node.data[text] = None
            node.marks[text] = "error"
            self._report(here, error)

    def _report(self, path: Path, error: Exception) -> None:
        reason = _reason(error)
        self.problems.append(Problem(path, reason))
        if (path, reason) not in _logged and len(_logged) < _MOST_LOGGED:
            _logged.add((path, reason))
            log.warning("the statistic %s could not be read: %s", "/".join(path), reason)


def _reason(error: Exception) -> str:
    if type(error).__module__.startswith(__package__):
        return str(error)
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except Exception:
        return type(error).__name__


def _answer(asker: Asker, function: Callable[[], Any]) -> Any:
    value: Any = function
    for _ in range(MAX_CALLS):
        value = asker.ask(value)
        if not _is_function(value):
            return value
    raise _Unreadable(f"returned a function {MAX_CALLS} times in a row")


def _behind(value: Any) -> Any:
    """The plain dictionary, list or tuple behind a container.

    ``data`` is read only once: behind our own live nodes it is made anew each time.
    """
    behind = value.data if isinstance(value, UserDict) else value
    if not isinstance(behind, (dict, list, tuple)):
        raise _Unreadable("has no dictionary behind it")
    return behind


def _copied(behind: dict[Any, Any]) -> dict[Any, Any]:
    """A copy in one step, which no other thread can divide; a subclass may iterate as it likes."""
    if type(behind) in (dict, defaultdict):
        return dict(behind)
    return dict(list(dict.items(behind)))


def _is_plain(data: dict[Any, Any]) -> bool:
    """Whether all keys are text and all values are what JSON holds, decided without a loop of ours."""
    values = data.values()
    return (
        list(map(type, data)).count(str) == len(data) and _PLAIN.issuperset(map(type, values)) and _fits(list(values))
    )


def _fits(values: Sequence[Any]) -> bool:
    """Whether no integer is so long that Python refuses to write it (above 4,300 digits)."""
    try:
        # The cheapest loop in C that refuses an integer beyond the range of a float.
        math.hypot(*values)
    except OverflowError:
        return False
    except TypeError:
        return all(type(value) is not int or value.bit_length() < 1024 for value in values)
    return True


def _leaf(value: Any) -> tuple[Any, str]:
    """What JSON shows of a leaf, and the name of its type where that is another."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = int(value)
        try:
            str(number)
        except ValueError:
            return hex(number), "int"
        return number, "" if type(value) is int else type(value).__name__
    if type(value) in _PLAIN:
        return value, ""
    if isinstance(value, float):
        return float(value), type(value).__name__
    if isinstance(value, str):
        return str.__str__(value), type(value).__name__
    return str.__str__(repr(value) if isinstance(value, bytes) else str(value)), type(value).__name__


def _is_function(value: Any) -> bool:
    """Whether scales would call it; a class is shown, not instantiated."""
    return callable(value) and not isinstance(value, (type, *_CONTAINERS))


def _is_collapsed(value: Any) -> bool:
    return isinstance(value, StatContainer) and bool(value.isCollapsed())


@lru_cache(maxsize=256)
def _kind_of(cls: type) -> Kind:
    """Known by name, since importing ``greplin.scales.meter`` would start a thread."""
    for base in cls.__mro__:
        kind = vars(base).get("kind")
        if isinstance(kind, Kind):
            return kind
        if f"{base.__module__}.{base.__name__}" in _KINDS:
            return _KINDS[f"{base.__module__}.{base.__name__}"]
    return Kind.LIST if issubclass(cls, (list, tuple)) else Kind.DICT
