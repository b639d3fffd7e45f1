"""Beside prometheus_client: our collector in its registries, and its default registry on our page."""

from __future__ import annotations

import logging
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import prometheus_client
import pytest
from expositions import FORMATS, samples
from greplin import scales
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest as generate_prometheus
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from pyramid.response import Response

from pyramid_scales.prometheus import Collector, with_registry

OURS = "# TYPE scales_a untyped\nscales_a 1\n# TYPE scales_jobs_total counter\nscales_jobs_total 2\n"


@pytest.fixture
def registry(monkeypatch):
    """An empty registry in place of prometheus_client's default one, which belongs to the process."""
    registry = CollectorRegistry()
    monkeypatch.setattr(prometheus_client, "REGISTRY", registry)
    return registry


def application(make_app, **settings):
    """An application that answered one request, with a statistic of each sort."""

    def setup(config):
        config.add_route("home", "/")
        config.add_view(lambda request: Response("home"), route_name="home")

    app = make_app({f"scales.{name}": value for name, value in settings.items()}, setup)
    app.get("/")
    shop = type("Shop", (), STATISTICS)()
    scales.init(shop, "/shop")
    shop.orders = 5
    shop.size = 1.0
    scales.getStats()["huge"] = 10**400
    return app


STATISTICS = {"orders": scales.IntStat("orders"), "size": scales.PmfStat("size")}


def collected(app, **options):
    registry = CollectorRegistry()
    registry.register(Collector(app.app.registry, **options))
    return registry


@FORMATS
def test_a_collector_yields_what_the_page_shows(make_app, openmetrics):
    app = application(make_app)
    page = app.get("/scales/?format=" + ("openmetrics" if openmetrics else "prometheus")).text
    generate = generate_openmetrics if openmetrics else generate_prometheus
    text = generate(collected(app, process=True)).decode()
    wanted, found = samples(page, openmetrics), samples(text, openmetrics)
    changing = ("process_", "pyramid_scales_last_render_seconds")
    assert {key: value for key, value in wanted.items() if not key[0].startswith(changing)} == {
        key: value for key, value in found.items() if not key[0].startswith(changing)
    }
    assert {name for name, _ in wanted} - {"pyramid_scales_last_render_seconds"} == {
        name for name, _ in found
    }


def test_a_collector_leaves_the_process_to_prometheus_client(make_app):
    names = {family.name for family in collected(application(make_app)).collect()}
    assert "http_server_request_duration_seconds" in names
    assert not {name for name in names if name.startswith("process_")}


def test_registering_a_collector_reads_nothing(make_app):
    asked = []
    scales.getStats()["asked"] = lambda: asked.append(1)
    registry = CollectorRegistry(auto_describe=True)
    registry.register(Collector(make_app().app.registry))
    assert not asked


def test_metrics_are_made_anew_at_each_scrape(make_app):
    app = application(make_app)
    registry = collected(app)
    labels = {
        "error_type": "",
        "http_request_method": "GET",
        "http_response_status_code": "200",
        "http_route": "/",
    }
    name = "http_server_request_duration_seconds_count"
    assert registry.get_sample_value(name, labels) == 1
    app.get("/")
    assert registry.get_sample_value(name, labels) == 2


@FORMATS
def test_the_default_registry_stands_behind_our_metrics(make_app, registry, openmetrics):
    Counter("shop_orders", "Orders.", ["genre"], registry=registry).labels("crime").inc(3)
    Info("shop", "The shop.", registry=registry).info({"version": "1"})
    Histogram("shop_wait_seconds", "Waiting.", registry=registry).observe(0.2)
    app = application(make_app, prometheus_registry="true")
    text = app.get("/scales/?format=" + ("openmetrics" if openmetrics else "prometheus")).text
    found = samples(text, openmetrics)
    assert found["shop_orders_total", frozenset({("genre", "crime")})] == 3
    assert found["shop_wait_seconds_count", frozenset()] == 1
    assert found["scales_shop_orders", frozenset()] == 5
    assert text.count("# EOF\n") == openmetrics


