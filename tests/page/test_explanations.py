"""Every figure explains itself."""

from __future__ import annotations

from paging import KNOWN, parsed, some_requests
from snapshots import node, worker

from pyramid_scales.page import explanations

GROUPS = (
    explanations.OVERVIEW,
    explanations.WORKERS,
    explanations.ROUTE,
    explanations.STATISTICS,
    explanations.MERGED,
)
EVERY = list(dict.fromkeys(found for group in GROUPS for found in group))


def test_each_explanation_is_a_sentence():
    assert all(not found.text[0].islower() and found.text.endswith(".") for found in EVERY)
    assert len({found.key for found in EVERY}) == len(EVERY)


def test_texts_keep_the_page_in_one_byte_a_character():
    assert all(ord(char) < 256 for found in EVERY for char in found.title + found.text)


def test_every_reference_to_an_explanation_finds_one():
    root, workers = node({"a": 1}), (worker(0), worker(1))
    pages = [
        parsed(root, requests=some_requests(), workers=workers, known_routes=KNOWN),
        parsed(root, requests=some_requests(), route="book"),
        parsed(root, requests=some_requests(), route="never", known_routes=KNOWN),
        parsed(root),
        parsed(root, workers=workers),
    ]
    for page in pages:
        keys = [tag["id"] for tag in page.select("#legend [id]")]
        assert len(set(keys)) == len(keys)
        ids = {tag["id"] for tag in page.find_all(id=True)}
        links = {tag["href"][1:] for tag in page.find_all("a", href=True) if tag["href"].startswith("#")}
        described = {tag["aria-describedby"] for tag in page.find_all(attrs={"aria-describedby": True})}
        labelled = {tag["aria-labelledby"] for tag in page.find_all(attrs={"aria-labelledby": True})}
        assert links | described | labelled <= ids


def test_the_pointer_on_a_heading_shows_its_explanation():
    page = parsed(node({"a": 1}), requests=some_requests(), workers=(worker(0),))
    titles = [head.get("title") or head.a["title"] for head in page.select("#routes-table thead th")]
    assert explanations.BY_KEY["p99"] in titles
    assert all(page.find("dd", string=title) for title in titles)
    assert all(link["title"] for link in page.select("a.what, .small dt a"))


def test_what_is_not_on_a_page_is_not_explained_there():
    alone = parsed(node({"a": 1}), ("a",)).find(id="legend")
    assert [tag["id"] for tag in alone.select("[id^=about]")] == ["about-statistics", "about-distribution"]
    route = parsed(node({"a": 1}), requests=some_requests(), route="book").find(id="legend")
    assert route.find(id="about-uptime") is None
