"""What a page depends on."""

from __future__ import annotations

from paging import context
from snapshots import node


def test_links_keep_scope_and_interval_alone():
    found = context(node({}), scope="worker", refresh="5", query="a", sort="p50")
    assert found.kept == {"scope": "worker", "refresh": "5"}
    assert context(node({})).kept == {}


def test_what_was_asked_is_all_but_the_interval():
    found = context(node({}), query="a", sort="p50", order="asc", refresh="5", route="home")
    assert found.asked == {"query": "a", "sort": "p50", "order": "asc", "route": "home"}
