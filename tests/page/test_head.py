"""What stands around the figures."""

from __future__ import annotations

import pytest
from paging import parsed, rendered, some_requests
from snapshots import node, with_children, worker

from pyramid_scales.page.page import BadParameter
from pyramid_scales.snapshot import Problem

ROOT = with_children({"a": 1}, {"b": with_children({"c": 1}, {"": node({"d": 1})})})


def links(page, selector):
    return [(tag.get_text(" ", strip=True), tag["href"]) for tag in page.select(selector)]


def test_the_path_leads_back_step_by_step():
    crumbs = links(parsed(ROOT, ("b", ""), refresh="5"), ".crumbs a")
    assert crumbs == [
        ("scales", "/scales/?refresh=5"),
        ("b", "/scales/b/?refresh=5"),
        ('""', "/scales/b/~2/?refresh=5"),
    ]


def test_the_other_formats_show_the_same():
    formats = links(parsed(ROOT, ("b",), query="c", scope="worker"), "footer a")
    assert formats == [
        ("JSON", "/scales/b/?format=json&query=c&scope=worker"),
        ("pretty JSON", "/scales/b/?format=prettyjson&query=c&scope=worker"),
        ("Prometheus", "/scales/b/?format=prometheus&query=c&scope=worker"),
        ("OpenMetrics", "/scales/b/?format=openmetrics&query=c&scope=worker"),
    ]


def test_host_pid_uptime_and_versions_are_told():
    page = parsed(ROOT, title="shop", host="web1", pid=4242, uptime=93784.0, versions=(("Python", "3.11.2"),))
    text = page.find(id="facts").get_text(" ", strip=True)
    assert text == "shop host web1 pid 4242 up 1\xa0d 2\xa0h"
    assert page.select_one("footer .versions").text == "Python 3.11.2"


@pytest.mark.parametrize(
    ("path", "fields", "heading"),
    [
        ((), {}, "scales"),
        ((), {"host": "web1"}, "scales · web1"),
        (("b", ""), {"host": "web1"}, 'b/"" · scales · web1'),
        ((), {"route": "book", "title": "shop", "requests": some_requests()}, "book · shop"),
    ],
)
def test_the_title_tells_tabs_apart(path, fields, heading):
    page = parsed(ROOT, path, **fields)
    assert page.title.text == page.h1.text == heading


def test_what_failed_to_read_is_listed_with_its_address():
    page = parsed(ROOT, problems=(Problem(("b", "", "x"), "ValueError: <no>"),))
    assert links(page, ".problem a") == [('b/""/x', "/scales/b/~2/x/")]
    assert "1 statistic could not be read as it is" in page.text
    assert "ValueError: <no>" in page.text


def test_notes_are_shown_once():
    page = parsed(ROOT, notes=("Degraded.", "Degraded."))
    assert [item.text for item in page.select(".notice li")] == ["Degraded."]


def test_one_process_of_several_says_so_and_how_to_change_that():
    text = parsed(ROOT, pid=7, multiprocess=True).find(id="notices").text
    assert "one process (pid 7) of several" in text
    assert "scales.shared_dir" in text


@pytest.mark.parametrize(
    "fields",
    [{}, {"multiprocess": True, "shared_dir": "/run/x"}, {"multiprocess": True, "workers": (worker(0),)}],
)
def test_who_shows_all_processes_says_nothing_of_the_kind(fields):
    assert "of several" not in rendered(ROOT, **fields)


def test_the_reader_chooses_between_all_workers_and_this_one():
    page = parsed(ROOT, workers=(worker(0), worker(1)), pid=1000, query="a")
    assert links(page, ".scope") == [
        ("all workers", "/scales/?query=a"),
        ("this worker, 1000", "/scales/?query=a&scope=worker"),
    ]
    assert page.select_one(".scope[aria-current]").text == "all workers"
    alone = parsed(ROOT, scope="worker", shared_dir="/run/x", pid=1000)
    assert alone.select_one(".scope[aria-current]").text == "this worker, 1000"


@pytest.mark.parametrize("refresh", ["", "0", "1", "5", "3600"])
def test_the_interval_is_offered_and_chosen(refresh):
    page = parsed(ROOT, refresh=refresh, sort="p50", requests=some_requests())
    chosen = [option["value"] for option in page.select("#refresh option[selected]")]
    assert chosen == ([refresh] if refresh else [])
    assert page.select_one("#live input[name=sort]")["value"] == "p50"


@pytest.mark.parametrize("refresh", ["x", "-1", "1.5", "3601", "99999999999", "٣", " 5"])
def test_a_senseless_interval_is_refused_with_what_would_be_right(refresh):
    with pytest.raises(BadParameter, match="Use a number of seconds up to 3600, or 0 for never"):
        rendered(ROOT, refresh=refresh)


def test_without_scripts_the_browser_itself_refreshes():
    assert parsed(ROOT, refresh="5").select_one("noscript meta")["content"] == "5"
    assert parsed(ROOT).select_one("noscript") is None
