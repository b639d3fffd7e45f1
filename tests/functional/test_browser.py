"""The page in a real browser."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
from urllib.parse import quote, urlsplit

import pytest
from browsing import AXE, HOSTILE, PICTURES, make_wsgi_app, missing
from greplin import scales
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

ROUTE = "/scales/?route=home"


def console(browser):
    """What the browser has to say of the page."""
    return [entry["message"] for entry in browser.get_log("browser")]


def until(browser, condition, seconds=20):
    """Waits until ``condition()`` holds."""
    return WebDriverWait(browser, seconds, 0.05).until(lambda _: condition())


def names(browser):
    """The routes in the order of the table."""
    rows = browser.find_elements(By.CSS_SELECTOR, "#routes-table tbody th a")
    return [row.text for row in rows]


def heading(browser, key):
    return browser.find_element(By.CSS_SELECTOR, f"#routes-table th[data-k={key}]")


def visible(browser):
    """The keys that are shown in the tree."""
    rows = browser.find_elements(By.CSS_SELECTOR, "#tree li .key")
    return [row.text for row in rows if row.is_displayed()]


@pytest.mark.parametrize("path", ["/scales/", ROUTE, "/scales/shop/", "/scales/shop/errors/", "/scales/no/"])
def test_a_strict_policy_is_not_violated_and_the_console_stays_empty(browser, site, path):
    browser.get(site.url(path))
    assert browser.find_element(By.TAG_NAME, "main").is_displayed()
    styled = "return getComputedStyle(document.body).fontVariantNumeric"
    assert browser.execute_script(styled) == "tabular-nums"
    expected = ["404 (Not Found)"] if path == "/scales/no/" else []
    said = console(browser)
    assert len(said) == len(expected)
    assert all(part in message for part, message in zip(expected, said, strict=True))


def test_a_click_sorts_the_routes_without_asking_the_server(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    asked = len(site.asked)
    heading(browser, "requests").find_element(By.TAG_NAME, "a").click()
    assert names(browser)[0] == "home"
    assert heading(browser, "requests").get_attribute("aria-sort") == "descending"
    heading(browser, "requests").find_element(By.TAG_NAME, "a").click()
    assert names(browser)[-1] == "home"
    assert heading(browser, "requests").get_attribute("aria-sort") == "ascending"
    assert len(site.asked) == asked
    assert "sort=requests&order=asc" in browser.current_url
    in_place = names(browser)
    browser.refresh()
    assert names(browser) == in_place


def test_every_column_sorts_alike_in_the_browser_and_on_the_server(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    for head in browser.find_elements(By.CSS_SELECTOR, "#routes-table thead th[data-k]"):
        key = head.get_attribute("data-k")
        for _ in range(2):
            head.find_element(By.TAG_NAME, "a").click()
            order = head.get_attribute("aria-sort")
            values = _column(browser, head)
            assert values == _sorted(values, order == "descending"), (key, order)


def _column(browser, head):
    script = "const i=[...arguments[0].parentElement.children].indexOf(arguments[0]);"
    script += (
        "return [...document.querySelectorAll('#routes-table tbody tr')].map(r=>r.children[i].dataset.v)"
    )
    return browser.execute_script(script, head)


def _sorted(values, falling):
    known = [value for value in values if value != ""]
    try:
        ordered = sorted(known, key=float, reverse=falling)
    except ValueError:
        ordered = sorted(known, reverse=falling)
    return ordered + [""] * (len(values) - len(known))


def test_without_scripts_the_headings_sort_and_the_filter_searches(browser, site):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(site.url("/scales/"))
        heading(browser, "route").find_element(By.TAG_NAME, "a").click()
        assert names(browser) == sorted(names(browser))
        box = browser.find_element(By.ID, "query")
        box.send_keys("codes/* > 5")
        box.submit()
        until(browser, lambda: "query=" in browser.current_url)
        assert visible(browser) == ["200", "500"]
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_typing_filters_the_tree_at_once_and_escape_ends_it(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    everything, asked = visible(browser), len(site.asked)
    box = browser.find_element(By.ID, "query")
    box.send_keys("errors")
    until(browser, lambda: visible(browser) == ["errors"])
    box.send_keys(Keys.BACKSPACE * 6 + "key-59")
    until(browser, lambda: visible(browser) == ["key-59"])
    box.send_keys(Keys.ESCAPE)
    until(browser, lambda: visible(browser) == everything)
    assert len(site.asked) == asked


def test_what_no_name_contains_is_said_aloud(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    browser.find_element(By.ID, "query").send_keys("nonesuch")
    status = browser.find_element(By.CSS_SELECTOR, "[role=status]")
    until(browser, lambda: "nonesuch" in status.get_attribute("textContent"))


def test_one_drills_down_to_a_single_value_and_up_again(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    browser.find_element(By.CSS_SELECTOR, "#tree a.own[href*=shop]").click()
    assert urlsplit(browser.current_url).path == "/scales/shop/"
    browser.find_element(By.CSS_SELECTOR, "#tree li a[href*='/errors/']").click()
    assert urlsplit(browser.current_url).path == "/scales/shop/errors/"
    assert "errors 1" in browser.find_element(By.ID, "leaf").text
    crumbs = [link.text for link in browser.find_elements(By.CSS_SELECTOR, ".crumbs a")]
    assert crumbs == ["scales", "shop", "errors"]
    browser.find_element(By.LINK_TEXT, "scales").click()
    assert urlsplit(browser.current_url).path == "/scales/"


def test_every_link_of_the_page_leads_somewhere(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    script = "return [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
    found = set(browser.execute_script(script))
    assert len(found) > 40
    failed = {href for href in found if not href.startswith("#") and site.get(href)[0] != 200}
    assert failed == set()


def test_a_route_has_a_page_of_its_own(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    browser.find_element(By.LINK_TEXT, "fail").click()
    text = browser.find_element(By.ID, "route").text
    assert "ValueError" in text
    assert "500" in text
    assert browser.find_elements(By.CSS_SELECTOR, "svg.histogram rect")
    assert "p99" in browser.find_element(By.CSS_SELECTOR, "svg.histogram").text


def test_a_route_that_was_never_requested_is_listed(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    silent = browser.find_element(By.CSS_SELECTOR, ".silent")
    silent.find_element(By.TAG_NAME, "summary").click()
    assert "/never/{asked}" in silent.text
    silent.find_element(By.LINK_TEXT, "never").click()
    assert "never requested" in browser.find_element(By.ID, "route").text


@pytest.mark.parametrize("path", ["/scales/", "/scales/?route=" + quote(HOSTILE, safe="")])
def test_hostile_names_are_inert(browser, site, path):
    browser.get(site.url(path))
    assert HOSTILE in browser.find_element(By.TAG_NAME, "body").text
    assert browser.execute_script("return [window.pwned, document.images.length]") == [None, 0]
    assert console(browser) == []


def test_a_hostile_query_is_inert(browser, site):
    browser.get(site.url("/scales/?query=" + quote(HOSTILE)))
    assert browser.execute_script("return [window.pwned, document.images.length]") == [None, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/scales/", ROUTE, "/scales/shop/", "/scales/shop/errors/", "/scales/no/"])
def test_axe_finds_nothing_to_complain_of(browser, site, path, scheme):
    if not AXE.exists():
        missing(f"axe-core is not at {AXE} (npm install --prefix .cache axe-core)")
    emulate(browser, "prefers-color-scheme", scheme)
    browser.get(site.url(path))
    for details in browser.find_elements(By.CSS_SELECTOR, "details:not([open]) > summary"):
        if details.is_displayed():
            browser.execute_script("arguments[0].parentElement.open = true", details)
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    result = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    problems = [(found["id"], found["nodes"][0]["html"]) for found in result["violations"]]
    assert problems == []


def emulate(browser, name, value):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": name, "value": value}]})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 2560])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("root", "/scales/"),
        ("route", ROUTE),
        ("part", "/scales/shop/"),
        ("leaf", "/scales/shop/errors/"),
        ("error", "/scales/no/"),
    ],
)
def test_nothing_overflows_at_any_width(browser, site, width, scheme, name, path):
    emulate(browser, "prefers-color-scheme", scheme)
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get(site.url(path))
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        PICTURES.mkdir(exist_ok=True)
        browser.save_screenshot(str(PICTURES / f"{name}-{width}-{scheme}.png"))
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def resized(browser, width):
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


LONG = "a_name_without_any_break_" * 10


@pytest.mark.parametrize(
    "path", ["", f"?route={LONG}", f"{LONG}/", f"{LONG}/big/", f"no/{LONG}/", f"?query={LONG}"]
)
def test_what_is_too_long_for_a_phone_is_broken_or_cut_within_its_box(browser, serve, path):
    site = serve(app=make_wsgi_app(more=(LONG,)))
    site.get(f"/{LONG}")
    scales.getStats()[LONG] = {LONG: LONG, "big": 10**300, "inner": {LONG: {"x": 1}}}
    try:
        resized(browser, 390)
        browser.get(site.url(f"/scales/{path}"))
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        texts = (
            "return [...document.querySelectorAll('#tree .also')].map(e => e.getBoundingClientRect().left)"
        )
        assert all(left > 0 for left in browser.execute_script(texts))
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_wide_screen_shows_routes_and_statistics_side_by_side(browser, site):
    places = (
        "return ['routes', 'statistics'].map(id => document.getElementById(id).getBoundingClientRect().top)"
    )
    try:
        for width, beside in ((1280, False), (2560, True)):
            resized(browser, width)
            browser.get(site.url("/scales/?refresh=0"))
            routes, statistics = browser.execute_script(places)
            assert (routes == statistics) is beside
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_many_routes_scroll_in_a_window_of_their_own_below_their_headings(browser, serve):
    many = make_wsgi_app(more=tuple(f"more-{number}" for number in range(60)))
    site = serve(app=many)
    for number in range(60):
        site.get(f"/more-{number}")
    browser.get(site.url("/scales/?refresh=0"))
    table = browser.find_element(By.CSS_SELECTOR, "#routes .scroll")
    assert table.size["height"] <= 1000
    browser.execute_script("arguments[0].scrollTop = 500", table)
    assert heading(browser, "p99").location["y"] == pytest.approx(table.location["y"], abs=2)


def test_the_labels_of_the_histogram_keep_their_size(browser, site):
    sizes = "return [...document.querySelectorAll('svg.histogram text')]"
    sizes += ".map(t => t.getBoundingClientRect().height)"
    seen = set()
    try:
        for width in (390, 2560):
            resized(browser, width)
            browser.get(site.url(ROUTE))
            seen |= {round(size) for size in browser.execute_script(sizes)}
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert max(seen) - min(seen) <= 1


def test_the_page_reads_well_where_not_even_its_style_may_load(browser, serve, shop):
    site = serve(policy="default-src 'none'")
    site.get("/")
    browser.get(site.url("/scales/"))
    text = browser.find_element(By.TAG_NAME, "body").text
    assert "errors 1" in text
    assert text.index("Requests") < text.index("Routes") < text.index("Statistics")
    assert browser.execute_script("return getComputedStyle(document.body).fontVariantNumeric") == "normal"
    drawings = browser.find_elements(By.CSS_SELECTOR, "svg")
    assert len(drawings) > 3
    assert all(drawing.size["height"] <= 40 for drawing in drawings)


def test_a_text_browser_shows_the_figures(site):
    if shutil.which("w3m") is None:
        missing("w3m (Debian package w3m) is not installed")
    command = ["w3m", "-dump", "-cols", "120", site.url("/scales/")]
    text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "errors 1" in text
    assert "Route" in text
    assert "/book/{number}" in text


def test_the_page_of_the_demo_weighs_less_than_60_kilobytes(serve):
    from pyramid_scales import demo
    from pyramid_scales.page.assets import static_files

    site = serve(app=demo.make_wsgi_app())
    for path in ("/", "/search?for=crime", "/books/7", "/recommend"):
        site.get(path)
    page = site.get("/scales/")[1].encode()
    files = [page, *(file.body for file in static_files().values())]
    assert sum(len(gzip.compress(content)) for content in files) < 60_000


def test_what_changed_does_not_move_for_those_who_asked_for_less_motion(browser, site):
    emulate(browser, "prefers-reduced-motion", "reduce")
    browser.get(site.url("/scales/shop/"))
    script = "return getComputedStyle(document.querySelector('#tree li span')).transitionDuration"
    assert browser.execute_script(script) == "0s"
    emulate(browser, "prefers-reduced-motion", "no-preference")


def test_print_leaves_out_what_only_a_screen_needs(browser, site):
    browser.get(site.url("/scales/"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.find_element(By.ID, "live").is_displayed()
        assert browser.find_element(By.ID, "routes-table").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_keyboard_reaches_sorting_filtering_and_levels(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    link = heading(browser, "requests").find_element(By.TAG_NAME, "a")
    browser.execute_script("arguments[0].focus()", link)
    link.send_keys(Keys.ENTER)
    assert heading(browser, "requests").get_attribute("aria-sort") == "descending"
    assert browser.switch_to.active_element == link
    level = browser.find_element(By.CSS_SELECTOR, "#tree details.pmf")
    level.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert level.get_property("open") is True
    figures = [row.text for row in level.find_elements(By.TAG_NAME, "li")]
    assert json.dumps(figures).count("percentile") == 5


def test_an_unknown_file_is_not_served(site):
    assert site.get("/scales/~static/../page.py")[0] in (400, 404)
    assert io.StringIO(site.get("/scales/~static/page.css")[1]).readline().startswith(":root")
