"""What the page costs: the whole of it, a refresh of it, its growth, its memory.

    python benchmarks/page.py

Every figure is a ratio of two times of one run: the variants take turns, and each counts with the
fastest of its rounds, which other programs on the machine have disturbed least. The work below HTTP is
measured: from a snapshot to the text that is sent.
"""

from __future__ import annotations

import argparse
import json
import random
import tracemalloc
import types
import warnings
from array import array
from collections import Counter
from dataclasses import replace
from itertools import accumulate

warnings.simplefilter("ignore")

from _rounds import fastest  # noqa: E402
from greplin import scales  # noqa: E402
from reading import plant  # noqa: E402

from pyramid_scales.address import Address  # noqa: E402
from pyramid_scales.figures.request_tree import as_node  # noqa: E402
from pyramid_scales.packed import FORMAT  # noqa: E402
from pyramid_scales.page import page  # noqa: E402
from pyramid_scales.page.gather import gather, shape  # noqa: E402
from pyramid_scales.recording.histogram import make_bounds  # noqa: E402
from pyramid_scales.settings import parse  # noqa: E402
from pyramid_scales.snapshot import (  # noqa: E402
    SLICE_NS,
    Buckets,
    Labels,
    Requests,
    Series,
    Slices,
    Snapshot,
)
from pyramid_scales.tree import tree  # noqa: E402


def context_of(requests: Requests | None = None, path: tuple[str, ...] = ()) -> page.PageContext:
    """What the page of the tree as it is depends on."""
    root, problems = tree.read(path)
    found = root
    for key in path:
        found = found.children[key]
    return page.PageContext(Snapshot(root, problems, requests), found, path, Address("/scales/"), now=1e9)


def refresh_of(context: page.PageContext) -> page.PageContext:
    """The same as the page's script asks for it."""
    closed = frozenset() if context.snapshot.requests is None else frozenset([(page.OWN,)])
    return replace(context, fragment=shape(gather(context.found, context.path, closed)))


def requests_of(routes: int) -> Requests:
    """An application's requests: some routes are busy, most are not, one in four fails now and then."""
    chance = random.Random(6)
    le_ns = tuple(round(bound * 1e9) for bound in parse({}).buckets)
    bounds = make_bounds([bound / 1e9 for bound in le_ns])
    series = []
    for number in range(routes):
        busy = 1 / (1 + number)
        series.append(_series(chance, bounds, f"route_{number}", 200, "", busy))
        if number % 4 == 0:
            series.append(_series(chance, bounds, f"route_{number}", 500, "ValueError", busy / 9))
    clock_ns = 1000 * SLICE_NS + SLICE_NS // 2
    return Requests(bounds, le_ns, tuple(series), 3, 1000, 500, clock_ns=clock_ns, started_ns=0)


def _series(
    chance: random.Random, bounds: tuple[int, ...], route: str, status: int, error: str, busy: float
) -> Series:
    middle = chance.randrange(len(bounds) // 4, len(bounds) // 2)
    counts = [
        1 + int(chance.random() * busy * 200) if chance.random() < max(busy * 9, 0.1) else 0
        for _ in range(91)
    ]
    durations = Counter(round(chance.gauss(middle, 20)) for _ in range(sum(counts)))
    first, last = min(durations), max(durations)
    amounts = array(FORMAT, [durations[place] for place in range(first, last + 1)])
    buckets = Buckets(first, amounts, sum(counts))
    lately = array(FORMAT, [-(-amount // 3) for amount in buckets.amounts])
    recent = Buckets(first, lately, sum(lately))
    held = list(accumulate(counts[:-1], initial=0))
    slices = Slices(held, [count * 9_000_000 for count in held[::3]])
    labels = Labels(route, f"/{route}/{{id}}", "GET", status, error)
    return Series(labels, buckets, sum(counts) * 9_000_000, recent, slices, recent.total * 9_000_000)


def compare(leaves: int, rounds: int) -> None:
    """The page and its refresh against ``json.dumps`` of the same data."""
    print(f"{leaves:,} statistics, in units of json.dumps of the same data   page  refresh")
    requests = requests_of(200)
    for kind in ("counters", "distributions"):
        scales.reset()
        plant(leaves, kind)
        for more in (None, requests):
            context = context_of(more)
            data = [context.found.data] + ([as_node(more).data] if more else [])
            again = refresh_of(context)
            variants = {
                "dumps": lambda data=data: json.dumps(data),
                "page": lambda context=context: page.render(context),
                "refresh": lambda again=again: page.render(again),
            }
            times = fastest(variants, rounds)
            title = kind + (" and 200 routes" if more else "")
            print(
                f"  {title:<63}{times['page'] / times['dumps']:5.2f}{times['refresh'] / times['dumps']:9.2f}"
            )


def grow(rounds: int) -> None:
    """Time for each statistic as the tree grows, and of a small part of it."""
    print("statistics        for each, in units of 1,000   page of ten of them   peak memory / output")
    unit = small = 0.0
    for leaves in (1_000, 100, 10_000, 100_000):
        scales.reset()
        plant(leaves, "counters")
        container = scales.init(types.SimpleNamespace(), "ten")
        for number in range(10):
            container[f"statistic {number}"] = number
        whole, part = context_of(), context_of(path=("ten",))
        each = fastest({"page": lambda whole=whole: page.render(whole)}, rounds)["page"] / leaves
        ten = fastest({"page": lambda part=part: page.render(part)}, rounds * 20)["page"]
        unit, small = unit or each, small or ten
        tracemalloc.start()
        size = len(page.render(whole))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"{leaves:>10,}{each / unit:>25.2f}{ten / small:>25.2f}{peak / size:>22.2f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    compare(10_000, rounds)
    print()
    grow(max(rounds // 6, 3))


if __name__ == "__main__":
    main()
