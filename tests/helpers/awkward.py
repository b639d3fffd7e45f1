"""What applications put into a tree, and clients into a URL: the awkward part of it, for Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = (
    "",
    "/",
    "//",
    ".",
    "..",
    "...",
    "~",
    "~0",
    "~1",
    "~2",
    "~3",
    "~4",
    "~4d800",
    "~static",
    "~~",
    "\n",
    "\r\n",
    "a\nb",
    "a/b",
    "/a/",
    "%",
    "%2F",
    "%2f..%2f",
    "%ff",
    "+",
    " ",
    "a b",
    "?",
    "?format=html",
    "#",
    "#top",
    "&amp;",
    ";",
    "\\",
    "\\ud800",
    "\0",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u202e",
    "e\u0301",
    "\xe9",
    "\xff",
    "\u4e2d\u6587",
    "\U0001f512",
    "\ud800",
    "x\udfffy",
    "\udc80",
    "<script>alert(1)</script>",
    "\"onmouseover='x'",
    "'",
    "{{ 7*7 }}",
    "{user}",
    "*prefix",
    "null",
    "true",
    "5",
    "5 (int)",
    "1.5",
    "nan",
    "-1",
    "0",
    "prefix",
    "scales",
    "pyramid-2",
    "a" * 300,
)
"""Keys and values that some layer between a browser and a dictionary has treated specially."""

texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=()), max_size=8)
"""Any text, half surrogates included."""

keys: st.SearchStrategy[Any] = texts | st.one_of(
    st.integers(-3, 600),
    st.none(),
    st.booleans(),
    st.floats(width=16),
    st.binary(max_size=3),
    st.tuples(st.integers(0, 2)),
)
"""Keys of dictionaries, of any type."""

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)

containers: st.SearchStrategy[dict[Any, Any]] = st.dictionaries(
    keys,
    st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)
