"""Many texts at once, as good as one by one."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from pyramid_scales.address import clean, encode_key
from pyramid_scales.page.plain_text import escape_all, quote_all, segments

TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(), max_size=8),
        st.text("~/\n\0. %<&\"'é\ud800", max_size=5),
        st.sampled_from(["", ".", "..", "~2", "a b", "plain"]),
    ),
    min_size=1,
)


@given(TEXTS)
def test_segments_are_what_encode_key_makes_of_each(keys):
    assert list(segments(keys)) == [encode_key(key) for key in keys]


@given(TEXTS)
def test_escaping_all_is_escaping_each(texts):
    assert list(escape_all(texts)) == [str(escape(text.replace("\0", "\ufffd"))) for text in texts]


@given(TEXTS)
def test_quoting_all_is_quoting_each(texts):
    assert list(quote_all(texts)) == [quote(clean(text), safe="") for text in texts]
