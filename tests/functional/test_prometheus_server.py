"""A real Prometheus scrapes an application of four workers; its HTTP API says what it made of that."""

from __future__ import annotations

import http.client
import http.server
import json
import math
import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import contributed
import prometheus_server
import promtool
import pytest
import servers
from expositions import render
from scraped_app import TOKEN
from snapshots import HOSTILE_TREE

from pyramid_scales.address import clean
from pyramid_scales.exposition import exposition

COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"
SLOW = '{job="shop", http_route="/slow/{seconds}"}'


def configuration(port, rules):
    jobs = {
        "shop": {"authorization": {"credentials": TOKEN}},
        "text": {"authorization": {"credentials": TOKEN}, "params": {"format": ["prometheus"]}},
        "stranger": {},
        "guesser": {"authorization": {"credentials": "another token"}},
    }
    target = [{"targets": [f"127.0.0.1:{port}"]}]
    common = {"metrics_path": "/scales/", "static_configs": target}
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": name, **common, **job} for name, job in jobs.items()],
    }


def load(server, seconds, duration, clients=4):
    """Requests that take so long, from several clients, for a while; the moment of each answer."""
    answered = []

    def client():
        end = time.monotonic() + duration
        while time.monotonic() < end:
            status, body = server.get(f"/slow/{seconds}")
            assert status == 200
            answered.append((time.time(), int(body)))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered


def get(port, path, headers):
    """The status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """An application under load, and the Prometheus that has scraped it all the while."""
    tmp_path = tmp_path_factory.mktemp("scraped")
    rules = shutil.copy(contributed.RULES, tmp_path)
    with (
        servers.gunicorn(tmp_path, "--workers", "4", app="scraped_app:make()") as server,
        prometheus_server.running(tmp_path, configuration(server.port, rules)) as prometheus,
    ):
        for _ in range(3):
            assert server.get("/broken")[0] == 500
        prometheus.wait_for(f'{COUNT}{{job="shop", http_route="/broken"}}', 3)
        answers = load(server, 0.3, 12)
        prometheus.wait_for(f"sum({COUNT}{SLOW})", len(answers))
        yield SimpleNamespace(server=server, prometheus=prometheus, answers=answers)


def test_every_request_is_counted_once_whichever_worker_answered(scraped):
    assert len({pid for _, pid in scraped.answers}) > 1
    assert scraped.prometheus.value(f"sum({COUNT}{SLOW})") == len(scraped.answers)


def test_the_rate_is_that_of_the_load(scraped):
    moments = sorted(moment for moment, _ in scraped.answers)
    first, last = moments[0] + 2, moments[-1] - 1
    seconds = math.floor(last - first)
    load = sum(last - seconds < moment <= last for moment in moments) / seconds
    rate = scraped.prometheus.value(f"sum(rate({COUNT}{SLOW}[{seconds}s]))", time=last)
    assert rate == pytest.approx(load, rel=0.25)


def test_percentiles_lie_in_the_bucket_of_what_the_requests_took(scraped):
    for quantile in (0.05, 0.5, 0.9):
        expression = f"histogram_quantile({quantile}, sum by (le) (rate({BUCKET}{SLOW}[30s])))"
        assert 0.25 < scraped.prometheus.value(expression) <= 0.5


def test_the_99th_percentile_lies_between_the_sleep_and_the_slowest_request(scraped):
    path = "/scales/pyramid/requests/routes/slow/latency/max?format=json"
    status, body = get(scraped.server.port, path, {"Authorization": f"Bearer {TOKEN}"})
    assert status == 200
    bucket_of_slowest = next(bound for bound in (0.5, 0.75, 1, 2.5, 5, 7.5, 10) if json.loads(body) <= bound)
    expression = f"histogram_quantile(0.99, sum by (le) (rate({BUCKET}{SLOW}[30s])))"
    assert 0.25 < scraped.prometheus.value(expression) <= bucket_of_slowest


def test_no_request_is_counted_below_what_it_took(scraped):
    faster = SLOW[:-1] + ', le="0.25"}'
    assert scraped.prometheus.value(f"sum({BUCKET}{faster})") == 0


def test_errors_carry_the_class_of_the_exception(scraped):
    found = scraped.prometheus.query(f'{COUNT}{{job="shop", error_type!=""}}')
    [(labels, value)] = found
    assert (labels["error_type"], labels["http_response_status_code"], value) == (
        "LookupError",
        "500",
        3,
    )


def test_both_formats_tell_the_same(scraped):
    for name in (COUNT, BUCKET, "scales_shop_orders", "scales_shop_codes", "scales_shop_size_count"):
        scraped.prometheus.wait_for(f'sum({name}{{job="text"}}) / sum({name}{{job="shop"}})', 1)


def test_a_label_comes_back_as_the_key_was(scraped):
    [(labels, _)] = scraped.prometheus.query('scales_shop_codes{job="shop"}')
    assert labels["key"] == 'awkward "key"\n\\'


def test_types_and_help_arrive(scraped):
    metadata = scraped.prometheus.api("metadata")
    assert metadata["http_server_request_duration_seconds"][0]["type"] == "histogram"
    assert metadata["scales_shop_size"][0]["type"] == "summary"
    assert metadata["scales_shop_orders"][0]["help"] == "shop/orders of the application."


def test_prometheus_takes_the_most_awkward_names_in_both_formats(tmp_path):
    texts = {
        "/openmetrics": (exposition.OPENMETRICS, render(HOSTILE_TREE, openmetrics=True)),
        "/prometheus": (exposition.PROMETHEUS, render(HOSTILE_TREE)),
    }
    with serving_texts(texts) as port:
        target = [{"targets": [f"127.0.0.1:{port}"]}]
        jobs = [{"job_name": path[1:], "metrics_path": path, "static_configs": target} for path in texts]
        scrape = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        with prometheus_server.running(tmp_path, scrape) as prometheus:
            for path, (_, text) in texts.items():
                lines = [line for line in text.split("\n") if line and not line.startswith("#")]
                prometheus.wait_for(f'scrape_samples_scraped{{job="{path[1:]}"}}', len(lines))
            keys = {labels["key"] for labels, _ in prometheus.query('scales_d{job="openmetrics"}')}
    assert keys == {clean(key) for key in HOSTILE_TREE.children["d"].data}


@contextmanager
def serving_texts(texts):
    """An HTTP server with these answers (content type and text) by path; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content_type, text = texts[self.path]
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("app", ["scraped_app:make()", "pyramid_scales.demo:make_wsgi_app()"])
def test_promtool_finds_nothing_to_say_of_a_page(tmp_path, app):
    with servers.gunicorn(tmp_path, "--workers", "2", app=app) as server:
        for path in ("/", "/books/1", "/broken", "/slow/0"):
            server.get(path)
        status, body = get(server.port, "/scales/?format=prometheus", {"Authorization": f"Bearer {TOKEN}"})
    assert status == 200
    checked = promtool.run("check", "metrics", text=body.decode())
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_scrape_needs_the_token(scraped):
    found = {labels["job"]: value for labels, value in scraped.prometheus.query("up")}
    assert found == {"shop": 1, "text": 1, "stranger": 0, "guesser": 0}
    errors = scraped.prometheus.errors()
    assert "403" in errors["stranger"]
    assert "403" in errors["guesser"]


