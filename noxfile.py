"""All Pythons and both Pyramids: `nox`, or one of them by `nox -s "tests(3.12)"`. The work is make's."""

from __future__ import annotations

import shutil

import nox

nox.options.default_venv_backend = "none"
nox.options.stop_on_first_error = True

# Each has its own environment, so that a second run is quick.
COMBINATIONS = {
    "3.10": "pyramid==2.0.2",
    "3.11": "pyramid>=2.1",
    "3.12": "pyramid==2.0.2",
    "3.13": "pyramid>=2.1",
}


@nox.session
@nox.parametrize("version", list(COMBINATIONS), ids=list(COMBINATIONS))
def tests(session: nox.Session, version: str) -> None:
    """`make test` on one Python; what is written behind `--` goes to make."""
    interpreter = shutil.which(f"python{version}")
    if interpreter is None:
        session.skip(f"python{version} is not on PATH")
    session.run(
        "make",
        "test",
        f"PYTHON={interpreter}",
        f"VENV=.venv-{version}",
        f"ALSO={COMBINATIONS[version]}",
        *session.posargs,
        external=True,
    )


@nox.session
def lint(session: nox.Session) -> None:
    """`make lint typecheck`."""
    session.run("make", "lint", "typecheck", external=True)
