"""Debian's prometheus and promtool, for tests that ask the real thing."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


def path_of(program: str) -> str:
    """Where ``prometheus`` or ``promtool`` is; skips without it, except in CI, where that is a failure."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is not installed (on Debian it comes with the package prometheus)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """``promtool`` with these arguments and ``text`` on its standard input."""
    command = [path_of("promtool"), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", timeout=60)
