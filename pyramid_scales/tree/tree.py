"""The only importer of greplin.scales: reads its tree, whatever the application put there.

Scales' own containers write when they are read (``[]``, ``.get``), change while they are read
(``.items()``) or lose writes (``.copy()``). So nothing here calls a method of theirs: the plain dictionary
behind a container is copied in one step, and everything else works on the copy.
"""

from __future__ import annotations

import logging
import warnings
from collections import UserDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..keys import name_of, with_text_keys
from ..snapshot import Kind, Node, Path, Problem
from .ask import Asker, Unanswered
from .plain import copied, is_plain, items_of, leaf, odd_keys, only

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


def read(path: Path = (), call: bool = True, without: type | None = None) -> tuple[Node, list[Problem]]:
    """A snapshot of the node at ``path`` and all below it, on a spine from the root.

    Keys beside the spine are left out, so the cost does not grow with the rest of the tree; a path that
    does not exist gives the spine up to its nearest ancestor. With ``call=False`` functions are left out
    instead of called, and so is what stands in the root and is of the type ``without``. Never raises for
    what the application put into the tree: that is the second result.
    """
    with Asker() as asker:
        reader = _Reader(asker if call else None, MAX_DEPTH + len(path))
        top = StatContainer() if without else live_root()
        if without:
            live = copied(live_root().data).items()
            top.data = {key: value for key, value in live if not issubclass(type(value), without)}
        return reader.root(top, path), reader.problems


class _Unreadable(Exception):
    """A value that can't be shown; the message says why."""


class _Reader:
    """One walk over the tree."""

    def __init__(self, asker: Asker | None, deepest: int) -> None:
        self.problems: list[Problem] = []
        self._asker = asker
        self._deepest = deepest
        self._above: set[int] = set()
        self._containers = 0

    def root(self, top: StatContainer, path: Path) -> Node:
        """The node of the root, with the spine to ``path``."""
        try:
            return self.container(top, _traits(StatContainer), (), path)
        except Exception as error:
            self._report((), error)
            return Node({}, Kind.GROUP)

    def container(self, value: Any, traits: _Traits, path: Path, rest: Path) -> Node:
        """The node of a container at ``path``; of its keys only ``rest[0]``, if there is a rest.

        Raises :class:`_Unreadable` where there is no way in.
        """
        # Read once: behind our own live nodes it is made anew each time.
        behind = value.data if traits.is_user_dict else value
        if type(behind) is dict and not rest and self._containers < MAX_CONTAINERS:
            data = dict(behind)
            if is_plain(data):
                self._containers += 1
                return Node(data, traits.kind)
        self._enter(id(behind))
        try:
            if isinstance(behind, dict):
                data = only(behind, rest[0]) if rest else copied(behind)
                return self._dictionary(data, traits, path, rest[1:])
            if isinstance(behind, (list, tuple)):
                return self._list(items_of(behind), path, rest)
            raise _Unreadable("has no dictionary behind it")
        finally:
            self._above.discard(id(behind))

    def _enter(self, identity: int) -> None:
        self._containers += 1
        if identity in self._above:
            raise _Unreadable("contains itself")
        if len(self._above) >= self._deepest:
            raise _Unreadable(
                f"is nested more than {MAX_DEPTH} levels below what is shown; open its own address"
            )
        if self._containers > MAX_CONTAINERS:
            raise _Unreadable(f"left out: more than {MAX_CONTAINERS} containers on one page")
        self._above.add(identity)

    def _dictionary(self, data: dict[Any, Any], traits: _Traits, path: Path, rest: Path) -> Node:
        data, order = with_text_keys(data)
        node = Node(data, traits.kind, order=order)
        for key in odd_keys(data):
            value = data[key]
            self._put(node, key, value, path, rest)
            # As in scales, what lies in a plain dictionary is not collapsed.
            if traits.is_user_dict and key in node.children and _is_collapsed(value):
                node.children[key].collapsed = True
                del data[key]
        return node

    def _list(self, items: Sequence[Any], path: Path, rest: Path) -> Node:
        if rest:
            # A list can't be partial: on the way to one item, its indexes are keys.
            entry = only(dict(enumerate(items)), rest[0])
            return self._dictionary(entry, _traits(dict), path, rest[1:])
        node = Node({}, Kind.LIST)
        for index, item in enumerate(items):
            self._put(node, str(index), item, path, ())
        node.data = list(node.data.values())
        return node

    def _put(self, node: Node, text: str, value: Any, path: Path, rest: Path) -> None:
        """Read one value into ``node``: as it is, as a child, as text, or as a problem."""
        try:
            traits = _traits(type(value))
            if traits.is_function:
                if self._asker is None:
                    node.data.pop(text, None)
                    return
                # Also where it fails: nobody else publishes what a function would have said.
                node.computed |= {text}
                value = _answer(self._asker, value)
                traits = _traits(type(value))
            if traits.is_container:
                node.children[text] = child = self.container(value, traits, (*path, text), rest)
                node.data[text] = child.data
                return
            node.data[text], mark = leaf(value)
            if mark:
                node.marks[text] = mark
        except (Exception, SystemExit) as error:
            node.children.pop(text, None)
            node.data[text] = None
            node.marks[text] = "error"
            self._report((*path, text), error)

    def _report(self, path: Path, error: BaseException) -> None:
        reason = _reason(error)
        self.problems.append(Problem(path, reason))
        if (path, reason) not in _logged and len(_logged) < _MOST_LOGGED:
            _logged.add((path, reason))
            log.warning("the statistic %s could not be read: %s", "/".join(path), reason)


def _reason(error: BaseException) -> str:
    if isinstance(error, (_Unreadable, Unanswered)):
        return str(error)
    name = name_of(type(error))
    try:
        return f"{name}: {error}"[:300]
    except (Exception, SystemExit):
        return name


def _answer(asker: Asker, function: Callable[[], Any]) -> Any:
    value: Any = function
    for _ in range(MAX_CALLS):
        value = asker.ask(value)
        if not _traits(type(value)).is_function:
            return value
    raise _Unreadable(f"returned a function {MAX_CALLS} times in a row")


def _is_collapsed(value: StatContainer) -> bool:
    try:
        return _traits(type(value)).can_collapse and bool(value.isCollapsed())
    except Exception:
        # A subclass without the flag that scales' own constructor sets.
        return False


class _Traits(NamedTuple):
    """What the type of a value says about it."""

    is_container: bool
    is_user_dict: bool
    can_collapse: bool
    is_function: bool
    kind: Kind


def _judged(cls: type) -> _Traits:
    is_container = issubclass(cls, _CONTAINERS)
    # Scales would call whatever can be called and JSON can't hold; a class is shown, not instantiated.
    calls = any("__call__" in vars(base) for base in cls.__mro__)
    is_function = calls and not is_container and not issubclass(cls, (type, str, int, float))
    return _Traits(
        is_container, issubclass(cls, UserDict), issubclass(cls, StatContainer), is_function, _kind_of(cls)
    )


# Asked once for each type: an ``isinstance`` of ``UserDict``, an abstract class, costs microseconds.
_traits: Callable[[type], _Traits] = lru_cache(maxsize=512)(_judged)


def _kind_of(cls: type) -> Kind:
    """Known by name, since importing ``greplin.scales.meter`` would start a thread."""
    for base in cls.__mro__:
        kind = vars(base).get("kind")
        if isinstance(kind, Kind):
            return kind
        if f"{base.__module__}.{base.__name__}" in _KINDS:
            return _KINDS[f"{base.__module__}.{base.__name__}"]
    return Kind.LIST if issubclass(cls, (list, tuple)) else Kind.DICT
