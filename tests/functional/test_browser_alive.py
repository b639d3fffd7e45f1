"""The page refreshes itself: in place, without losing the reader's place, and through outages."""

from __future__ import annotations

import os
import threading
import time

import pytest
from greplin import scales
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

EVERY_SECOND = "/scales/?refresh=1"
UNDER_LOAD = float(os.environ.get("SECONDS_UNDER_LOAD", "10"))
"""Seconds of refreshing under load."""


def until(browser, condition, seconds=30):
    """Waits until ``condition()`` holds."""
    return WebDriverWait(browser, seconds, 0.05).until(lambda _: condition())


def refreshed(browser):
    return int(browser.execute_script("return document.documentElement.dataset.refreshed || 0"))


def after_refreshes(browser, amount=1):
    """Waits until the page was refreshed ``amount`` times more."""
    before = refreshed(browser)
    until(browser, lambda: refreshed(browser) >= before + amount)


def value(browser, key):
    selector = f"#tree li a[href*='/{key}/'] > :last-child"
    return browser.find_element(By.CSS_SELECTOR, selector).get_attribute("textContent")


def state(browser):
    return browser.find_element(By.ID, "state").text


def test_values_change_in_place_and_are_marked(browser, site, shop):
    browser.get(site.url(EVERY_SECOND))
    browser.execute_script("document.querySelector(\"#tree li a[href*='/errors/']\").mine = true")
    shop.errors = 12345
    until(browser, lambda: value(browser, "errors") == "12345")
    row = browser.find_element(By.CSS_SELECTOR, "#tree li:has(a[href*='/errors/'])")
    assert row.find_element(By.CSS_SELECTOR, ".also").text == "12,345"
    assert browser.execute_script("return arguments[0].firstElementChild.mine", row) is True
    shop.errors = 7
    until(browser, lambda: value(browser, "errors") == "7")
    assert row.find_elements(By.CSS_SELECTOR, ".also") == []
    assert "changed" in row.find_element(By.CSS_SELECTOR, ".int").get_attribute("class")
    until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, "#tree .changed"))


def test_new_statistics_come_and_old_ones_go(browser, site, shop):
    browser.get(site.url(EVERY_SECOND))
    browser.execute_script("document.querySelector(\"#tree li a[href*='/errors/']\").mine = true")
    scales.getStats()["fresh"] = {"arrived": 41}
    del scales.getStats().data["keys"]
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#tree li a[href*='/arrived/']"))
    assert not browser.find_elements(By.CSS_SELECTOR, "#tree li a[href*='/key-1/']")
    assert (
        browser.execute_script("return document.querySelector(\"#tree li a[href*='/errors/']\").mine") is True
    )
    scales.getStats()["fresh"]["arrived"] = 42
    until(browser, lambda: value(browser, "arrived") == "42")


def test_new_routes_appear_and_their_figures_change(browser, site):
    browser.get(site.url(EVERY_SECOND))
    row = "#routes-table tr[data-k=never]"
    assert browser.find_elements(By.CSS_SELECTOR, row) == []
    site.get("/never/again")
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, row))
    site.get("/never/again")
    until(browser, lambda: " 2 GET" in browser.find_element(By.CSS_SELECTOR, row).text)


