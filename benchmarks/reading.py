"""What JSON costs, how it grows, and whether a small page pays for a large tree.

    python benchmarks/reading.py

Every figure is a ratio of two times of one run: the variants take turns, and each counts with the
fastest of its rounds, which other programs on the machine have disturbed least.
"""

from __future__ import annotations

import argparse
import gc
import html
import io
import json
import logging
import sys
import time
import tracemalloc
import types
import warnings
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

warnings.simplefilter("ignore")
sys.modules["cgi"] = types.SimpleNamespace(escape=html.escape)  # scales' formats imports it; WebOb after us
from greplin import scales  # noqa: E402
from greplin.scales import formats  # noqa: E402

del sys.modules["cgi"]

from pyramid.config import Configurator  # noqa: E402

from pyramid_scales import renderers, tree  # noqa: E402

Variants = dict[str, Callable[[], object]]


def fastest(variants: Variants, rounds: int) -> dict[str, float]:
    """Seconds of the fastest round of each variant; they alternate."""
    best = dict.fromkeys(variants, float("inf"))
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, function in variants.items():
            started = time.perf_counter()
            function()
            best[name] = min(best[name], time.perf_counter() - started)
    gc.enable()
    return best


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
        scales.reset()
        plant(leaves, shape)
        fetch = make_app()
        for pretty in (False, True):
            indent, target = (2, "/scales/?format=prettyjson") if pretty else (None, "/scales/?format=json")
            data, whole = json.loads(ours(pretty=pretty)), json.loads(fetch(target))
            times = fastest(
                {
                    "dumps": lambda data=data, indent=indent: json.dumps(data, indent=indent),
                    "ours": lambda pretty=pretty: ours(pretty=pretty),
                    "dumps whole": lambda whole=whole, indent=indent: json.dumps(whole, indent=indent),
                    "request": lambda fetch=fetch, target=target: fetch(target),
                    "scales": lambda pretty=pretty: scales_own(pretty),
                },
                rounds,
            )
            name = f"{'pretty ' if pretty else ''}JSON of {shape}"
            print(
                f"  {name:<60}{times['ours'] / times['dumps']:>12.2f}"
                f"{times['request'] / times['dumps whole']:>16.2f}{times['scales'] / times['dumps']:>9.2f}"
            )


def grow(rounds: int) -> None:
    """Time a statistic from 100 to 100,000 of them, the peak of memory, and a page of ten among them."""
    print("growth, in units of the time for 1,000      a statistic   memory / output   a page of ten")
    times, peaks = {}, {}
    for leaves in (1_000, 100, 10_000, 100_000):
        scales.reset()
        plant(leaves, "counters")
        ten = scales.init(types.SimpleNamespace(), "ten")
        ten.update({f"statistic {key}": key for key in range(10)})
        # Not in turns: the large page would leave the small one a cold cache.
        times[leaves] = fastest({"all": ours}, max(5, rounds * 1_000 // leaves))
        times[leaves] |= fastest({"ten": lambda: ours(("ten",))}, 50 * rounds)
        tracemalloc.start()
        size = len(ours())
        peaks[leaves] = tracemalloc.get_traced_memory()[1] / size
        tracemalloc.stop()
    for leaves in sorted(times):
        each = times[leaves]["all"] / leaves / (times[1_000]["all"] / 1_000)
        small = times[leaves]["ten"] / times[1_000]["ten"]
        print(f"  {leaves:>9,} statistics{each:>37.2f}{peaks[leaves]:>18.1f}{small:>16.2f}")


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
