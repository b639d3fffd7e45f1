"""Every figure explains itself."""

from __future__ import annotations

from paging import KNOWN, parsed, some_requests
from snapshots import node, worker

from pyramid_scales.page import explanations

EVERY = explanations.REQUESTS + explanations.WORKERS + explanations.ROUTE + explanations.STATISTICS


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
    ]
    for page in pages:
        ids = {tag["id"] for tag in page.find_all(id=True)}
        links = {tag["href"][1:] for tag in page.find_all("a", href=True) if tag["href"].startswith("#")}
        described = {tag["aria-describedby"] for tag in page.find_all(attrs={"aria-describedby": True})}
        labelled = {tag["aria-labelledby"] for tag in page.find_all(attrs={"aria-labelledby": True})}
        assert links | described | labelled <= ids
