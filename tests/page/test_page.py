"""The page as markup."""

from __future__ import annotations

import tracemalloc

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from paging import ADDRESS, KNOWN, context, parsed, rendered, some_requests
from snapshots import HOSTILE_TREE, PMF, node, with_children

from pyramid_scales.page import page
from pyramid_scales.page.gather import gather, shape
from pyramid_scales.snapshot import Kind, Node

ROOT = with_children(
    {}, {"": node({"errors": 1, "ratio": 1 / 3, "name": "x"}), "pyramid": node({"requests": 1})}
)


def test_the_markup_of_the_released_version_stays():
    assert '<span class="key">errors</span> <span class="int">1</span>' in rendered(ROOT)


def test_the_class_of_a_value_is_the_name_of_its_type():
    found = parsed(
        Node({"a": "1.5", "b": None, "c": True, "d": 0.5, "e": "x"}, marks={"a": "Decimal", "b": "error"})
    )
    spans = [row.select("span") for row in found.select("#tree li")]
    assert [(key.text, value["class"], value.text) for key, value, *_ in spans] == [
        ("a", ["Decimal"], "1.5"),
        ("b", ["error"], "could not be read"),
        ("c", ["bool"], "True"),
        ("d", ["float"], "0.5"),
        ("e", ["str"], "x"),
    ]


def test_a_rounded_value_keeps_its_exact_one_in_the_markup():
    row = parsed(ROOT).select_one("#tree li.two")
    assert [span.text for span in row.select("span")] == ["ratio", str(1 / 3), "0.3333"]


def test_every_node_and_leaf_has_an_address():
    found = parsed(with_children({"x": 1}, {"a/b": node({"": 2})}))
    assert [link["href"] for link in found.select("#tree a")] == [
        "/scales/x/",
        "/scales/a~1b/",
        "/scales/a~1b/~2/",
    ]


def test_a_collapsed_container_is_closed_and_linked():
    found = parsed(node({}, closed=Node({"inside": 1}, collapsed=True)))
    assert "inside" not in found.text
    assert found.select_one("p.closed a")["href"] == "/scales/closed/"


def test_a_leaf_stands_alone_with_its_type():
    found = parsed(ROOT, ("", "ratio"))
    assert found.find(id="leaf").get_text(" ", strip=True) == f"ratio {1 / 3} 0.3333 float"
    ours = with_children({}, {"pyramid": node({}, latency=Node({"median": 0.0125}, Kind.PMF))})
    timed = parsed(ours, ("pyramid", "latency", "median"))
    assert timed.find(id="leaf").get_text(" ", strip=True) == "median 0.0125 12.5\xa0ms float"
    failed = parsed(Node({"a": None}, marks={"a": "error"}), ("a",))
    assert failed.find(id="leaf").get_text(" ", strip=True) == "a could not be read error"


def test_our_own_part_is_a_link_below_the_overview_and_opens_on_its_own_page():
    top = parsed(ROOT, requests=some_requests())
    assert top.select_one("#tree p.closed a").text == "pyramid"
    assert parsed(ROOT, ("pyramid",), requests=some_requests()).select_one("#tree li").text.split() == [
        "requests",
        "1",
    ]
    assert parsed(ROOT, query="requests", requests=some_requests()).select_one("#tree p.closed") is None


@pytest.mark.parametrize(
    ("path", "amount", "opens"), [((), 3, False), (("p",), 3, True), (("p",), 13, False)]
)
def test_a_few_distributions_are_open_on_the_page_of_their_dictionary(path, amount, opens):
    named = node({}, Kind.PMF_DICT, **{f"k{number}": Node(dict(PMF), Kind.PMF) for number in range(amount)})
    levels = parsed(node({}, p=named), path).select("details.pmf")
    assert [level.has_attr("open") for level in levels] == [opens] * amount


def test_levels_are_open_when_the_reader_searched():
    root = node({}, pmf=Node(dict(PMF), Kind.PMF))
    assert parsed(root).select_one("details.pmf").get("open") is None
    assert parsed(root, query="p*").select_one("details.pmf").get("open") is not None


@pytest.mark.parametrize(
    ("root", "path", "query", "said"),
    [
        (node({}), (), "", "keeps no statistics with greplin.scales yet"),
        (node({}, a=node({})), ("a",), "", "nothing in it at this moment"),
        (node({}), (), "<b>", "Nothing here matches <b>"),
    ],
)
def test_an_empty_page_says_why(root, path, query, said):
    text = parsed(root, path, query=query).find(id="statistics").get_text(" ", strip=True)
    assert said in text.replace("  ", " ")


def test_an_application_without_statistics_of_its_own_is_told_how_to_have_some():
    ours = node({}, pyramid=node({"requests": 1}))
    said = "keeps no statistics with greplin.scales yet"
    for fields in ({}, {"requests": some_requests()}, {"requests": some_requests(), "fragment": "1"}):
        found = parsed(ours, **fields)
        assert said in found.find(id="remarks").get_text(" ", strip=True)
        assert found.select("#tree a[href='/scales/pyramid/']")
    assert said not in parsed(ROOT, requests=some_requests()).text
    assert said not in parsed(ours, ("pyramid",)).text


