"""A real Graphite receives our figures from scales' own pusher."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from greplin import scales
from greplin.scales.graphite import GraphitePusher
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response

CONFIGURATION = """
[cache]
STORAGE_DIR = {place}
LOCAL_DATA_DIR = {place}/whisper/
CONF_DIR = {place}/
LOG_DIR = {place}/
PID_DIR = {place}/
USER =
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
ENABLE_UDP_LISTENER = False
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {ports[0]}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {ports[1]}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {ports[2]}
"""
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:1h\n"
PERCENTILES = ("median", "75percentile", "95percentile", "98percentile", "99percentile", "999percentile")


class Carbon(NamedTuple):
    """A running carbon-cache: where it listens, and where it writes."""

    port: int
    whisper: Path

    def value(self, metric: str) -> float:
        """The newest value of a metric, as soon as it is written."""
        path = self.whisper.joinpath(*metric.split(".")).with_suffix(".wsp")
        found: list[str] = []

        def is_written() -> bool:
            command = ["whisper-fetch", "--drop=nulls", path]
            output = subprocess.run(command, capture_output=True, text=True, check=False, env=_env()).stdout
            found[:] = output.splitlines()
            return bool(found)

        _wait_for(is_written)
        return float(found[-1].split()[1])

    def metrics(self) -> set[str]:
        """The names of all that has been written."""
        files = self.whisper.rglob("*.wsp")
        return {".".join(file.relative_to(self.whisper).with_suffix("").parts) for file in files}


def _env() -> dict[str, str]:
    """Debian's programs are for Debian's Python, whatever ours has on its path."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _missing(program: str) -> None:
    reason = f"{program} is not installed (Debian: graphite-carbon, python3-whisper)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def carbon(tmp_path: Path) -> Iterator[Carbon]:
    """A carbon-cache of our own, in a directory of its own."""
    for program in ("carbon-cache", "whisper-fetch"):
        if shutil.which(program) is None:
            _missing(program)
    ports = _free_ports(3)
    (tmp_path / "carbon.conf").write_text(CONFIGURATION.format(place=tmp_path, ports=ports))
    (tmp_path / "storage-schemas.conf").write_text(SCHEMAS)
    command = [
        "carbon-cache",
        f"--config={tmp_path}/carbon.conf",
        f"--pidfile={tmp_path}/pid",
        "--debug",
        "start",
    ]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=_env())
    try:
        _wait_for(lambda: _answers(ports[0]) or server.poll() is not None)
        assert server.poll() is None, (tmp_path / "log").read_text()
        yield Carbon(ports[0], tmp_path / "whisper")
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "nothing happened for a minute"
        time.sleep(0.1)


def _setup(config: Configurator) -> None:
    config.add_route("home", "/")
    config.add_view(lambda request: Response("hello"), route_name="home")
    config.add_route("/users/{id}/", "/users/{id}/")
    config.add_view(lambda request: HTTPNotFound(), route_name="/users/{id}/")


def test_a_real_graphite_receives_every_figure(carbon, make_app):
    app = make_app(setup=_setup)
    for _ in range(5):
        app.get("/")
    app.get("/users/7/", status=404)
    pusher = GraphitePusher("127.0.0.1", carbon.port, prefix="app")
    pusher.allow("pyramid/*")
    pusher.push()
    pusher.graphite.disconnect()
    _wait_for(lambda: carbon.metrics() == set(_expected(scales.getStats(), "app")))

    requests = "app.pyramid.requests"
    assert carbon.value(f"{requests}.rate.count") == 6
    assert carbon.value(f"{requests}.rate.m15") > 0
    assert carbon.value(f"{requests}.responses.404") == 1
    assert carbon.value(f"{requests}.routes.home.responses.200") == 5
    assert carbon.value(f"{requests}.routes.~1users~1{{id}}~1.rate.count") == 1
    assert carbon.value("app.pyramid.process.pid") == os.getpid()
    latency = {f"{requests}.latency.{key}" for key in ("count", "min", "max", "mean", "stddev", *PERCENTILES)}
    assert latency <= carbon.metrics()


def _expected(container: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, value in container.items():
        if hasattr(value, "items"):
            yield from _expected(value, f"{prefix}.{key}")
        elif key != "unit":
            yield f"{prefix}.{key}"
