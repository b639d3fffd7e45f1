"""What the text for Prometheus costs, measured in json.dumps of the same data, and how it grows.

    python benchmarks/exposition.py

Every figure is a ratio of two times of one run: the variants take turns, and each counts with the
fastest of its rounds, which other programs on the machine have disturbed least. "First" is a scrape whose
statistics were never seen before (their names are worked out); the others have the same statistics with new
values. For requests the same data is a dictionary of the samples.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator

from _rounds import Variants, fastest
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest

from pyramid_scales.exposition import exposition
from pyramid_scales.exposition.layout import layout
from pyramid_scales.snapshot import Kind, Labels, Node, Requests, Series, Snapshot

PMF = ("min", "max", "mean", "stddev", "median")
PMF += ("75percentile", "95percentile", "98percentile", "99percentile", "999percentile")


def parent(children: dict[str, Node]) -> Node:
    """A group of containers."""
    return Node({key: child.data for key, child in children.items()}, Kind.GROUP, children)


def trees(samples: int) -> Iterator[tuple[str, Node]]:
    """Trees that make so many samples, by what they are made of."""
    dice = random.Random(1)

    def pmf() -> Node:
        return Node({"count": dice.randrange(1000), **{key: dice.random() for key in PMF}}, Kind.PMF)

    def group(size: int) -> Node:
        values = (dice.randrange(10**6), dice.random(), True, dice.randrange(9))
        return Node({f"statistic_{number}": values[number % 4] for number in range(size)})

    def codes(size: int) -> Node:
        return Node({f"code {number}": dice.randrange(10**6) for number in range(size)}, Kind.DICT)

    yield "dictionaries of 100 ints", parent({f"d{number}": codes(100) for number in range(samples // 100)})
    yield "groups of 10, mixed types", parent({f"g{number}": group(10) for number in range(samples // 10)})
    yield "distributions of 11 figures", parent({f"p{number}": pmf() for number in range(samples // 11)})
    share = samples // 3
    everything = {f"d{number}": codes(100) for number in range(share // 100)}
    everything |= {f"g{number}": group(10) for number in range(share // 10)}
    everything |= {f"p{number}": pmf() for number in range(share // 11)}
    yield "a third of each", parent(everything)


def requests(samples: int) -> Requests:
    """Series of requests that make so many samples."""
    bounds = tuple(sorted({*[round(1000 * 2 ** (step / 16)) for step in range(512)], *LE}))
    series = [
        Series(
            Labels(f"r{number}", f"/r{number}/{{id}}", "GET", 200, ""),
            [number % 7] * (len(bounds) + 1),
            9,
            [],
            (),
        )
        for number in range(samples // (len(LE) + 3))
    ]
    return Requests(bounds, LE, series, active=1, now=0, max_series=len(series))


LE = tuple(
    int(second * 1e9)
    for second in (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
)


def render(snapshot: Snapshot, openmetrics: bool = False) -> str:
    """The exposition of the whole snapshot."""
    return exposition.render(snapshot, (), snapshot.root, openmetrics=openmetrics)


def first(snapshot: Snapshot) -> str:
    """The same by a process that has never seen these statistics."""
    exposition._form.cache_clear()
    exposition._series.cache_clear()
    return render(snapshot)


class Peer:
    """The same families for prometheus_client to write."""

    def __init__(self, snapshot: Snapshot) -> None:
        found = exposition.surveyed(snapshot, (), snapshot.root, nonnegative_quantiles=False)
        self.families = []
        for family in layout(found.shapes, found.types):
            metric = Metric(family.name, family.help, family.type)
            for suffix, labels, position in family.samples:
                metric.add_sample(family.name + suffix, dict(labels), found.values[position])
            self.families.append(metric)

    def collect(self) -> list[Metric]:
        """As a registry does."""
        return self.families


def data_of(snapshot: Snapshot) -> object:
    """What json.dumps is given."""
    if not snapshot.requests:
        return snapshot.root.data
    lines = [line for line in render(snapshot).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def compare(snapshot: Snapshot, rounds: int) -> tuple[int, dict[str, float]]:
    """The number of samples, and the times of the variants."""
    data = data_of(snapshot)
    text = render(snapshot)
    variants: Variants = {
        "json": lambda: json.dumps(data),
        "text": lambda: render(snapshot),
        "openmetrics": lambda: render(snapshot, openmetrics=True),
    }
    times = fastest(variants, rounds)
    times |= fastest({"first": lambda: first(snapshot)}, max(2, rounds // 10))
    if not snapshot.requests:
        peer = Peer(snapshot)
        times |= fastest({"peer": lambda: generate_latest(peer)}, max(2, rounds // 10))
    return sum(not line.startswith("#") for line in text.splitlines()), times


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    print("times as multiples of json.dumps of the same data\n")
    heads = f"{'samples':>8} {'text':>6} {'OpenMetrics':>11} {'first':>6} {'prometheus_client':>17}"
    print(f"{'10,000 samples':<28} {heads}")
    shapes = [(name, Snapshot(tree)) for name, tree in trees(10_000)]
    shapes.append(("requests, 588 series", Snapshot(Node({}), requests=requests(10_000))))
    for name, snapshot in shapes:
        samples, times = compare(snapshot, rounds)
        ratios = {key: value / times["json"] for key, value in times.items()}
        figures = f"{ratios['text']:6.2f} {ratios['openmetrics']:11.2f} {ratios['first']:6.1f}"
        peer = f"{ratios['peer']:17.1f}" if "peer" in ratios else ""
        print(f"{name:<28} {samples:8,} {figures} {peer}")
    grow(rounds)


def grow(rounds: int) -> None:
    """How text and json.dumps grow with the same mixed tree; 1.00 is linear."""
    print("\na third of each: time per sample, as a multiple of that at 1,000 samples\n")
    print(f"{'samples':>8} {'text':>6} {'first':>6} {'json.dumps':>10}")
    base: dict[str, float] = {}
    for size in (1_000, 10_000, 100_000):
        snapshot = Snapshot(dict(trees(size))["a third of each"])
        samples, times = compare(snapshot, max(5, rounds * 2_000 // size))
        each = {key: value / samples for key, value in times.items()}
        base = base or each
        ratios = {key: each[key] / base[key] for key in each}
        print(f"{samples:8,} {ratios['text']:6.2f} {ratios['first']:6.2f} {ratios['json']:10.2f}")


if __name__ == "__main__":
    main()