def test_the_default_registry_is_part_of_the_whole_page_only(make_app, registry):
    Gauge("shop_open", "Whether it is.", registry=registry)
    app = application(make_app, prometheus_registry="true")
    assert "shop_open" in app.get("/scales/?format=prometheus").text
    for part in ("/scales/shop/?format=prometheus", "/scales/?format=prometheus&query=orders"):
        assert "shop_open" not in app.get(part).text


def test_without_the_setting_the_default_registry_is_not_shown(make_app, registry):
    Gauge("shop_open", "Whether it is.", registry=registry)
    assert "shop_open" not in application(make_app).get("/scales/?format=prometheus").text


@FORMATS
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("scales_a", "gauge"),
        ("scales_jobs", "gauge"),
        ("scales_jobs_total", "gauge"),
        ("scales_jobs", "counter"),
    ],
)
def test_a_metric_that_would_clash_with_ours_is_left_out(registry, name, kind, openmetrics):
    metric = Metric(name, "Theirs.", kind)
    metric.add_sample(name + ("_total" if kind == "counter" else ""), {}, 7)
    other = Metric("scales_b", "Theirs.", "gauge")
    other.add_sample("scales_b", {}, 8)
    registry.register(type("Theirs", (), {"collect": lambda self: [metric, other]})())
    ours = OURS.replace("untyped", "unknown").replace("jobs_total c", "jobs c") if openmetrics else OURS
    text = with_registry(ours + ("# EOF\n" if openmetrics else ""), openmetrics=openmetrics)
    assert sorted(samples(text, openmetrics).values()) == [1, 2, 8]


def test_our_collector_in_the_default_registry_does_not_say_everything_twice(make_app, registry):
    app = application(make_app, prometheus_registry="true")
    registry.register(Collector(app.app.registry))
    assert samples(app.get("/scales/?format=openmetrics").text, openmetrics=True)


def test_a_registry_that_fails_is_logged_and_left_out(registry, caplog):
    def collect(self):
        yield Metric("fine", "", "gauge")
        raise RuntimeError("no figures today")

    broken = type("Broken", (), {"collect": collect, "describe": lambda self: ()})()
    registry.register(broken)
    with caplog.at_level(logging.ERROR):
        assert with_registry(OURS, openmetrics=False) == OURS
    assert "no figures today" in caplog.text


@FORMATS
def test_where_values_live_in_files_those_of_all_processes_are_shown(
    registry, tmp_path, monkeypatch, openmetrics
):
    Gauge("of_this_process", "Not in the files.", registry=registry)
    for pid in (1, 2):
        file = MmapedDict(str(tmp_path / f"counter_{pid}.db"))
        file.write_value(mmap_key("orders", "orders_total", [], [], "Orders."), 3 * pid, 0)
        file.close()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert samples(with_registry("", openmetrics=openmetrics), openmetrics) == {
        ("orders_total", frozenset()): 9
    }


@FORMATS
def test_the_files_of_many_processes_are_read_where_there_are_some(tmp_path, openmetrics):
    """prometheus_client decides at its import whether values live in files, so this takes a process."""
    program = f"""
import prometheus_client as client
client.Counter("orders", "Orders.").inc(3)
from pyramid_scales.prometheus import with_registry
print(with_registry("", openmetrics={openmetrics}), end="")
"""
    path = Path(find_spec("pyramid_scales").origin).parent.parent
    environment = {"PYTHONPATH": str(path), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert "orders_total 3.0\n" in done.stdout, done.stderr
    assert "process_" not in done.stdout


def test_nothing_of_prometheus_client_is_imported_before_it_is_used():
    program = """
import sys
from webtest import TestApp
from pyramid.config import Configurator
import pyramid_scales.prometheus
config = Configurator()
config.include("pyramid_scales")
app = TestApp(config.make_wsgi_app())
app.get("/scales/?format=openmetrics")
print([name for name in sys.modules if name.startswith("prometheus_client")])
"""
    path = Path(find_spec("pyramid_scales").origin).parent.parent
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, env={"PYTHONPATH": str(path)}, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
