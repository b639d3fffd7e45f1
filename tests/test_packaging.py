"""What is built holds what is needed: the wheel to run, the sdist to build and to test."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
UNWANTED = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist", "artifacts", "node_modules"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A directory with a wheel and an sdist; the wheel is made from the sdist."""
    if find_spec("build") is None or int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("building takes the packages build and setuptools>=77, which `make test` installs")
    place = tmp_path_factory.mktemp("packaging")
    # A copy, since building writes beside the sources.
    shutil.copytree(CHECKOUT, place / "source", ignore=UNWANTED)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place / "dist"), "source"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "dist"


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def in_sdist(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}


def files(*folders):
    """All files of the checkout below the folders, as archives name them."""
    return {
        path.relative_to(CHECKOUT).as_posix()
        for folder in folders
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_whole_package_with_templates_static_files_and_type_marker(wheel):
    packaged = {name for name in wheel.namelist() if name.startswith("pyramid_scales/")}
    assert packaged == files("pyramid_scales")
    assert "pyramid_scales/py.typed" in packaged
    assert any(name.startswith("pyramid_scales/page/templates/") for name in packaged)
    assert any(name.startswith("pyramid_scales/page/static/") for name in packaged)


def test_the_wheel_installs_nothing_beside_the_package(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pyramid_scales"}


def test_the_sdist_holds_everything_that_it_takes_to_build_and_to_test(in_sdist):
    assert in_sdist >= files("pyramid_scales", "tests", "benchmarks")
    assert in_sdist >= {
        "Makefile",
        "README.rst",
        "CHANGES.rst",
        "LICENSE",
        "setup.py",
        "pyproject.toml",
        "conftest.py",
    }


def test_the_metadata_name_the_pythons_and_only_the_dependencies_that_pyproject_justifies(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode("utf-8"))
    always = {line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert metadata["Requires-Python"] == ">=3.10"
    assert always == {"pyramid>=2.0", "scales", "jinja2", "setuptools<82"}
    assert {"prometheus", "demo", "test"} <= set(metadata.get_all("Provides-Extra"))
