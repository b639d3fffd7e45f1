"""The filter language: what it finds, what it refuses, and that it changes nothing."""

from __future__ import annotations

from typing import Any

import awkward
import pytest
from greplin import scales
from hypothesis import example, given
from hypothesis import strategies as st
from snapshots import with_children

from pyramid_scales import renderers
from pyramid_scales.query import GRAMMAR, LONGEST, MOST_TERMS, BadQuery, Term, parse, select
from pyramid_scales.snapshot import Kind, Node, Path
from pyramid_scales.tree import tree

NAN = float("nan")


def made(value: Any, kind: Kind = Kind.GROUP) -> Node:
    """The node of a nested plain dictionary."""
    items = enumerate(value) if isinstance(value, list) else value.items()
    children = {str(key): made(item) for key, item in items if isinstance(item, (dict, list))}
    if isinstance(value, list):
        data = [
            children[str(index)].data if str(index) in children else item for index, item in enumerate(value)
        ]
        return Node(data, Kind.LIST, children)
    return Node(
        {key: children[key].data if key in children else item for key, item in value.items()}, kind, children
    )


TREE = {
    "n": 3,
    "zero": 0,
    "none": None,
    "f": 2.5,
    "flag": True,
    "off": False,
    "title": "Moby Dick",
    "empty": "",
    "nan": NAN,
    "inf": float("inf"),
    "big": 10**20,
    "text5": "5",
    "a/b": 7,
    "a b": 8,
    "x>y": 9,
    "pmf": {"count": 5, "median": 0.2, "99percentile": 0.9},
    "routes": {
        "shop": {"latency": {"99percentile": 0.6, "count": 10}, "rate": {"m1": 2}},
        "home": {"latency": {"99percentile": 0.1, "count": 99}, "rate": {"m1": 5}},
    },
    "codes": {"200": 5, "404": 1},
    "list": [1, 2, {"n": 9}],
    "nothing": {},
    "and": {"and": 1},
}


def find(query: str, node: Node | None = None, path: Path = ()) -> Any:
    return select(node or made(TREE), path, parse(query)).data