def test_without_requests_the_page_says_why():
    hint = "Requests are not timed: scales.timing is false."
    assert parsed(ROOT, timing_hint=hint).find(id="untimed").text == hint
    assert parsed(ROOT, ("",), timing_hint=hint).find(id="untimed") is None


def test_before_the_first_request_the_page_says_what_to_do():
    from recorded import recorded

    found = parsed(ROOT, requests=recorded([], 10**12), known_routes=KNOWN)
    assert "No request has been recorded yet" in found.find(id="routes").text
    assert [link.text for link in found.select(".silent tbody a")] == ["home", "never"]


def test_the_table_of_routes_is_a_real_table():
    table = parsed(ROOT, requests=some_requests(), sort="p95", order="asc").find(id="routes-table")
    assert table.caption.text
    assert {head["scope"] for head in table.select("th")} == {"col", "row"}
    assert table.select_one("[aria-sort]")["aria-sort"] == "ascending"
    width = len(table.select("thead th"))
    assert all(len(row.select("th, td")) == width for row in table.select("tbody tr"))


def test_a_route_has_a_page_of_its_own():
    found = parsed(ROOT, requests=some_requests(), route="book")
    assert found.find(id="route-title").get_text(" ", strip=True) == "book /book"
    assert found.find(id="tree") is None
    assert "shop.Broken" in found.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"route": "nonesuch", "requests": some_requests()}, "no route 'nonesuch'"),
        ({"route": "home", "timing_hint": "Nothing is timed."}, "Nothing is timed."),
        ({"sort": "colour"}, "can't be sorted by 'colour'"),
        ({"order": "up"}, "no order 'up'"),
    ],
)
def test_a_parameter_that_means_nothing_is_refused(fields, said):
    with pytest.raises(page.BadParameter, match=said):
        rendered(ROOT, **fields)


def fragment(root, **fields):
    token = shape(gather(root, (), frozenset([("pyramid",)]) if "requests" in fields else frozenset()))
    return parsed(root, fragment=token, **fields)


def test_a_refresh_of_a_tree_that_kept_its_shape_sends_bare_values():
    found = fragment(ROOT, requests=some_requests())
    assert found.find(id="tree") is None
    assert found.find(id="values").text.split("\x1f") == ['"3 entries"', "1", '"x"', str(1 / 3)]
    assert found.find(id="routes-table")
    assert found.find(id="legend") is None


def test_a_refresh_of_another_tree_sends_the_tree():
    found = parsed(ROOT, fragment="1")
    assert found.find(id="values") is None
    assert found.find(id="tree")["data-shape"] == parsed(ROOT).find(id="tree")["data-shape"]


def test_a_refresh_escapes_its_values():
    found = fragment(with_children({"a": "<b>&amp;</b>"}, {}))
    assert found.find(id="values").text == '"<b>&amp;</b>"'
    assert found.find(id="values").find() is None


def test_hostile_names_and_values_are_text_everywhere():
    found = parsed(HOSTILE_TREE, requests=some_requests())
    allowed = {tag.name for tag in parsed(node({"a": 1}, b=node({})), requests=some_requests()).find_all()}
    assert {tag.name for tag in found.find_all()} <= allowed


TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["</script><script>alert(1)</script>", "\"'><img>", "&lt;"]
)


@given(TEXT, TEXT, TEXT)
def test_no_text_becomes_markup(key, value, query):
    root = with_children({key: value}, {key + "2": Node({value: 1})})
    text = rendered(root, query=query, title=value, host=key, notes=(value,))
    found = BeautifulSoup(text, "html.parser")
    assert [tag.name for tag in found.find_all(["script", "img"])] == ["script"]
    assert "<!--" not in text


def test_an_error_page_says_what_was_wrong_and_what_would_be_right():
    text = page.render_error("404 Not Found", ["The nearest is <b>."], ADDRESS, ("<b>", ""))
    found = BeautifulSoup(text, "html.parser")
    assert found.h1.text == "404 Not Found"
    assert "The nearest is <b>." in found.text
    assert [(link.text, link["href"]) for link in found.select("main a")] == [
        ("To the overview", "/scales/"),
        ('To <b>/""', "/scales/%3Cb%3E/~2/"),
    ]
    other = BeautifulSoup(page.render_error("400 Bad Request", ["No."], ADDRESS), "html.parser")
    assert [link["href"] for link in other.select("main a")] == ["/scales/"]


def test_who_is_refused_is_not_sent_for_files_that_are_refused_too():
    denied = BeautifulSoup(page.render_error("403 Forbidden", ["No."], ADDRESS), "html.parser")
    assert denied.find_all(["link", "script", "img"]) == []
    assert "No." in denied.text


def test_the_page_is_one_byte_a_character_for_an_application_of_plain_names():
    assert max(rendered(ROOT, requests=some_requests(), known_routes=KNOWN)) < "\u0100"


def test_memory_is_proportional_to_the_output():
    ratios = []
    for amount in (2_000, 20_000):
        root = node(
            {},
            **{
                f"g{part}": node({f"k{part}-{n}": n / 7 for n in range(100)}) for part in range(amount // 100)
            },
        )
        asked = context(root)
        page.render(asked)
        tracemalloc.start()
        size = len(page.render(asked))
        ratios.append(tracemalloc.get_traced_memory()[1] / size)
        tracemalloc.stop()
    assert ratios[1] < ratios[0] * 1.5
    assert ratios[1] < 6
