"""What lies in contrib/, taken apart."""

from __future__ import annotations

import json
import re
from pathlib import Path

CONTRIB = Path(__file__).parents[2] / "contrib"
RULES = CONTRIB / "prometheus" / "rules.yml"
CONFIGURATION = CONTRIB / "prometheus" / "prometheus.yml"
DASHBOARD = CONTRIB / "grafana" / "pyramid_scales.json"

_NOISE = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)')
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?![a-zA-Z0-9_:]|\s*\()")
_KEYWORDS = frozenset(("and", "or", "unless", "bool", "by"))


def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


def queries(interval: str = "$__rate_interval") -> list[str]:
    """The PromQL of every panel, for all jobs and instances."""
    texts = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    for variable in ("$job", "$instance"):
        texts = [text.replace(variable, ".*") for text in texts]
    return [text.replace("$__rate_interval", interval).replace("$__range", interval) for text in texts]


def names(promql: str) -> set[str]:
    """The names of metrics in an expression."""
    return {word for word in _WORD.findall(_NOISE.sub(" ", promql)) if word not in _KEYWORDS}


def expressions_of_rules() -> list[str]:
    """The PromQL of rules.yml, without a YAML parser: an ``expr:`` and what is indented more."""
    lines = RULES.read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines):
        if line.strip().startswith("expr:"):
            indent = len(line) - len(line.lstrip())
            following = lines[number + 1 :]
            rest = next(
                (index for index, text in enumerate(following) if _indent(text) <= indent), len(following)
            )
            found.append("\n".join([line.partition("expr:")[2].strip(" |"), *following[:rest]]))
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
