"""How the benchmarks take their times."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping

Variants = Mapping[str, Callable[[], object]]


def fastest(variants: Variants, rounds: int) -> dict[str, float]:
    """Processor seconds of the fastest round of each variant; they alternate."""
    best = dict.fromkeys(variants, float("inf"))
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, function in variants.items():
            started = time.process_time()
            function()
            best[name] = min(best[name], time.process_time() - started)
    gc.enable()
    return best
