"""What JSON costs, how it grows, and whether a small page pays for a large tree.

    python benchmarks/reading.py

Every figure is a ratio of two processor times of one run: the variants take turns, and each counts with
the fastest of its rounds, which other programs on the machine have disturbed least.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import logging
import sys
import tracemalloc
import types
import warnings
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

warnings.simplefilter("ignore")
sys.modules["cgi"] = types.SimpleNamespace(escape=html.escape)  # scales' formats imports it; WebOb after us
from _rounds import fastest  # noqa: E402
from greplin import scales  # noqa: E402
from greplin.scales import formats  # noqa: E402

del sys.modules["cgi"]

from pyramid.config import Configurator  # noqa: E402

from pyramid_scales import renderers  # noqa: E402
from pyramid_scales.tree import tree  # noqa: E402


def plant(leaves: int, shape: str) -> None:
    """Put that many statistics into the tree: counters in groups of a hundred, or distributions."""
    if shape == "counters":
        for number in range(leaves // 100):
            container = scales.init(types.SimpleNamespace(), f"group {number}")
            for key in range(100):
                container[f"statistic {key}"] = (key * 7919, key / 7, f"text {key}")[
                    key % 10 // 6 + key % 10 // 9
                ]
    else:
        container = scales.init(types.SimpleNamespace(), "distributions")
        for number in range(leaves // 11):
            container[f"latency {number}"] = pmf = scales.PmfStatDict()
            pmf.addValue(number / 7)
            pmf.addValue(number / 3)


def _value(key: int) -> int | float | str:
    """Six of ten are integers, three are floats, one is text."""
    kind = key % 10
    return key * 7919 if kind < 6 else key / 7 if kind < 9 else f"text {key}"


def ours(path: tuple[str, ...] = (), pretty: bool = False) -> str:
    """The work below HTTP: the snapshot, and its text."""
    root, _ = tree.read(path)
    for key in path:
        root = root.children[key]
    return renderers.to_json(root.data, pretty)


def scales_own(pretty: bool = False) -> str:
    """What greplin.scales writes itself."""
    out = io.StringIO()
    formats.jsonFormat(out, scales.getStats(), pretty=pretty)
    return out.getvalue()


def make_app() -> Callable[[str], bytes]:
    """An application that holds nothing but our page; the result fetches one path."""
    with Configurator() as config:
        config.include("pyramid_scales")
    app = config.make_wsgi_app()

    def fetch(target: str) -> bytes:
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query}
        setup_testing_defaults(environ)
        return b"".join(app(environ, lambda status, headers: None))

    return fetch


def compare(leaves: int, rounds: int) -> None:
    """JSON against ``json.dumps`` of the same plain data."""
    title = f"{leaves:,} statistics, in units of json.dumps of the same data"
    print(f"{title:<60}  below HTTP   whole request   scales")
    for shape in ("counters", "distributions"):
        for pretty in (False, True):
            scales.reset()
            plant(leaves, shape)
            below, own = _in_units_of_dumps(lambda pretty=pretty: ours(pretty=pretty), pretty, rounds)
            fetch, target = make_app(), f"/scales/?format={'pretty' if pretty else ''}json"
            whole, _ = _in_units_of_dumps(lambda fetch=fetch, target=target: fetch(target), pretty, rounds)
            print(f"  {'pretty ' * pretty + f'JSON of {shape}':<60}{below:>12.2f}{whole:>16.2f}{own:>9.2f}")


def _in_units_of_dumps(function: Callable[[], str | bytes], pretty: bool, rounds: int) -> tuple[float, float]:
    """What the function takes, and what scales takes, for the text that the function makes."""
    data, indent = json.loads(function()), 2 if pretty else None
    variants = {"dumps": lambda: json.dumps(data, indent=indent), "function": function}
    times = fastest(variants | {"scales": lambda: scales_own(pretty)}, rounds)
    return times["function"] / times["dumps"], times["scales"] / times["dumps"]


def grow(rounds: int) -> None:
    """Time a statistic from 100 to 100,000 of them, the peak of memory, and a page of ten among them."""
    title = "growth, in units of the same at 1,000"
    print(f"{title:<42} a statistic  memory/output  page of ten: below HTTP   whole")
    found = {}
    for leaves in (1_000, 100, 10_000, 100_000):
        scales.reset()
        plant(leaves, "counters")
        ten = scales.init(types.SimpleNamespace(), "ten")
        ten.update({f"statistic {key}": key for key in range(10)})
        # Not in turns: the large page would leave the small one a cold cache.
        times = fastest({"all": ours}, max(5, rounds * 1_000 // leaves))
        times |= fastest({"ten": lambda: ours(("ten",))}, 50 * rounds)
        tracemalloc.start()
        size = len(ours())
        times["memory"] = tracemalloc.get_traced_memory()[1] / size
        tracemalloc.stop()
        fetch = make_app()
        times |= fastest({"whole": lambda fetch=fetch: fetch("/scales/ten/?format=json")}, 20 * rounds)
        found[leaves] = {**times, "all": times["all"] / leaves}
    for leaves, times in sorted(found.items()):
        each, ten, whole = (times[name] / found[1_000][name] for name in ("all", "ten", "whole"))
        print(f"  {leaves:>9,} statistics{each:>34.2f}{times['memory']:>15.1f}{ten:>25.2f}{whole:>8.2f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    logging.disable()
    print(f"Python {sys.version.split()[0]}")
    compare(10_000, rounds)
    grow(rounds)


if __name__ == "__main__":
    main()