def test_focus_scroll_levels_filter_and_sorting_stay(browser, site, shop):
    browser.set_window_size(900, 500)
    browser.get(site.url(EVERY_SECOND))
    browser.find_element(By.CSS_SELECTOR, "#routes-table th[data-k=route] a").click()
    routes = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#routes-table tbody th")]
    browser.execute_script("document.querySelector('#tree details.pmf').open = true")
    browser.execute_script("document.querySelector('#tree div.level > details.group').open = false")
    link = browser.find_element(By.CSS_SELECTOR, "#tree a.own[href*=keys]")
    browser.execute_script("arguments[0].focus(); scrollTo(0, 300)", link)
    places = "return [scrollY, document.querySelector('#tree details.pmf').open,"
    places += "document.querySelector('#tree div.level > details.group').open]"
    before = browser.execute_script(places)
    for number in range(3):
        scales.getStats()[f"new-{number}"] = {"a": number}
        site.get("/book/1")
        after_refreshes(browser)
    assert browser.execute_script(places) == before
    assert browser.switch_to.active_element == link
    assert [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#routes-table tbody th")] == routes
    browser.find_element(By.ID, "query").send_keys("key-5")
    until(
        browser, lambda: not browser.find_element(By.CSS_SELECTOR, "#tree a.own[href*=new-0]").is_displayed()
    )
    scales.getStats()["one-more"] = {"a": 1}
    after_refreshes(browser, 2)
    assert browser.find_element(By.ID, "query").get_property("value") == "key-5"
    assert not browser.find_element(By.CSS_SELECTOR, "#tree a.own[href*=one-more]").is_displayed()
    assert browser.switch_to.active_element.get_attribute("id") == "query"


def test_it_tells_of_an_outage_and_picks_up_again(browser, site, shop):
    browser.get(site.url(EVERY_SECOND))
    after_refreshes(browser)
    assert state(browser) == "live"
    site.stop()
    until(browser, lambda: "can't be reached" in state(browser))
    aloud = browser.find_element(By.ID, "announce")
    assert "can't be reached" in aloud.get_attribute("textContent")
    assert value(browser, "errors") == "1"
    shop.errors = 99
    site.start()
    until(browser, lambda: state(browser) == "live")
    assert value(browser, "errors") == "99"
    assert "can be reached again" in aloud.get_attribute("textContent")


def test_an_answer_that_is_no_page_is_told_and_harms_nothing(browser, site, shop):
    browser.get(site.url("/scales/fading/"))
    scales.getStats()["fading"] = {"a": 1}
    browser.get(site.url("/scales/fading/?refresh=1"))
    after_refreshes(browser)
    del scales.getStats().data["fading"]
    until(browser, lambda: "answers 404" in state(browser))
    assert value(browser, "a") == "1"
    scales.getStats()["fading"] = {"a": 2}
    until(browser, lambda: value(browser, "a") == "2")


def test_a_click_pauses_and_another_goes_on(browser, site):
    browser.get(site.url(EVERY_SECOND))
    after_refreshes(browser)
    button = browser.find_element(By.CSS_SELECTOR, "#live button")
    button.click()
    assert state(browser) == "paused"
    assert button.get_attribute("aria-pressed") == "true"
    time.sleep(0.3)
    asked = len(site.asked)
    time.sleep(2)
    assert len(site.asked) == asked
    button.click()
    until(browser, lambda: len(site.asked) > asked)


def test_a_hidden_page_does_not_ask(browser, site):
    browser.get(site.url(EVERY_SECOND))
    after_refreshes(browser)
    page = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        time.sleep(0.5)
        asked = len(site.asked)
        time.sleep(2)
        assert len(site.asked) == asked
    finally:
        browser.close()
        browser.switch_to.window(page)
    until(browser, lambda: len(site.asked) > asked)


def test_the_chosen_interval_stands_in_the_address_and_is_remembered(browser, site):
    browser.get(site.url("/scales/"))
    Select(browser.find_element(By.ID, "refresh")).select_by_value("30")
    assert "refresh=30" in browser.current_url
    browser.get(site.url("/scales/shop/"))
    assert browser.find_element(By.ID, "refresh").get_property("value") == "30"
    browser.get(site.url("/scales/?refresh=10"))
    assert browser.find_element(By.ID, "refresh").get_property("value") == "10"


def test_who_asked_for_no_refreshing_gets_none(browser, site):
    browser.get(site.url("/scales/?refresh=0"))
    asked = len(site.asked)
    time.sleep(1.5)
    assert len(site.asked) == asked
    assert state(browser) == "not refreshed"
    button = browser.find_element(By.CSS_SELECTOR, "#live button")
    assert not button.is_displayed()
    Select(browser.find_element(By.ID, "refresh")).select_by_value("2")
    until(browser, lambda: len(site.asked) > asked)
    assert button.is_displayed()


def test_refreshing_says_nothing_to_a_screen_reader(browser, site, shop):
    browser.get(site.url(EVERY_SECOND))
    watch = "window.said = 0; new MutationObserver(() => window.said++).observe(document.querySelector("
    browser.execute_script(watch + "'[role=status]'), {childList: true, characterData: true, subtree: true})")
    for number in range(3):
        shop.errors = number + 50
        after_refreshes(browser)
    assert browser.execute_script("return window.said") == 0


def test_the_page_of_a_route_refreshes_too(browser, site):
    browser.get(site.url("/scales/?route=book&refresh=1"))
    assert "2" in browser.find_element(By.CSS_SELECTOR, "#route [data-k=requests] dd").text
    site.get("/book/3")
    figure = "#route [data-k=requests] dd"
    until(browser, lambda: browser.find_element(By.CSS_SELECTOR, figure).text == "3")


@pytest.mark.timeout(240)
def test_refreshing_under_load_takes_no_more_and_more_memory(browser, site, shop):
    browser.get(site.url(EVERY_SECOND))
    browser.find_element(By.ID, "query").send_keys("e")
    stop = threading.Event()

    def load():
        number = 0
        while not stop.wait(0.01):
            number += 1
            site.get(("/", "/book/1", "/fail")[number % 3])
            shop.errors = number
            scales.getStats()["keys"][f"key-{number % 90}"] = number

    worker = threading.Thread(target=load)
    worker.start()
    try:
        after_refreshes(browser, 5)
        before = usage(browser)
        until_time = time.monotonic() + UNDER_LOAD
        while time.monotonic() < until_time:
            after_refreshes(browser, 3)
        after = usage(browser)
    finally:
        stop.set()
        worker.join()
    assert browser.switch_to.active_element.get_attribute("id") == "query"
    assert after["nodes"] <= before["nodes"] * 1.1 + 500
    assert after["jsEventListeners"] <= before["jsEventListeners"] + 5
    assert after["heap"] <= before["heap"] * 1.2 + 500_000
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def usage(browser):
    """What the page holds after garbage was collected."""
    for _ in range(3):
        browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    counters = browser.execute_cdp_cmd("Memory.getDOMCounters", {})
    heap = browser.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]
    return {**counters, "heap": heap}


