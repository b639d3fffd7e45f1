"""Many texts at once made fit for HTML and for addresses.

The same as the template engine's escaping and :func:`.address.encode_key` would make of each of them, but a
call for each of 10,000 texts would cost more than the rest of a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from markupsafe import escape

from ..address import clean, encode_key

_BETWEEN = "\0"
_VANISHING = frozenset(("", ".", ".."))
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.~ \0-]+")
_SAFE = dict.fromkeys(map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~- \0"))


def escape_all(texts: Sequence[str]) -> Sequence[str]:
    """Each text, escaped for HTML; what HTML cannot carry (NUL) becomes U+FFFD."""
    safe = str(escape(_BETWEEN.join(texts))).split(_BETWEEN)
    if len(safe) == len(texts):
        return safe
    return [str(escape(text.replace(_BETWEEN, "\N{REPLACEMENT CHARACTER}"))) for text in texts]


def segments(keys: Sequence[str]) -> Sequence[str]:
    """The part of the address that each key is; percent-encoded, so safe in HTML too."""
    joined = _BETWEEN.join(keys)
    if joined.count(_BETWEEN) != len(keys) - 1 or _SURROGATE.search(joined):
        return [encode_key(key) for key in keys]
    joined = joined.replace("~", "~0").replace("/", "~1").replace("\n", "~3")
    if not joined.isascii() or joined.translate(_SAFE):
        joined = _UNSAFE.sub(_quoted, joined)
    found = joined.replace(" ", "%20").split(_BETWEEN)
    if not _VANISHING.isdisjoint(keys):
        found = ["~2" + text if text in _VANISHING else text for text in found]
    return found


def quote_all(texts: Sequence[str]) -> Sequence[str]:
    """Each text as the value of a parameter in an address."""
    found = quote(clean(_BETWEEN.join(texts)), safe=_BETWEEN).split(_BETWEEN)
    return found if len(found) == len(texts) else [quote(clean(text), safe="") for text in texts]


def _quoted(unsafe: re.Match[str]) -> str:
    return quote(unsafe.group(), safe="")
