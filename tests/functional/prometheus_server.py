"""A real Prometheus server, and its HTTP API."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from contextlib import contextmanager
from urllib.parse import urlencode

import promtool
import servers


class Prometheus:
    """A running server."""

    def __init__(self, process, port):
        self.process = process
        self.port = port

    def api(self, path, **parameters):
        """The data of an answer of ``/api/v1``."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/api/v1/{path}?{urlencode(parameters)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def query(self, promql, **parameters):
        """The samples of an instant vector: (labels, value)."""
        result = self.api("query", query=promql, **parameters)["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def value(self, promql, **parameters):
        """The value of an expression that yields one sample."""
        [(_, value)] = self.query(promql, **parameters)
        return value

    def wait_for(self, promql, wanted):
        """Until the expression yields what is wanted; fails after a while with what it yields."""
        deadline = time.monotonic() + 60
        while True:
            found = self.query(promql)
            if [value for _, value in found] == [wanted]:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{promql} is {found}, not {wanted}; targets: {self.errors()}")
            time.sleep(0.2)

    def errors(self):
        """What Prometheus says of its targets, by job."""
        targets = self.api("targets")["activeTargets"]
        return {target["labels"]["job"]: target["lastError"] for target in targets}


@contextmanager
def running(tmp_path, configuration):
    """Prometheus with this configuration (a dictionary) until the end of the block."""
    port = servers.free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text(json.dumps(configuration), encoding="utf-8")  # JSON is YAML
    command = [
        promtool.path_of("prometheus"),
        f"--config.file={config}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with open(tmp_path / "prometheus.log", "wb") as output:
        process = subprocess.Popen(
            [*command, f"--storage.tsdb.path={tmp_path / 'tsdb'}"], stdout=output, stderr=output, cwd=tmp_path
        )
    try:
        server = Prometheus(process, port)
        _wait(server, tmp_path / "prometheus.log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait(server, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.api("status/runtimeinfo")
            return
        except (OSError, ValueError):
            time.sleep(0.1)
    raise AssertionError(f"Prometheus does not answer\n{log.read_text(errors='replace')[-4000:]}")