SEMANTICS: list[tuple[str, Any]] = [
    # A name is a key, at any level.
    ("n", {"n": 3, "list": {"2": {"n": 9}}}),
    ("pmf", {"pmf": TREE["pmf"]}),
    ("m1", {"routes": {"shop": {"rate": {"m1": 2}}, "home": {"rate": {"m1": 5}}}}),
    ("nothing", {"nothing": {}}),
    ("none", {"none": None}),
    ("nosuch", {}),
    ("N", {}),
    ("title", {"title": "Moby Dick"}),
    ("  n  ", {"n": 3, "list": {"2": {"n": 9}}}),
    # Operators, the longest first.
    ("n<=3", {"n": 3}),
    ("n<3", {}),
    ("n>=3", {"n": 3, "list": {"2": {"n": 9}}}),
    ("n>3", {"list": {"2": {"n": 9}}}),
    ("n=3", {"n": 3}),
    ("n==3", {"n": 3}),
    ("n!=3", {"list": {"2": {"n": 9}}}),
    ("n  >=   4", {"list": {"2": {"n": 9}}}),
    # Zero, None and the like are values as others are.
    ("zero=0", {"zero": 0}),
    ("zero>1", {}),
    ("zero<1", {"zero": 0}),
    ("none>1", {}),
    ("none=null", {"none": None}),
    ("none!=null", {}),
    ("none<nuts", {}),
    ("none!=3", {"none": None}),
    ('empty=""', {"empty": ""}),
    ('empty!=""', {}),
    # Numbers as numbers, whatever their type.
    ("n>2.5", {"n": 3, "list": {"2": {"n": 9}}}),
    ("n=3.0", {"n": 3}),
    ("f=2.50", {"f": 2.5}),
    ("f>2", {"f": 2.5}),
    ("f<1e1", {"f": 2.5}),
    ("f>-1", {"f": 2.5}),
    ("f>.5", {"f": 2.5}),
    ("f>+2", {"f": 2.5}),
    ("big=100000000000000000000", {"big": 10**20}),
    ("big>99999999999999999999", {"big": 10**20}),
    ("n>10", {}),
    ("count>10", {"routes": {"home": {"latency": {"count": 99}}}}),
    ("n=three", {}),
    ("n!=three", {"n": 3, "list": {"2": {"n": 9}}}),
    ("n<three", {}),
    ("inf>1e308", {"inf": float("inf")}),
    ("inf=inf", {"inf": float("inf")}),
    ("nan>0", {}),
    ("nan<=0", {}),
    ("n<nan", {}),
    # Booleans as booleans; they have no order.
    ("flag=true", {"flag": True}),
    ("flag=True", {"flag": True}),
    ("flag=false", {}),
    ("flag=False", {}),
    ("off=False", {"off": False}),
    ("off!=true", {"off": False}),
    ("flag=1", {}),
    ("off<1", {}),
    ("flag>=true", {}),
    # The rest as text.
    ('title="Moby Dick"', {"title": "Moby Dick"}),
    ("title=Moby Dick", {"title": "Moby Dick"}),
    ("title=moby", {}),
    ("title>A", {"title": "Moby Dick"}),
    ("text5=5", {"text5": "5"}),
    ("text5=5.0", {}),
    ("text5>10", {"text5": "5"}),
    # Whatever has children is descended into; a comparison with it does not hold, and does not fail.
    ("pmf>1", {}),
    ("routes!=1", {}),
    ("list=1", {}),
    ("99percentile>=0.9", {"pmf": {"99percentile": 0.9}}),
    ("200", {"codes": {"200": 5}}),
    ("200>4", {"codes": {"200": 5}}),
    ("codes/*=1", {"codes": {"404": 1}}),
    # A list has indexes.
    ("list/0", {"list": {"0": 1}}),
    ("list/*>1", {"list": {"1": 2}}),
    ("list/2/n", {"list": {"2": {"n": 9}}}),
    # Wildcards.
    ("?00", {"codes": {"200": 5}}),
    ("t*5", {"text5": "5"}),
    ("4*", {"codes": {"404": 1}}),
    ("*1>4", {"routes": {"home": {"rate": {"m1": 5}}}}),
    ("c[o]des", {"codes": TREE["codes"]}),
    # Paths of keys.
    ("shop/rate/m1", {"routes": {"shop": {"rate": {"m1": 2}}}}),
    ("*/rate/m1 > 2", {"routes": {"home": {"rate": {"m1": 5}}}}),
    ("routes/*/latency/99percentile > 0.5", {"routes": {"shop": {"latency": {"99percentile": 0.6}}}}),
    ("latency/nosuch", {}),
    ("rate/99percentile", {}),
    # Quotes.
    ('"a b"', {"a b": 8}),
    ("a b", {"a b": 8}),
    ('"x>y" > 8', {"x>y": 9}),
    ("a/b", {"a/b": 7}),
    ('"and"', {"and": {"and": 1}}),
    # Terms joined with and.
    ("n > 2 and n < 5", {"n": 3}),
    ("n > 5 and n < 3", {}),
    ("n and f", {"n": 3, "f": 2.5}),
    ("n and nosuch", {}),
    ("n = 3 and f > 9", {}),
    (
        "routes/*/latency/99percentile > 0.5 and routes/*/rate/m1 > 1",
        {"routes": {"shop": {"latency": {"99percentile": 0.6}, "rate": {"m1": 2}}}},
    ),
    ("routes/*/latency/99percentile > 0.5 and routes/*/rate/m1 > 3", {}),
    ("codes/200 > 1 and codes/404 > 0", {"codes": {"200": 5, "404": 1}}),
]


