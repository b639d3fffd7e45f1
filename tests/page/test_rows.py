"""The tree as flat rows."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paging import ADDRESS
from snapshots import PMF, node, with_children

from pyramid_scales.page import rows
from pyramid_scales.page.gather import gather
from pyramid_scales.snapshot import Kind, Node

NAMELESS = "&#34;&#34;"


def levels(root, path=(), closed=frozenset(), **plan):
    found = gather(root, path, closed)
    return list(rows.levels(found, path, rows.Plan(ADDRESS, **{"suffix": "", **plan})))


def outline(root, **more):
    """Names and levels, nested by the ends."""
    text = ""
    for level in levels(root, **more):
        text += ")" if level is rows.END else f"{level.key}{'^' if level.link else '('}"
    return text.replace(NAMELESS, "_")


def test_containers_nest_in_the_order_of_their_keys():
    root = node({}, b=node({}, d=node({}), c=node({})), a=node({}))
    assert outline(root) == "_(a()b(c()d()))"


def test_a_collapsed_container_is_a_link_unless_it_was_asked_for():
    closed = Node({"x": 1}, collapsed=True)
    assert outline(node({}, closed=closed, open=node({}))) == "_(closed^open())"
    assert [level.link for level in levels(closed, ("closed",))] == [False, False]


def test_what_is_shown_elsewhere_is_a_link():
    root = node({}, own=node({}, below=node({})), other=node({}))
    assert outline(root, closed=frozenset([("own",)])) == "_(other()own^)"


def test_keys_are_sorted_by_type_and_numbers_by_value():
    order = {"10": ("int", 10), "9": ("int", 9), "None": ("NoneType", None)}
    codes = Node({"b": 1, "10": 1, "a": 1, "9": 1, "None": 1}, Kind.DICT, order=order)
    assert list(levels(codes)[0].leaves.names) == ["None", "9", "10", "a", "b"]
    many = Node(list(range(12)), Kind.LIST)
    assert list(levels(many)[0].leaves.names) == [str(index) for index in range(12)]


def test_addresses_begin_with_the_container_and_end_with_what_links_keep():
    root = node({}, a=with_children({"b c": 1}, {"d/e": node({"": 2})}))
    found = levels(root, suffix="?scope=worker&refresh=5")
    row = ("<", ">", "", "", "")
    assert found[1].href == "/scales/a/?scope=worker&amp;refresh=5"
    assert found[1].leaves.laid(row, ("", "", "")).startswith("</scales/a/b%20c/?scope=worker&amp;refresh=5>")
    assert found[2].href == "/scales/a/d~1e/?scope=worker&amp;refresh=5"
    assert found[2].leaves.laid(row, ("", "", "")).startswith("</scales/a/d~1e/~2/?")


def test_a_part_of_the_tree_has_the_same_addresses():
    root = node({}, a=node({}, b=node({"c": 1})))
    whole = levels(root)
    part = levels(root.children["a"].children["b"], ("a", "b"))
    assert part[0].href == whole[2].href == "/scales/a/b/"


def test_small_groups_are_open_and_distributions_and_long_ones_folded():
    long = Node({f"k{number}": number for number in range(100)}, Kind.DICT)
    root = node({}, long=long, short=Node({"a": 1}, Kind.DICT), pmf=Node(dict(PMF), Kind.PMF))
    opened = {level.key: level.open for level in levels(root) if level is not rows.END}
    assert opened == {NAMELESS: True, "long": False, "short": True, "pmf": False}
    assert all(level.open for level in levels(root, unfold=True) if level is not rows.END)


def test_forty_values_are_not_too_many_to_be_open():
    root = node(
        {}, a=Node(dict.fromkeys(map(str, range(40)), 0)), b=Node(dict.fromkeys(map(str, range(41)), 0))
    )
    assert {level.key: level.open for level in levels(root) if level is not rows.END} == {
        NAMELESS: True,
        "a": True,
        "b": False,
    }


def test_what_a_page_is_about_is_open_however_long():
    assert levels(Node(dict.fromkeys(map(str, range(41)), 0)))[0].open


def test_on_the_page_of_a_few_distributions_they_are_open():
    few = {f"p{number}": Node(dict(PMF), Kind.PMF) for number in range(3)}
    opened = [level.open for level in levels(node({}, **few), ("web",)) if level is not rows.END]
    assert opened == [True, True, True, True]
    for amount, is_few in [(12, True), (13, False)]:
        some = {f"p{number}": Node(dict(PMF), Kind.PMF) for number in range(amount)}
        opened = [level.open for level in levels(node({}, **some), ("web",)) if level is not rows.END]
        assert opened == [True] + [is_few] * amount
    below = node({}, inner=node({}, p=Node(dict(PMF), Kind.PMF)))
    assert [level.open for level in levels(below, ("web",)) if level is not rows.END] == [True, True, False]


def test_levels_far_down_are_closed():
    root = node({"x": 1})
    for _ in range(6):
        root = node({}, below=root)
    opened = [level.open for level in levels(root) if level is not rows.END]
    assert opened == [True, True, True, True, False, False, False]


def test_hundreds_of_levels_are_no_matter():
    root = node({"x": 1})
    for _ in range(900):
        root = node({}, below=root)
    assert len(levels(root)) == 2 * 901


def test_what_is_approximate_is_marked():
    root = node({}, a=node({}), b=node({}))
    marked = levels(root, approximate=frozenset([("b",)]))
    assert [level.key for level in marked if level.approximate] == ["b"]


def test_every_text_of_the_application_is_escaped():
    bad = "<\"'&>"
    root = with_children({bad: bad, "gone": None}, {bad + "/": node({bad: 1})})
    root.marks.update({bad: bad, "gone": "error"})
    for level in levels(root):
        texts = [level.key, level.href, level.digest]
        if level.leaves:
            texts.append(level.leaves.laid((" ", " ", " ", " ", " "), (" ", " ", " ")))
        assert not set("".join(texts)) & set("<\"'>")


def test_a_value_that_could_not_be_read_says_so():
    found = levels(Node({"gone": None}, marks={"gone": "error"}))[0].leaves
    assert (list(found.types), list(found.exact)) == (["error"], ["could not be read"])


def gathered(root, path=()):
    return gather(root, path)


def test_bare_values_come_in_the_order_of_the_rows():
    root = node({"b": 2, "a": 0.5}, c=Node({"idle": 0.25}, Kind.STATES), d=Node({"x": 1}, collapsed=True))
    assert pieces(root) == [0.5, 2, "1 entry", {"0.25": "250\xa0ms"}]


def test_of_the_process_comes_what_people_read_also_where_that_is_nothing():
    process = {"pid": 123456, "rss_bytes": 2048, "start_time_seconds": 1764042345.5, "version": "\ud800"}
    root = Node({}, children={"pyramid": Node({}, children={"process": Node(process)})})
    assert pieces(root)[-4:] == [
        {"123456": ""},
        {"2048": "2.00\xa0KiB"},
        {"1764042345.5": ""},
        "\\ud800",
    ]


def test_only_what_has_a_unit_comes_with_a_second_text():
    process = Node({"pid": 7, "cpu_seconds": 1.5})
    assert pieces(process, ("pyramid", "process")) == [{"1.5": "1.50\xa0s"}, {"7": ""}]


def pieces(root, path=()):
    """What a refresh says, read as the script reads it; no piece has the character that divides them."""
    return [json.loads(piece) for piece in rows.bare(gathered(root, path)).split("\x1f")]


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=9), min_size=1))
def test_a_text_comes_as_the_page_shows_it(texts):
    shown = [texts[key].replace("\0", "\ufffd") for key in sorted(texts)]
    assert pieces(Node(texts)) == [text.replace("\r\n", "\n").replace("\r", "\n") for text in shown]


def test_numbers_come_as_they_are_written():
    values = {
        "a": 2**70,
        "b": 1e22,
        "c": 0.1,
        "d": -0.0,
        "e": math.inf,
        "f": -math.inf,
        "g": math.nan,
        "h": 1.0,
    }
    told = rows.bare(gathered(Node({str(key): value for key, value in values.items()}))).split("\x1f")
    assert told == [str(2**70), "1e+22", "0.1", "-0.0", "Infinity", "-Infinity", "NaN", "1.0"]


def test_what_is_no_number_and_no_text_comes_as_the_text_that_stands_for_it():
    root = Node({"a": True, "b": None, "c": 5, "d": None, "e": "1.5"}, marks={"d": "error", "e": "Decimal"})
    assert pieces(root) == ["True", "None", "5", "could not be read", "1.5"]
    assert pieces(Node({"a": True, "b": None, "c": 5})) == ["True", "None", "5"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\ud800é", "\\ud800é"),
        ("\0é", "\ufffdé"),
        ("\ud800\0", "\\ud800\ufffd"),
        ("1\r\n2\r3", "1\n2\n3"),
    ],
)
def test_a_text_that_no_page_can_carry_comes_as_on_the_page(text, shown):
    assert pieces(Node({"a": text, "b": 5})) == [shown, 5]
