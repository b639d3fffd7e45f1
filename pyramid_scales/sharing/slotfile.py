"""The format of a slot file: one worker's series of requests, as its own process and others see them.

A header page of 64-bit words in the machine's byte order, then equal blocks, one for each series: its labels
(a 32-bit length and JSON) and its words. The number of series is published last, so what lies below it
is complete at every moment, whenever the writer was killed. Files are never shortened. What does not look
like that is not a slot file, and is skipped.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..packed import FORMAT
from ..recording.store import GAUGES
from ..snapshot import Labels

VERSION = 1
MAGIC = int.from_bytes(b"PyrScale", "little")

PAGE = max(4096, mmap.ALLOCATIONGRANULARITY)
"""Size of the header; every block is a multiple of it, since only whole pages can be mapped."""

MAGIC_AT, VERSION_AT, FINGERPRINT_AT, COUNT_AT, PID_AT, GENERATION_AT = range(6)
BOOT_AT = 6
"""Two words, see :func:`boot_id`."""
UNSHARED_AT = 8
"""Two words: how many series did not fit, and how many requests were recorded in them."""
GAUGES_AT = 64
"""The words of :meth:`pyramid_scales.recording.store.Store.gauge`, within the header."""

MOST_SERIES = 200_000
_LEAST_LABELS = 768
_LENGTH = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a slot file is divided; two layouts never have the same."""

    words: int
    """64-bit words of one series."""
    fingerprint: int
    """A number that differs when the meaning of those words does."""

    @property
    def stride(self) -> int:
        """Bytes of one block."""
        return -(-(_LEAST_LABELS + 8 * self.words) // PAGE) * PAGE

    @property
    def labels(self) -> int:
        """Bytes of a block before its words."""
        return self.stride - 8 * self.words

    def offset(self, index: int) -> int:
        """Where the block of a series begins."""
        return PAGE + index * self.stride

    def room(self, size: int) -> int:
        """How many blocks a file of ``size`` bytes holds."""
        return max(0, (size - PAGE) // self.stride)


class Header(NamedTuple):
    """The first page of a slot file."""

    series: int
    pid: int
    generation: int
    boot: tuple[int, int]
    unshared: tuple[int, int]
    """Series of this worker that did not fit, and the requests recorded in them."""
    gauges: tuple[int, ...]


def geometry(words: int, meaning: str) -> Geometry:
    """The geometry of blocks of ``words`` words; ``meaning`` is a text that differs when theirs does."""
    digest = hashlib.sha256(repr((VERSION, words, meaning)).encode()).digest()
    return Geometry(words, int.from_bytes(digest[:8], "little"))


@lru_cache(maxsize=1)
def boot_id() -> tuple[int, int]:
    """What tells this boot of the machine from others, as two words; zeros where nothing tells."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            digest = hashlib.sha256(file.read().strip()).digest()
    except OSError:
        return 0, 0
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")


def encode_header(shape: Geometry) -> bytes:
    """The first page of a slot in which nothing has been recorded."""
    words = [0] * (PAGE // 8)
    words[MAGIC_AT], words[VERSION_AT], words[FINGERPRINT_AT] = MAGIC, VERSION, shape.fingerprint
    words[BOOT_AT : BOOT_AT + 2] = boot_id()
    return struct.pack(f"={len(words)}Q", *words)


def is_blank(fd: int) -> bool:
    """Whether the file was made, but its header was not written any more."""
    return not any(os.pread(fd, PAGE, 0))


def read_header(fd: int, shape: Geometry) -> Header | None:
    """The header of a slot file of this geometry; ``None`` for any other file, ``OSError`` if unreadable."""
    page = os.pread(fd, PAGE, 0)
    if len(page) < PAGE:
        return None
    words = memoryview(page).cast("Q")
    if (words[MAGIC_AT], words[VERSION_AT], words[FINGERPRINT_AT]) != (MAGIC, VERSION, shape.fingerprint):
        return None
    if words[COUNT_AT] > min(MOST_SERIES, shape.room(os.fstat(fd).st_size)):
        return None
    return Header(
        words[COUNT_AT],
        words[PID_AT],
        words[GENERATION_AT],
        (words[BOOT_AT], words[BOOT_AT + 1]),
        (words[UNSHARED_AT], words[UNSHARED_AT + 1]),
        tuple(words[GAUGES_AT : GAUGES_AT + GAUGES]),
    )


class Block(NamedTuple):
    """One series of a slot file; what is read of it is a copy."""

    labels: Labels
    words: array[int]
    """The first words."""
    fd: int
    start: int
    """Where its words begin in the file."""

    def more(self, start: int, stop: int) -> array[int]:
        """Others of its words. Raises ``OSError``, and ``ValueError`` where there are fewer."""
        found = os.pread(self.fd, 8 * (stop - start), self.start + 8 * start)
        if len(found) < 8 * (stop - start):
            raise ValueError("the file has become shorter")
        return array(FORMAT, found)


def read_blocks(fd: int, shape: Geometry, count: int, words: int) -> Iterator[Block]:
    """The series of a slot file, each with its first ``words`` words; what is garbage is left out."""
    head = shape.labels
    length = head + 8 * words
    for offset in range(shape.offset(0), shape.offset(count), shape.stride):
        block = os.pread(fd, length, offset)
        if len(block) < length:
            return
        try:
            labels = decode_labels(block)
        except ValueError:
            continue
        yield Block(labels, array(FORMAT, block[head:]), fd, offset + head)


def encode_labels(labels: Labels) -> bytes:
    """The beginning of a block."""
    text = json.dumps(labels, separators=(",", ":")).encode()
    return _LENGTH.pack(len(text)) + text


def decode_labels(block: bytes | memoryview) -> Labels:
    """The labels at the beginning of a block; raises ``ValueError`` for garbage."""
    (length,) = _LENGTH.unpack_from(block)
    return _decode_labels(bytes(block[_LENGTH.size : _LENGTH.size + length]))


@lru_cache(maxsize=4096)
def _decode_labels(text: bytes) -> Labels:
    try:
        route, pattern, method, status, error = json.loads(text)
    except (TypeError, RecursionError) as wrong:
        raise ValueError("labels are five values") from wrong
    if type(status) is not int or not all(type(part) is str for part in (route, pattern, method, error)):
        raise ValueError("labels are four texts and a number")
    return Labels(route, pattern, method, status, error)
