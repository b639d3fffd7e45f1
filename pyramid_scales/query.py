"""The filter language: which part of a tree is shown.

``NAME`` or ``NAME OP VALUE``, several joined with ``and``. A query is parsed once and then applied to a
node; both are pure. Terms of one query speak of the same place: the segments that all their names begin
with must be the same keys, so ``routes/*/rate/m1 > 1 and routes/*/latency/mean > 0.5`` finds busy routes
that are slow, not slow routes where some other one is busy.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from functools import lru_cache
from itertools import takewhile
from typing import Any

from .keys import text_of_key
from .lookup import leaf_of
from .snapshot import Kind, Node, Path

GRAMMAR = (
    "A query is NAME or NAME OPERATOR VALUE; several are joined with the word and.",
    "NAME is a key or a path of keys; * and ? are wildcards. OPERATOR is one of < <= = == != >= >.",
    "VALUE is a number or a text. Put what holds spaces or operators into double quotation marks.",
    "Example: routes/*/latency/99percentile > 0.5 and routes/*/rate/m1 > 1",
)
LONGEST = 1000
MOST_TERMS = 10  # the time for a query is that of its terms added up

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}

_TOKEN = re.compile(
    r"""\s*(?:
        "(?P<quoted>(?:[^"\\]|\\.)*)"
        | (?P<operator><=|>=|==|!=|<|>|=)
        | (?P<word>(?:[^\s"<>=!]|!(?!=))+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan", re.IGNORECASE | re.ASCII)


class BadQuery(ValueError):
    """The query says nothing. The message says what is wrong; :data:`GRAMMAR`, what would be right."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: a name, and what must hold for the value there (nothing, without an operator)."""

    name: str
    compare: str = ""
    value: str = ""

    def holds(self, value: Any) -> bool:
        """Whether a value is as wanted: numbers as numbers, booleans and null as such, the rest as text."""
        if not self.compare:
            return True
        compare = OPERATORS[self.compare]
        differs = compare is operator.ne
        if value is None or isinstance(value, bool):
            # They have no order.
            is_equality = compare in (operator.eq, operator.ne)
            return is_equality and compare(text_of_key(value), self.value.lower())
        if isinstance(value, (int, float)):
            wanted = _number(self.value)
            return differs if wanted is None else compare(value, wanted)
        return compare(text_of_key(value), self.value)


def parse(text: str) -> tuple[Term, ...]:
    """The terms of a query. Raises :class:`BadQuery`."""
    if len(text) > LONGEST:
        raise BadQuery(f"The query is longer than {LONGEST} characters.")
    terms = tuple(_term(tokens) for tokens in _split_at_and(_tokens(text)))
    if len(terms) > MOST_TERMS:
        raise BadQuery(f"The query has more than {MOST_TERMS} terms.")
    return terms


def select(node: Node, path: Path, terms: Sequence[Term]) -> Node:
    """What of ``node`` (which stands at ``path``) the terms find, with the levels above it; perhaps nothing.

    A name without an operator finds containers whole, collapsed ones too.
    """
    kept: set[Path] = set()
    for names in _readings(terms):
        shared = _common_start([segments[:-1] for segments in names])
        rests = [segments[len(shared) :] for segments in names]
        for here, container in _containers(node, ()):
            if _ends_with(path + here, shared):
                kept |= {here + below for below in _found_below(container, terms, rests)}
    return _pruned(node, kept)


def _common_start(paths: Sequence[Path]) -> Path:
    """The longest path that all of them begin with."""
    same = takewhile(lambda segments: len(set(segments)) == 1, zip(*paths, strict=False))
    return tuple(segments[0] for segments in same)


def _readings(terms: Sequence[Term]) -> set[tuple[Path, ...]]:
    """The names as paths of keys; and, since a key may hold a slash, as one key each."""
    return {tuple(tuple(term.name.split("/")) for term in terms), tuple((term.name,) for term in terms)}


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadQuery("A quotation mark of the query is never closed.")
        kind = match.lastgroup or ""
        value = match.group(kind)
        yield kind, re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) if kind == "quoted" else value
        position = match.end()


def _split_at_and(tokens: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    term: list[tuple[str, str]] = []
    for token in tokens:
        if token == ("word", "and"):
            yield term
            term = []
        else:
            term.append(token)
    yield term


def _term(tokens: list[tuple[str, str]]) -> Term:
    operators = [text for kind, text in tokens if kind == "operator"]
    if len(operators) > 1:
        raise BadQuery(f"A term has several operators ({' '.join(operators)}). Join terms with and.")
    place = tokens.index(("operator", operators[0])) if operators else len(tokens)
    name = " ".join(text for _, text in tokens[:place])
    value = " ".join(text for _, text in tokens[place + 1 :])
    if place == 0:
        raise BadQuery("A term of the query lacks its name.")
    if operators and not tokens[place + 1 :]:
        raise BadQuery(f"The query lacks a value behind {operators[0]}.")
    return Term(name, operators[0] if operators else "", value)


def _number(text: str) -> int | float | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return int(text)
    except ValueError:
        return float(text)


def _containers(node: Node, here: Path) -> Iterator[tuple[Path, Node]]:
    yield here, node
    for key, child in node.children.items():
        yield from _containers(child, (*here, key))


def _ends_with(path: Path, segments: Path) -> bool:
    tail = path[len(path) - len(segments) :]
    return len(tail) == len(segments) and all(map(_matches, tail, segments))


def _found_below(container: Node, terms: Sequence[Term], names: Sequence[Path]) -> set[Path]:
    """The paths below ``container`` that are kept there; none unless every term finds one.

    A path that several terms name must hold for each of them, so that ``n > 1 and n < 5`` is a range.
    """
    found = [
        {path: _holds_at(holder, path[-1], term) for path, holder in _at(container, name)}
        for term, name in zip(terms, names, strict=True)
    ]
    refused = {path for paths in found for path, holds in paths.items() if not holds}
    kept = [paths.keys() - refused for paths in found]
    return set().union(*kept) if all(kept) else set()


def _at(node: Node, segments: Path) -> Iterator[tuple[Path, Node]]:
    """(path, the container that holds its last key) for each path below ``node`` like ``segments``."""
    is_last = len(segments) == 1
    for key in _keys_like(node, segments[0], with_leaves=is_last):
        if is_last:
            yield (key,), node
        else:
            for path, holder in _at(node.children[key], segments[1:]):
                yield (key, *path), holder


def _keys_like(node: Node, pattern: str, with_leaves: bool) -> list[str]:
    if pattern in (node if with_leaves else node.children):
        return [pattern]
    if not _is_glob(pattern):
        return []
    return [key for key in (node.keys() if with_leaves else node.children) if _matches(key, pattern)]


def _holds_at(holder: Node, key: str, term: Term) -> bool:
    return not term.compare if key in holder.children else term.holds(leaf_of(holder, key).value)


def _is_glob(pattern: str) -> bool:
    return any(character in pattern for character in "*?[")


def _matches(key: str, pattern: str) -> bool:
    return key == pattern or (_is_glob(pattern) and _compiled(pattern).match(key) is not None)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def _pruned(node: Node, kept: set[Path]) -> Node:
    """A copy of ``node`` that holds the kept paths and what leads to them."""
    above = {path[:length] for path in kept for length in range(len(path))}

    def copy(node: Node, here: Path) -> Node:
        # What is left of a list has lost its indexes, so they become keys.
        kind = Kind.DICT if node.kind is Kind.LIST else node.kind
        result = Node({}, kind, marks=node.marks, computed=node.computed, order=node.order)
        for key in node.keys():  # noqa: SIM118 (a Node is no dictionary)
            path = (*here, key)
            if path in kept or path in above:
                _put(result, node, key, None if path in kept else copy(node.children[key], path))
        return result

    return copy(node, ())


def _put(result: Node, node: Node, key: str, pruned: Node | None) -> None:
    child = pruned or node.children.get(key)
    if child is not None and child.collapsed:
        child = replace(child, collapsed=False)
    if child is None:
        result.data[key] = node.leaf(key)
    else:
        result.children[key] = child
        result.data[key] = child.data