def test_the_script_rounds_and_groups_like_the_server(browser, site, shop):
    """The server sends exact values alone; the page must not change by being refreshed."""
    numbers = [0.1 + 0.2, 1 / 3, 2 / 3e5, 1e-300 / 3, 123456.789, 1234.5678, -98765.4321, 1e15 / 3, 1e16 / 3]
    numbers += [999.96789, 0.000123456, float("inf"), float("nan"), -1 / 3, 12345678.901234, 1e22, 5e-324]
    numbers += [123456.5, 123457.5, -123456.5, 12345.25, 12345.75, 10000.35, 10000.45, 0.015625, 0.046875]
    numbers += [-0.015625, 1.2345e15, 1.2355e15, 123456.50000000001, 12.34500001, 1.2345e-7]
    numbers += [10**power + 7 for power in range(20)] + [-1234, -123, 1234567, True, None, "1234567", 0]
    scales.getStats()["numbers"] = {f"n{index:02}": number for index, number in enumerate(numbers)}
    browser.get(site.url("/scales/numbers/?refresh=1"))
    shown = "row => row.textContent.trim().replace(/\\s+/g, ' ')"
    script = f"return [...document.querySelectorAll('#tree li')].map({shown})"
    before = browser.execute_script(script)
    assert len(before) == len(numbers)
    after_refreshes(browser)
    assert browser.execute_script(script) == before
    assert browser.execute_script("return document.querySelectorAll('.changed').length") == 0
    browser.execute_script(
        "for (const e of document.querySelectorAll('#tree .also')) e.remove();"
        "for (const e of document.querySelectorAll('#tree li a > :last-child')) e.textContent = '?'"
    )
    after_refreshes(browser)
    assert browser.execute_script(script) == before


def test_what_the_server_leaves_as_it_is_stays_so_when_the_page_refreshes(browser, site, shop):
    browser.get(site.url("/scales/pyramid/process/?refresh=1"))
    row = browser.find_element(By.CSS_SELECTOR, "#tree li:has(a[href*='/start_time_seconds/'])")
    shown = row.get_attribute("textContent").split()
    assert len(shown) == 2
    after_refreshes(browser)
    assert row.get_attribute("textContent").split() == shown
