"""What it costs to time a request, next to doing nothing and to the peers.

    python benchmarks/tween.py

The unit is a tween that reads ``perf_counter`` twice and does nothing with it: no timing tween can cost
less. "alone" is the tween around a function that does nothing; the other columns are whole requests to a
small application through its router, in units, and by how much they grow, from one thread and from eight.
(The unit itself is lost in the noise of eight threads.) The variants take turns within one process; what
counts is the median, over all rounds, of the difference to the bare application in the same round. One
thread is measured by its processor time, eight by the clock on the wall.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, perf_counter_ns, thread_time_ns
from typing import Any

warnings.simplefilter("ignore")

from greplin import scales  # noqa: E402
from opentelemetry import metrics, trace  # noqa: E402
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: E402
from pyramid.config import Configurator  # noqa: E402
from pyramid.interfaces import IRoutesMapper  # noqa: E402
from pyramid.request import Request  # noqa: E402
from pyramid.response import Response  # noqa: E402

from pyramid_scales import application  # noqa: E402
from pyramid_scales.tween import scales_tween_factory  # noqa: E402

THREADS = 8
WARMING = 20
Handler = Callable[[Request], Any]
Factory = Callable[[Handler, Any], Handler]
Times = dict[str, list[float]]


def nothing(handler: Handler, registry: object) -> Handler:
    """A tween that does nothing."""

    def tween(request: Request) -> Any:
        return handler(request)

    return tween


def unit(handler: Handler, registry: object) -> Handler:
    """The least that a timing tween can do."""
    clock = perf_counter

    def tween(request: Request) -> Any:
        start = clock()
        try:
            return handler(request)
        finally:
            clock() - start

    return tween


class Stats:
    """What scales offers for durations by route."""

    routes = scales.NamedPmfDictStat("routes")

    def __init__(self) -> None:
        scales.init(self, "benchmark")


def pmf(handler: Handler, registry: object) -> Handler:
    """A PmfStat for each route."""
    stats = Stats()

    def tween(request: Request) -> Any:
        start = perf_counter()
        try:
            return handler(request)
        finally:
            stats.routes[request.matched_route.name].addValue(perf_counter() - start)

    return tween


def prometheus(handler: Handler, registry: object) -> Handler:
    """A minimal tween of prometheus_client's Counter and Histogram with labels."""
    labels, to = ("route", "method", "status"), CollectorRegistry()
    requests = Counter("requests", "Requests", labels, registry=to)
    durations = Histogram("duration_seconds", "Durations", labels, registry=to)

    def tween(request: Request) -> Any:
        start = perf_counter()
        response = handler(request)
        took = perf_counter() - start
        values = (request.matched_route.pattern, request.method, response.status_code)
        requests.labels(*values).inc()
        durations.labels(*values).observe(took)
        return response

    return tween


def opentelemetry(config: Configurator) -> None:
    """Its instrumentation of Pyramid with its SDK: traces that nobody exports, and metrics."""
    trace.set_tracer_provider(TracerProvider())
    metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()]))
    config.include("opentelemetry.instrumentation.pyramid.callbacks")


def with_tween(name: str) -> Callable[[Configurator], None]:
    """The variant of a tween of this file."""
    return lambda config: config.add_tween(f"{__name__}.{name}")


def ours(timing: str) -> Callable[[Configurator], None]:
    """Included as in any application; after its routes, so that matching them costs the same."""

    def setup(config: Configurator) -> None:
        config.add_settings({"scales.timing": timing})
        config.include("pyramid_scales")

    return setup


VARIANTS: dict[str, Callable[[Configurator], None]] = {
    "bare application": lambda config: None,
    "a tween that does nothing": with_tween("nothing"),
    "perf_counter twice (the unit)": with_tween("unit"),
    "pyramid_scales": ours("true"),
    "pyramid_scales, scales.timing = false": ours("false"),
    "a scales PmfStat per route": with_tween("pmf"),
    "prometheus_client, minimal tween": with_tween("prometheus"),
    "OpenTelemetry's instrumentation, SDK": opentelemetry,
}
BARE, _, UNIT, OURS, OFF, *_ = VARIANTS
FACTORIES: dict[str, Factory] = dict(
    zip(
        VARIANTS, (lambda h, r: h, nothing, unit, scales_tween_factory, scales_tween_factory, pmf, prometheus)
    )
)


