"""Every consumer that scales itself has makes of our nodes what it makes of genuine statistics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pyramid_scales

PROGRAM = Path(__file__).parent / "helpers" / "scales_consumers.py"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """What each consumer made of ours, and of scales' own."""
    places = [Path(pyramid_scales.__file__).parents[1], PROGRAM.parent]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    found = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM)], capture_output=True, text=True, check=False, env=env
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize(
    "consumer",
    [
        *("json", "pretty", "html", "graphite"),
        *("json of a PMF", "pretty of a PMF", "html of a PMF", "graphite of a PMF"),
        *("html of a live node", "query by key", "query in html", "query of a number", "no match"),
    ],
)
def test_it_is_the_same_to_the_byte_as_for_statistics_of_scales(made, consumer):
    ours, theirs = made[consumer]
    assert ours == theirs
    assert ours


def test_graphite_gets_all_eleven_keys_of_each_pmf(made):
    ours, _ = made["graphite"]
    keys = [line.split()[0].removeprefix("app.requests.") for line in ours]
    assert len([key for key in keys if key.startswith("latency.")]) == 11
    assert len([key for key in keys if key.startswith("routes.~1users~1{id}~1.latency.")]) == 11
    assert {"active", "rate.count", "rate.m1", "rate.m5", "rate.m15", "responses.500"} <= set(keys)
    assert "routes.~1users~1{id}~1.exceptions.app-Oops" in keys
    assert all(len(line.split()) == 2 for line in ours)


def test_a_query_finds_what_lies_below_a_pmf(made):
    ours, _ = made["query below a PMF"]
    assert list(json.loads(ours)["routes"]) == ["/users/{id}/".replace("/", "~1"), "home"]


def test_what_scales_shows_is_what_we_recorded(made):
    page = json.loads(made["json"][0])["requests"]
    assert page["rate"]["count"] == 21
    assert page["responses"] == {"200": 20, "500": 1}
    assert '<span class="key">count</span> <span class="int">21</span>' in made["html"][0]