@pytest.mark.parametrize(("query", "expected"), SEMANTICS, ids=[query for query, _ in SEMANTICS])
def test_a_query_finds(query: str, expected: Any) -> None:
    assert find(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        ">",
        "> 5",
        "n >",
        "n > ",
        "n > 1 > 2",
        "n = = 3",
        "=",
        "!=",
        "and",
        "n and",
        "and n",
        "n and and f",
        '"',
        'n = "open',
        "n > 1 and",
        '"unclosed and n',
        "<script>",
    ],
)
def test_a_malformed_query_is_refused(query: str) -> None:
    with pytest.raises(BadQuery):
        parse(query)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("> 1", "A term of the query lacks its name."),
        ("n > 1 and", "A term of the query lacks its name."),
        ("n >=", "The query lacks a value behind >=."),
        ("1 < n < 5", "A term has several operators (< <). Join terms with and."),
        ('n = "a b" and  "c', "A quotation mark of the query is never closed."),
    ],
)
def test_what_is_wrong_with_a_query_is_said(query: str, wrong: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(query)
    assert str(caught.value) == wrong


def test_the_example_of_the_grammar_is_a_query() -> None:
    assert len(parse(GRAMMAR[-1].removeprefix("Example: "))) == 2


def test_a_query_longer_than_people_write_is_refused() -> None:
    assert parse("n" * 1000)
    with pytest.raises(BadQuery, match="longer than 1000 characters"):
        parse("n" * 1001)


def test_a_query_of_more_terms_than_people_write_is_refused() -> None:
    # 160 terms fit into the longest query, and take ten seconds in a tree of ten thousand statistics.
    assert len(parse(" and ".join(["*"] * MOST_TERMS))) == MOST_TERMS
    with pytest.raises(BadQuery, match=f"more than {MOST_TERMS} terms"):
        parse(" and ".join(["*"] * (MOST_TERMS + 1)))


def test_quotes_keep_what_is_between_them() -> None:
    assert parse(r'"a \"b\" \\ > c" >= " x "') == (Term(r'a "b" \ > c', ">=", " x "),)
    assert parse('"line\nbreak"') == (Term("line\nbreak"),)


def test_a_collapsed_container_is_opened_by_a_query() -> None:
    hidden = Node({"n": 1}, collapsed=True)
    root = with_children({"m": 2}, {"hidden": hidden})
    assert root.data == {"m": 2}
    assert find("hidden", root) == {"hidden": {"n": 1}}
    assert find("n", root) == {"hidden": {"n": 1}}
    assert not select(root, (), parse("n")).children["hidden"].collapsed
    assert hidden.collapsed
    assert root.data == {"m": 2}


def test_a_path_of_keys_may_begin_above_what_is_shown() -> None:
    inner = made(TREE).children["routes"].children["shop"]
    assert find("routes/shop/rate/m1", inner, ("routes", "shop")) == {"rate": {"m1": 2}}
    assert find("routes/home/rate/m1", inner, ("routes", "shop")) == {}


def test_types_marks_and_order_stay_with_what_was_found() -> None:
    root = Node(
        {"price": "1.50", "x": 1, "5": 2},
        Kind.DICT,
        {},
        False,
        {"price": "Decimal"},
        frozenset({"x"}),
        {"5": ("int", 5)},
    )
    found = select(root, (), parse("price"))
    assert (found.kind, found.marks, found.computed, found.order) == (
        Kind.DICT,
        root.marks,
        root.computed,
        root.order,
    )


words = st.sampled_from(
    [
        "n",
        "zero",
        "*",
        "?",
        "[",
        "[!",
        "[z-a]",
        "[]",
        "*n*",
        "a/b",
        "routes/*/rate",
        "list/2/n",
        "and",
        '"',
        '"a b"',
        "<",
        "<=",
        "=",
        "==",
        "!=",
        ">=",
        ">",
        "!",
        "0",
        "3",
        "-1",
        "2.5",
        "1e999",
        "nan",
        "true",
        "null",
        "\\",
        "\n",
    ]
)
queries = st.text(max_size=30) | st.lists(words | awkward.texts, max_size=8).map(" ".join)


def parsed(query: str) -> tuple[Term, ...] | None:
    try:
        return parse(query)
    except BadQuery:
        return None


@given(queries | st.text(min_size=LONGEST - 5, max_size=LONGEST + 5))
@example("[z-a]")
@example('"' * 1000)
@example("a and " * 160)
def test_any_text_is_a_query_or_a_bad_one(query: str) -> None:
    terms = parsed(query)
    assert terms is None or all(term.name or '"' in query for term in terms)


trees = st.recursive(
    awkward.leaves | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["n", "zero", "a", "a/b", "list"]) | awkward.keys, inner)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["n", "zero", "a", "routes", "list", "x"]), trees, max_size=4), queries
)
@example({"n": {"n": {"n": 3}}}, "n")
@example({"a/b": {"a": {"b": 1}}}, "a/b")
@example(TREE, "* > 1 and */* and n")
def test_a_query_changes_nothing_and_finds_the_same_in_what_it_found(
    data: dict[str, Any], query: str
) -> None:
    terms = parsed(query)
    if terms is None:
        return
    scales.getStats().data.clear()
    scales.getStats().data["tree"] = data
    node = tree.read(("tree",))[0]
    before = repr(node)
    found = select(node, (), terms)
    assert repr(node) == before
    again = select(found, (), terms)
    assert renderers.to_json(again.data) == renderers.to_json(found.data)


def paths(node: Node, path: Path = ()) -> set[Path]:
    found = {(*path, key) for key in node.keys()}  # noqa: SIM118 (a node is no mapping)
    return found.union(*(paths(child, (*path, key)) for key, child in node.children.items()))


@given(queries)
def test_what_a_query_finds_was_there_before(query: str) -> None:
    terms = parsed(query)
    if terms is not None:
        whole = made(TREE)
        assert paths(select(whole, (), terms)) <= paths(whole)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [("1E3", 1000, True), ("INF", float("inf"), True), ("\N{ARABIC-INDIC DIGIT ONE}", 1, False)],
)
def test_numbers_are_written_in_either_case_and_in_ascii(text, value, holds):
    assert Term("n", "=", text).holds(value) is holds
