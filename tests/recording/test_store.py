"""Where the words of the series live."""

from __future__ import annotations

from pyramid_scales.recording.store import GAUGES, PrivateStore
from pyramid_scales.snapshot import Labels

LABELS = Labels("home", "/", "GET", 200, "")


def test_private_memory_starts_empty():
    store = PrivateStore()
    assert list(store.blocks()) == []
    assert store.gauge() == [0] * GAUGES


def test_a_block_is_as_many_zeroed_words_as_were_asked_for():
    words = PrivateStore().allocate(LABELS, 1000)
    assert words == [0] * 1000


def test_blocks_are_apart_from_each_other_and_from_the_gauge():
    store = PrivateStore()
    one, two, gauge = store.allocate(LABELS, 5), store.allocate(LABELS, 5), store.gauge()
    one[0], two[0], gauge[0] = 1, 2, 3
    assert (one[0], two[0], gauge[0], store.gauge()[0]) == (1, 2, 3, 3)


def test_a_word_holds_64_bits():
    words = PrivateStore().allocate(LABELS, 1)
    words[0] = 2**64 - 1
    assert words[0] == 2**64 - 1