def make_app(setup: Callable[[Configurator], None]) -> Any:
    """An application of one route with a text."""
    config = Configurator()
    config.add_route("home", "/")
    config.add_view(lambda request: Response("Hello"), route_name="home")
    setup(config)
    return config.make_wsgi_app()


def environs(count: int) -> list[dict[str, Any]]:
    """As a server makes them, one for each request."""
    return [Request.blank("/").environ for _ in range(count)]


def start_response(status: str, headers: object, exc_info: object = None) -> None:
    """The server's part."""


def alternate(rounds: int, variants: dict[str, Callable[[], float]]) -> Times:
    """What each took in each round; they take turns."""
    times: Times = {name: [] for name in variants}
    order, source = list(variants), random.Random(1)
    gc.disable()
    for _ in range(rounds):
        gc.collect()
        source.shuffle(order)
        for name in order:
            times[name].append(variants[name]())
    gc.enable()
    return times


def timed(work: Callable[[Any], object], arguments: Sequence[Any]) -> float:
    """Nanoseconds that a call takes, on the processor, once the first ones have warmed its caches."""
    for argument in arguments[:WARMING]:
        work(argument)
    start = thread_time_ns()
    for argument in arguments[WARMING:]:
        work(argument)
    return (thread_time_ns() - start) / (len(arguments) - WARMING)


def alone(apps: dict[str, Any], rounds: int, calls: int) -> Times:
    """Nanoseconds of a call of each tween around a function that does nothing."""
    response, request = Response("Hello"), Request.blank("/")
    route = apps[BARE].registry.getUtility(IRoutesMapper).get_route("home")
    request.__dict__["matched_route"] = route
    tweens = {name: make(lambda request: response, apps[name].registry) for name, make in FACTORIES.items()}
    work = {name: lambda tween=tween: timed(tween, [request] * calls) for name, tween in tweens.items()}
    return alternate(rounds, work)


def whole(apps: dict[str, Any], rounds: int, calls: int) -> Times:
    """Nanoseconds of a request to each application."""

    def run(app: Any) -> float:
        return timed(lambda environ: app(environ, start_response), environs(calls))

    return alternate(rounds, {name: lambda app=app: run(app) for name, app in apps.items()})


def threaded(apps: dict[str, Any], rounds: int, calls: int) -> Times:
    """The same with eight threads at once, by the clock on the wall."""

    def run(app: Any) -> float:
        barrier = threading.Barrier(THREADS + 1)

        def work(mine: list[dict[str, Any]]) -> None:
            barrier.wait()
            timed(lambda environ: app(environ, start_response), mine)

        threads = [threading.Thread(target=work, args=(environs(calls),)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        barrier.wait()
        start = perf_counter_ns()
        for thread in threads:
            thread.join()
        return (perf_counter_ns() - start) / calls / THREADS

    return alternate(rounds, {name: lambda app=app: run(app) for name, app in apps.items()})


def added(times: Times, name: str) -> float:
    """Nanoseconds that a variant adds to a bare request."""
    return median(mine - bare for mine, bare in zip(times[name], times[BARE], strict=True))


def in_units(times: Times, name: str) -> str:
    """The same in units."""
    return f"{added(times, name) / added(times, UNIT):.1f}" if name in times else "-"


def growth(times: Times, name: str) -> str:
    """By how much a request grows."""
    return f"{100 * added(times, name) / median(times[BARE]):+.1f} %"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="rounds of each variant (default: 200)")
    parser.add_argument("--calls", type=int, default=200, help="requests in a round (default: 200)")
    options = parser.parse_args()
    apps = {name: make_app(setup) for name, setup in VARIANTS.items()}
    own = application.of(apps[OURS].registry).recorder
    one = alone(apps, options.rounds, 5 * options.calls)
    request = whole(apps, options.rounds, options.calls)
    eight = threaded(apps, max(options.rounds // 4, 1), options.calls // 2)
    if own is None or not own.requests().series:
        raise SystemExit("pyramid_scales has counted nothing: its figures would mean nothing")
    print(f"Python {sys.version.split()[0]}; a bare request takes {median(request[BARE]) / 1000:.1f} µs")
    print(f"{'what is added to a request':<38}{'alone':>8}{'request':>10}{'grows by':>11}{'8 threads':>12}")
    for name in VARIANTS:
        units, grows = [in_units(times, name) for times in (one, request)], growth(request, name)
        print(f"{name:<38}{units[0]:>8}{units[1]:>10}{grows:>11}{growth(eight, name):>12}")


if __name__ == "__main__":
    main()
