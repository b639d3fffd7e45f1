"""The Grafana dashboard, the rules and the scrape configuration of contrib/."""

from __future__ import annotations

import re
import shutil

import contributed
import promtool
import pytest
from expositions import render
from snapshots import requests, series, snapshot, worker

EVERYTHING = snapshot(
    requests=requests(series("/", error="builtins.ValueError", status=500)),
    workers=[
        worker(0, **dict.fromkeys(("cpu_seconds", "resident_memory_bytes", "open_fds", "max_fds"), 1.0)),
    ],
)


def exposed():
    """Every name that one of our own samples has."""
    text = render(EVERYTHING, pyramid_scales_last_render_seconds=0.5)
    return set(re.findall(r"^([a-z_]+)[ {]", text, re.MULTILINE))


def test_every_metric_of_the_dashboard_exists():
    wanted = set().union(*map(contributed.names, contributed.queries("5m")))
    assert wanted
    assert not wanted - exposed()


def test_every_metric_of_ours_that_matters_is_on_the_dashboard():
    shown = set().union(*map(contributed.names, contributed.queries("5m")))
    assert not {name for name in exposed() if name.startswith(("pyramid_", "http_"))} - shown


def test_every_metric_of_the_rules_exists_or_is_recorded():
    recorded = set(re.findall(r"record: (\S+)", contributed.RULES.read_text(encoding="utf-8")))
    used = set().union(*map(contributed.names, contributed.expressions_of_rules()))
    assert len(used) > 5
    assert not used - exposed() - recorded


def test_panels_have_numbers_of_their_own_and_do_not_overlap():
    panels = contributed.dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_the_rules_are_valid():
    checked = promtool.run("check", "rules", str(contributed.RULES))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(contributed.expressions_of_rules())} rules found" in checked.stdout


def test_the_rules_do_what_their_tests_say():
    tested = promtool.run("test", "rules", str(contributed.RULES.with_name("rules_test.yml")))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    cases = contributed.RULES.with_name("rules_test.yml").read_text(encoding="utf-8")
    for alert in re.findall(r"alert: (\S+)", contributed.RULES.read_text(encoding="utf-8")):
        outcomes = re.findall(rf"alertname: {alert}\n\s+eval_time: \S+\n\s+exp_alerts:( \[\])?", cases)
        assert "" in outcomes, f"{alert} never fires"
        if alert != "PyramidLatencyBudgetBurns":  # the first test, without any alert, is its case
            assert " []" in outcomes, f"{alert} always fires"


@pytest.mark.parametrize(
    "change",
    [
        ("> 0.05", "> 0.5"),
        ("14.4 *", "60 *"),
        ("> 6 *", "> 9 *"),
        ("(pyramid_scales_workers[30m])", "(pyramid_scales_workers[3m])"),
        ("0.95 *", "1.5 *"),
        ("> 0\n", "> 100\n"),
        ("unless pyramid_scales_workers", "and pyramid_scales_workers"),
    ],
    ids=lambda change: change[0].strip(),
)
def test_a_rule_that_was_changed_fails_its_tests(tmp_path, change):
    for name in ("rules.yml", "rules_test.yml"):
        shutil.copy(contributed.RULES.with_name(name), tmp_path)
    text = contributed.RULES.read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "rules.yml").write_text(text.replace(*change), encoding="utf-8")
    assert promtool.run("test", "rules", str(tmp_path / "rules_test.yml")).returncode == 1


def test_the_scrape_configuration_is_valid_as_it_stands_and_with_its_token(tmp_path):
    for path in (contributed.CONFIGURATION, contributed.RULES):
        shutil.copy(path, tmp_path)
    configuration = tmp_path / "prometheus.yml"
    command = ("check", "config", str(configuration))
    assert promtool.run(*command).returncode == 0
    text = configuration.read_text(encoding="utf-8")
    with_token = re.sub(r"^    # ", "    ", text, flags=re.MULTILINE)
    assert len(with_token) == len(text) - 3 * len("# ")
    configuration.write_text(with_token, encoding="utf-8")
    assert promtool.run(*command).returncode == 1  # for want of the file
    (tmp_path / "bookshop.token").write_text("secret\n", encoding="utf-8")
    checked = promtool.run(*command)
    assert checked.returncode == 0, checked.stdout + checked.stderr
