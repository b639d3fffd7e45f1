"""Reading a slot while its worker writes: no word is seen half written, and none falls to zero."""

from __future__ import annotations

import json

import pytest
import sharing

READS = """
import json, os, signal, struct, sys
from pyramid_scales.sharing.claim import acquire
from pyramid_scales.sharing.directory import Directory
from pyramid_scales.sharing.slotfile import geometry, read_blocks, read_header
from sharing import HOME, end, fork, until

directory, reads, packed = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "packed"
shape, WORDS = geometry(500, "test"), range(500)

def write():
    words = acquire(Directory(directory, "app"), shape, 300).allocate(HOME, 500)
    number = 1
    while True:
        # Both halves of each word are equal, so one that is seen half written shows.
        value = number << 32 | number
        if packed:
            raw = words.cast("B")
            for place in WORDS:
                struct.pack_into("<Q", raw, 8 * place, value)
        else:
            for place in WORDS:
                words[place] = value
        number += 1

def look():
    series = read_header(fd, shape).series
    return next((block.words.tolist() for block in read_blocks(fd, shape, series, shape.words)), None)

writer = fork(write)
mine = Directory(directory, "app")
until(lambda: "slot-0000" in mine.names())
fd = mine.open_file("slot-0000")
until(lambda: read_header(fd, shape) and look() and all(look()))
torn = zeros = falls = seen = 0
last = look()
while seen < reads and not (packed and (torn or zeros)):
    words = look()
    torn += sum(word >> 32 != word & 0xFFFFFFFF for word in words)
    zeros += words.count(0)
    falls += sum(map(int.__lt__, words, last))
    seen, last = seen + len(words), words
end(writer)
print(json.dumps([seen, torn, zeros, falls]))
"""


def check_reads(tmp_path, reads):
    seen, torn, zeros, falls = json.loads(sharing.run(READS, tmp_path, reads, "words"))
    assert seen >= reads
    assert (torn, zeros, falls) == (0, 0, 0)


def test_a_hot_writers_words_are_read_whole(tmp_path):
    check_reads(tmp_path, 1_000_000)


def test_the_reader_would_see_a_word_that_is_half_written(tmp_path):
    _, torn, zeros, _ = json.loads(sharing.run(READS, tmp_path, 20_000_000, "packed"))
    assert torn + zeros > 0


@pytest.mark.soak
def test_ten_million_reads_of_a_hot_writer(tmp_path):
    check_reads(tmp_path, 10_000_000)
