"""Scales' own formatters, for comparison: what they write, and which faults they have.

They need ``cgi.escape``, which no current Python has; a stub stands in for it while they are imported.
"""

from __future__ import annotations

import functools
import html
import io
import json
import sys
import types
from typing import Any

from greplin import scales


def _imported() -> tuple[Any, Any]:
    stub = types.ModuleType("cgi")
    stub.escape = functools.partial(html.escape, quote=False)  # type: ignore[attr-defined]
    real = sys.modules.get("cgi")
    sys.modules["cgi"] = stub
    try:
        from greplin.scales import formats, util
    finally:
        # WebOb needs the real one.
        if real is None:
            del sys.modules["cgi"]
        else:
            sys.modules["cgi"] = real
    return formats, util


formats, util = _imported()


def json_text(value: Any, query: str | None = None, pretty: bool = False) -> str:
    """What ``jsonFormat`` writes; of a falsy value, what it would if it did not take the whole tree."""
    output = io.StringIO()
    if not value and not query:
        return json.dumps(value, cls=scales.StatContainerEncoder, indent=2 if pretty else None) + "\n"
    formats.jsonFormat(output, value, query, pretty)
    return output.getvalue()


def html_text(value: Any, query: str | None = None, path: tuple[str, ...] = ()) -> str:
    """What its handlers write as a page, head and body."""
    output = io.StringIO()
    formats.htmlHeader(output, "/" + "/".join(path), "server", query)
    formats.htmlFormat(output, path, value, query)
    return output.getvalue()


class NoTickers(list):  # type: ignore[type-arg]
    """Put in place of ``meter.TICKERS``, it keeps the ticker thread from meters that must not change."""

    def append(self, ticker: object) -> None:
        """Forgets it."""