def test_every_query_of_the_dashboard_has_an_answer(scraped):
    silent = [promql for promql in contributed.queries("30s") if not scraped.prometheus.query(promql)]
    assert not silent


def test_every_rule_can_be_evaluated(scraped):
    deadline = time.monotonic() + 60
    while True:
        rules = [rule for group in scraped.prometheus.api("rules")["groups"] for rule in group["rules"]]
        if all(rule["health"] == "ok" for rule in rules):
            break
        assert time.monotonic() < deadline, rules
        time.sleep(0.5)
    assert len(rules) == len(contributed.expressions_of_rules())


def test_counters_never_fall_when_workers_are_killed_and_restarted(scraped):
    server, prometheus = scraped.server, scraped.prometheus
    before = prometheus.value(f"sum({COUNT}{SLOW})")
    total = before
    for sign in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        answers = load(server, 0.01, 2)
        total += len(answers)
        prometheus.wait_for(f"sum({COUNT}{SLOW})", total)
        os.kill(answers[-1][1], sign)
    server.process.send_signal(signal.SIGHUP)
    answers = load(server, 0.01, 3)
    prometheus.wait_for(f"sum({COUNT}{SLOW})", total + len(answers))
    for name in (COUNT, BUCKET):
        assert prometheus.value(f'sum(resets({name}{{job=~"shop|text"}}[10m]))') == 0


def test_each_slot_has_its_own_process_figures(scraped):
    found = scraped.prometheus.query('process_resident_memory_bytes{job="shop"}')
    assert len(found) == scraped.prometheus.value('pyramid_scales_workers{job="shop"}')
    assert len({labels["worker"] for labels, _ in found}) == len(found)
