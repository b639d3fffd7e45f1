"""What sharing costs: bounds on what ``benchmarks/shared.py`` finds, in processor times of one run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import sharing

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
IN_MEMORY = "/dev/shm"
TRIES = 8

RUN = """
import json, sys, tempfile
sys.path.insert(0, sys.argv[1])
import shared
with tempfile.TemporaryDirectory(dir=sys.argv[2] or None) as directory:
    print(json.dumps(getattr(shared, sys.argv[3])(directory, *map(int, sys.argv[4:]))))
"""


def figures(name, *arguments):
    """What a function of the benchmark finds."""
    place = IN_MEMORY if os.path.isdir(IN_MEMORY) else ""
    return json.loads(sharing.run(RUN, BENCHMARKS, place, name, *arguments))


def check(bound, measure):
    """The least of some results counts: a busy machine only adds to them."""
    found = []
    while len(found) < TRIES and min(found, default=bound + 1) > bound:
        found.append(measure())
    assert min(found) <= bound, found


@pytest.mark.parametrize("rounds", [60, pytest.param(500, marks=pytest.mark.soak)])
def test_a_record_in_shared_memory_costs_little_more_than_one_in_private_memory(rounds):
    check(1.15, lambda: figures("records", rounds))


@pytest.mark.parametrize("rounds", [10, pytest.param(60, marks=pytest.mark.soak)])
def test_a_page_of_eight_workers_costs_at_most_four_pages_of_one(rounds):
    def measure():
        found = figures("pages", 50, rounds)
        return max(found["html"][0], found["json"][0])

    check(4, measure)


def test_a_scrape_of_eight_workers_costs_at_most_four_scrapes_of_one():
    check(4, lambda: figures("pages", 50, 10)["prometheus"][0])


@pytest.mark.parametrize("rounds", [2, pytest.param(15, marks=pytest.mark.soak)])
def test_a_page_of_eight_workers_with_500_series_each_takes_at_most_a_second(rounds):
    check(1, lambda: max(seconds for _, seconds in figures("pages", 500, rounds).values()))


@pytest.mark.parametrize("workers", [25, pytest.param(500, marks=pytest.mark.soak)])
def test_reading_costs_the_same_however_many_workers_have_come_and_gone(workers):
    check(1.15, lambda: figures("gone", workers, 15))
