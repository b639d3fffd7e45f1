"""Real servers with several workers, and a client that counts what it was answered."""

from __future__ import annotations

import http.client
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = Path(find_spec("pyramid_scales").origin).parent.parent


def program(name):
    """The path of a program beside the interpreter or on PATH; skips the test where it is absent."""
    found = shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    return found or absent(f"{name} is not installed")


def absent(reason):
    """Skip a test for want of something that a newcomer's machine may lack, and CI may not."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def environment(shared_dir, home):
    """The environ of a server: the package that is tested, and a HOME of its own (gunicorn writes there)."""
    path = os.pathsep.join((str(PACKAGE), str(HERE), str(HERE.parent / "helpers")))
    return {**os.environ, "PYTHONPATH": path, "HOME": str(home), "SHARED_DIR": str(shared_dir)}


def needs(worker):
    """Skip a test of a gunicorn worker for which the package is absent."""
    if worker == "gevent" and find_spec("gevent") is None:
        absent("gevent is not installed")


class Server:
    """A running server and what its client knows."""

    def __init__(self, process, port):
        self.process = process
        self.port = port
        self.answers = 0
        self.failures = 0
        self.pids = set()
        self._lock = threading.Lock()

    def get(self, path):
        """The status and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def tree(self, scope=""):
        """The page as JSON."""
        status, body = self.get(f"/scales/?format=json&scope={scope}")
        assert status == 200, body
        return json.loads(body)

    def order(self):
        """One request, counted by its outcome."""
        try:
            status, body = self.get("/order")
        except (OSError, http.client.HTTPException):
            status, body = 0, b""
        with self._lock:
            if status == 200:
                self.answers += 1
                self.pids.add(int(body))
            else:
                self.failures += 1

    def load(self, requests, clients=4):
        """So many requests from several clients at once."""
        threads = [
            threading.Thread(target=lambda: [self.order() for _ in range(requests // clients)])
            for _ in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def wait(self):
        """Until the server answers."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return self.get("/scales/?format=json")
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise AssertionError("the server does not answer")


@contextmanager
def serving(command, port, shared_dir, home, log):
    """Run a server until the end of the block."""
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, env=environment(shared_dir, home), stdout=output, stderr=output, start_new_session=True
        )
    server = Server(process, port)
    try:
        server.wait()
        yield server
    except AssertionError as error:
        raise AssertionError(f"{error}\n{Path(log).read_text(errors='replace')[-4000:]}") from error
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def gunicorn(tmp_path, *options, app="workers_app:app"):
    """gunicorn with its options; its address, directory and log lie below ``tmp_path``."""
    port = free_port()
    command = [program("gunicorn"), app, "--bind", f"127.0.0.1:{port}", "--graceful-timeout", "5", *options]
    return serving(command, port, tmp_path / "shared", tmp_path, tmp_path / "log")


def uwsgi(tmp_path, *options):
    """uWSGI with its options; see :func:`gunicorn`."""
    port = free_port()
    own = ["--http-socket", f"127.0.0.1:{port}", "--module", "workers_app:app", "--master", "--need-app"]
    command = [_fitting_uwsgi(), *own, "--die-on-term", *_virtualenv(), *options]
    return serving(command, port, tmp_path / "shared", tmp_path, tmp_path / "log")


def _fitting_uwsgi():
    """uWSGI holds a Python of its own, which must be ours."""
    found = program("uwsgi")
    said = subprocess.run([found, "--python-version"], capture_output=True, text=True).stdout.split()
    if said[-1:] != [platform.python_version()]:
        absent("uWSGI was built for another Python, or without one")
    return found


def _virtualenv():
    return ["--virtualenv", sys.prefix] if sys.prefix != sys.base_prefix else []


def free_port():
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def slots(shared_dir):
    """The slot files of the only application."""
    return sorted(Path(shared_dir).glob("*/slot-*"))
