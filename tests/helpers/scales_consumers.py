"""Run as a program: what scales' own consumers make of our nodes, and of genuine statistics of scales.

Apart, since scales' HTML needs ``cgi.escape``, which no current Python has, and its meters start a thread.
Prints one JSON object: the name of a consumer → [what it made of ours, what of scales' own].
"""

from __future__ import annotations

import html
import io
import json
import sys
import types
from collections.abc import Callable
from typing import Any

from recorded import SECOND, SLICE, Event, labels, recorded

from pyramid_scales.tree import mount

cgi = types.ModuleType("cgi")
cgi.escape = html.escape  # type: ignore[attr-defined]
# Only now: WebOb, which is imported above, needs the real one.
sys.modules["cgi"] = cgi

from greplin import scales  # noqa: E402
from greplin.scales import formats, graphite, meter  # noqa: E402

Consumer = Callable[[Any], Any]


class Told:
    """Stands for a recorder: some requests of two routes, one of them with an awkward name."""

    def requests(self) -> Any:
        """What was recorded."""
        start = 1000 * SLICE
        events = [Event(start + number, labels("home"), SECOND // (number + 1)) for number in range(20)]
        events += [Event(start, labels("/users/{id}/", status=500, error="app.Oops"), SECOND)]
        return recorded(events, start + 5 * SECOND, start, active=1)


def genuine(figures: dict[str, Any]) -> scales.StatContainer:
    """Statistics of scales with these very figures."""
    container = scales.StatContainer()
    for key, value in figures.items():
        if key == "latency":
            container[key] = _filled(scales.PmfStatDict(), value)
        elif key == "rate":
            container[key] = _filled(meter.MeterStatDict(), value)
        elif key in ("responses", "exceptions"):
            container[key] = _filled(scales.IntDict(scales.IntDictStat(key), container), value)
        else:
            container[key] = genuine(value) if isinstance(value, dict) else value
    return container


def _filled(stat: Any, figures: dict[str, Any]) -> Any:
    stat.data.clear()
    stat.data.update(figures)
    return stat


def json_text(tree: Any, **options: Any) -> str:
    """Scales' own JSON."""
    output = io.StringIO()
    formats.jsonFormat(output, tree, **options)
    return output.getvalue()


def html_text(tree: Any, **options: Any) -> str:
    """Scales' own HTML."""
    output = io.StringIO()
    formats.htmlFormat(output, (), tree, **options)
    return output.getvalue()


def pushed(tree: Any) -> list[str]:
    """The lines that scales' pusher sends to Graphite, without their times."""
    pusher = graphite.GraphitePusher("127.0.0.1", 1, prefix="app")
    pusher.allow("*")
    lines: list[str] = []
    pusher.graphite._sendMsg = lambda message: lines.append(message.rpartition(" ")[0])
    pusher.push(tree)
    return lines


CONSUMERS: dict[str, Consumer] = {
    "json": json_text,
    "pretty": lambda tree: json_text(tree, pretty=True),
    "html": html_text,
    "graphite": pushed,
    "query by key": lambda tree: json_text(tree, query="latency"),
    "query in html": lambda tree: html_text(tree, query="rate"),
    "query of a number": lambda tree: json_text(tree, query="active >= 1"),
    "no match": lambda tree: json_text(tree, query="nosuch"),
}


def main() -> None:
    """Compare, within one process."""
    mounted = mount.attach(Told())  # type: ignore[arg-type]
    # What changes with each reading would differ for that reason alone.
    scales.getStats()[mounted.name].data.pop("process")
    ours = scales.getStats()["pyramid"]
    theirs = scales.StatContainer()
    theirs["requests"] = genuine(ours["requests"].data)
    found = {name: [consumer(ours), consumer(theirs)] for name, consumer in CONSUMERS.items()}
    for name in ("json", "pretty", "html", "graphite"):
        parts = [ours["requests"]["latency"], theirs["requests"]["latency"]]
        found[f"{name} of a PMF"] = [CONSUMERS[name](part) for part in parts]
    live = ours["requests"]
    found["html of a live node"] = [html_text(live), html_text(theirs["requests"])]
    found["query below a PMF"] = [json_text(live, query="99percentile > 0.1"), ""]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
