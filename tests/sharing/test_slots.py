"""Slots: taken, left, taken over, forgotten; and what is written in them."""

from __future__ import annotations

import os
import time

import pytest

from pyramid_scales.recording.store import ACTIVE, FAILURES, STARTED
from pyramid_scales.sharing import slotfile, slots
from pyramid_scales.sharing.claim import acquire
from pyramid_scales.sharing.directory import Directory, Unusable
from pyramid_scales.snapshot import Labels

SHAPE = slotfile.geometry(1000, "meaning")


def labels(route="home"):
    return Labels(route, "/" + route, "GET", 200, "")


@pytest.fixture
def directory(tmp_path):
    return Directory(str(tmp_path), "app")


def take(directory, shape=SHAPE, keep=300.0):
    return acquire(directory, shape, keep)


def read(directory, number=0, shape=SHAPE):
    fd = directory.open_file(slots.slot_name(number))
    try:
        header = slotfile.read_header(fd, shape)
        found = slotfile.read_blocks(fd, shape, header.series, shape.words)
        return header, {block.labels: block.words.tolist() for block in found}
    finally:
        os.close(fd)


def files(directory):
    return [name for name in directory.names() if name.startswith("slot-")]


def test_each_store_takes_a_slot_of_its_own(directory):
    held = [take(directory) for _ in range(3)]
    assert [store.number for store in held] == [0, 1, 2]


def test_words_are_zero_and_what_is_written_can_be_read_by_others(directory):
    store = take(directory)
    words = store.allocate(labels(), 1000)
    assert words.tolist() == [0] * 1000
    words[0], words[999] = 5, 2**64 - 1
    header, found = read(directory)
    assert header.series == 1
    assert header.pid == os.getpid()
    assert found == {labels(): [5, *[0] * 998, 2**64 - 1]}


def test_a_slot_that_was_left_is_continued(directory):
    first = take(directory)
    first.allocate(labels(), 1000)[3] = 7
    first.gauge()[FAILURES] = 2
    first.gauge()[ACTIVE] = 1
    first.note_unshared(1, 2)
    first.close()
    second = take(directory)
    assert second.number == 0
    ((name, words),) = second.blocks()
    assert (name, words[3]) == (labels(), 7)
    assert (second.gauge()[FAILURES], second.gauge()[ACTIVE]) == (2, 0), (
        "nothing of a dead worker is in flight"
    )
    words[3] += 1
    second.allocate(labels("away"), 1000)[0] = 1
    header, found = read(directory)
    assert (found[labels()][3], found[labels("away")][0]) == (8, 1)
    assert (header.generation, header.unshared) == (2, (0, 0))


def test_many_series_fit_and_those_of_an_earlier_worker_stay_where_they_are(directory):
    for generation in range(3):
        store = take(directory)
        for number in range(40):
            store.allocate(labels(f"{generation}-{number}"), 1000)[0] = number
        store.close()
    _, found = read(directory)
    assert [words[0] for words in found.values()] == list(range(40)) * 3


def test_words_of_a_series_that_was_never_published_are_zeroed(directory):
    store = take(directory)
    store.allocate(labels(), 1000)[5] = 9
    store.close()
    with open(os.path.join(directory.path, "slot-0000"), "r+b") as file:
        file.seek(8 * slotfile.COUNT_AT)
        file.write(bytes(8))  # as if it had been killed a moment earlier
    again = take(directory)
    assert not again.blocks()
    assert again.allocate(labels("other"), 1000).tolist() == [0] * 1000


def test_labels_that_do_not_fit_and_words_of_another_length_get_no_room(directory):
    store = take(directory)
    assert store.allocate(labels("x" * 10_000), 1000) is None
    assert store.allocate(labels(), 999) is None
    assert store.allocate(labels("x" * 400 + "\ud800é"), 1000) is not None
    assert list(read(directory)[1]) == [labels("x" * 400 + "\ud800é")]


def test_time_of_another_boot_is_void_and_the_totals_stay(directory, monkeypatch):
    store = take(directory)
    words = store.allocate(labels(), 1000)
    words[0], words[1], store.gauge()[STARTED] = 5, 6, 7

    def forget(block):
        block[1] = 0

    store.forget_time(forget)
    assert (words[1], store.gauge()[STARTED]) == (6, 7), "it is the same boot"
    store.close()
    monkeypatch.setattr(slots, "boot_id", lambda: (1, 2))
    again = take(directory)
    again.forget_time(forget)
    ((_, words),) = again.blocks()
    assert (words[0], words[1], again.gauge()[STARTED]) == (5, 0, 0)
    assert read(directory)[0].boot == (1, 2)


def age(directory, seconds):
    then = time.time() - seconds
    for name in directory.names():
        os.utime(name, (then, then), dir_fd=directory.fd)


def test_an_application_that_stopped_long_ago_is_forgotten(directory):
    for store in [take(directory) for _ in range(3)]:
        store.allocate(labels(), 1000)
        store.close()
    directory.replace("stats-0000.json", b"{}")
    age(directory, 301)
    store = take(directory)
    assert files(directory) == ["slot-0000"]
    assert not store.blocks()
    assert "stats-0000.json" not in directory.names()


def test_an_application_that_stopped_lately_is_remembered(directory):
    store = take(directory)
    store.allocate(labels(), 1000)
    store.close()
    age(directory, 299)
    assert take(directory).blocks()


def test_nothing_is_forgotten_while_one_worker_lives(directory):
    dead, living = take(directory), take(directory)
    dead.allocate(labels(), 1000)
    dead.close()
    age(directory, 1000)
    assert take(directory).blocks()
    assert living.number == 1


def test_a_slot_of_another_layout_is_passed_over_and_replaced_when_it_is_old(directory):
    other = slotfile.geometry(500, "another")
    store = take(directory, other)
    store.close()
    first = take(directory)
    assert first.number == 1
    then = time.time() - 301
    os.utime("slot-0000", (then, then), dir_fd=directory.fd)
    assert take(directory).number == 0
    assert read(directory, 0)[0].series == 0


def test_statistics_of_another_layout_are_forgotten_with_its_slot(directory):
    take(directory, slotfile.geometry(500, "another")).close()
    directory.replace("stats-0000.json", b"{}")
    holder = take(directory)
    age(directory, 301)
    holder.touch()
    assert take(directory).number == 0
    assert "stats-0000.json" not in directory.names()


def test_a_slot_that_was_removed_under_a_waiting_worker_is_not_taken(directory, monkeypatch):
    real = Directory.open_file

    def open_file(self, name, create=False):
        fd = real(self, name, create)
        if create and name == "slot-0000" and not gone:
            gone.append(True)
            self.remove(name)
        return fd

    gone = []
    monkeypatch.setattr(Directory, "open_file", open_file)
    store = take(directory)
    assert directory.is_file(store._lock.number, slots.slot_name(store.number))


def test_a_directory_full_of_other_things_is_unusable(directory, monkeypatch):
    monkeypatch.setattr("pyramid_scales.sharing.claim.MOST_SLOTS", 2)
    os.mkdir(os.path.join(directory.path, "slot-0000"))
    os.symlink("/dev/null", os.path.join(directory.path, "slot-0001"))
    with pytest.raises(Unusable, match="None of the 2 files"):
        take(directory)


def test_where_not_even_a_header_fits_the_directory_is_unusable_and_left_as_it_was(directory, monkeypatch):
    def full(fd, start, length):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(Unusable, match="No space left on device"):
        take(directory)
    assert files(directory) == []


def test_what_can_not_be_looked_at_is_not_forgotten(directory, monkeypatch):
    take(directory).close()
    os.utime(os.path.join(directory.path, "slot-0000"), (1_000_000_000, 1_000_000_000))
    real = Directory.open_file

    def open_file(self, name, create=False):
        if not create:
            raise OSError(24, "Too many open files")
        return real(self, name, create)

    monkeypatch.setattr(Directory, "open_file", open_file)
    removed = []
    monkeypatch.setattr(Directory, "remove", lambda self, name: removed.append(name))
    take(directory)
    assert removed == []


def test_on_a_disk_that_is_full_a_series_finds_no_room(directory, monkeypatch):
    store = take(directory)

    def full(fd, start, length):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    found = [store.allocate(labels(f"r{number}"), SHAPE.words) for number in range(100)]
    assert found[-1] is None
    assert len(store.blocks()) == sum(words is not None for words in found)


def test_a_header_has_the_places_of_version_1(directory):
    store = take(directory)
    store.allocate(labels(), SHAPE.words)
    store.note_unshared(4, 5)
    store.gauge()[0] = 9
    with open(os.path.join(directory.path, "slot-0000"), "rb") as file:
        words = memoryview(file.read(slotfile.PAGE)).cast("Q")
    assert words[:5].tolist() == [int.from_bytes(b"PyrScale", "little"), 1, SHAPE.fingerprint, 1, os.getpid()]
    assert (words[8:10].tolist(), words[64]) == ([4, 5], 9)


@pytest.mark.parametrize(("more", "is_read"), [(0, True), (1, False)])
def test_a_header_that_tells_of_more_series_than_there_is_room_for_is_none(directory, more, is_read):
    store = take(directory)
    store.allocate(labels(), SHAPE.words)
    with open(os.path.join(directory.path, "slot-0000"), "r+b") as file:
        room = SHAPE.room(os.fstat(file.fileno()).st_size)
        file.seek(8 * slotfile.COUNT_AT)
        file.write((room + more).to_bytes(8, "little"))
        file.flush()
        assert (slotfile.read_header(file.fileno(), SHAPE) is not None) == is_read


def test_a_file_that_became_shorter_is_read_as_far_as_it_goes(directory):
    store = take(directory)
    store.allocate(labels(), SHAPE.words)
    with open(os.path.join(directory.path, "slot-0000"), "rb") as file:
        found = [block.labels for block in slotfile.read_blocks(file.fileno(), SHAPE, 10**6, SHAPE.words)]
    assert found == [labels()]


def test_more_of_a_block_is_read_when_somebody_asks(directory):
    words = take(directory).allocate(labels(), SHAPE.words)
    words[0], words[10], words[11] = 5, 6, 7
    path = os.path.join(directory.path, "slot-0000")
    with open(path, "rb") as file:
        (block,) = slotfile.read_blocks(file.fileno(), SHAPE, 1, 2)
        assert block.words.tolist() == [5, 0]
        words[10] = 8
        assert block.more(10, 12).tolist() == [8, 7]
        os.truncate(path, SHAPE.offset(0) + 2000)
        with pytest.raises(ValueError, match="has become shorter"):
            block.more(SHAPE.words - 2, SHAPE.words)


def test_where_nothing_tells_boots_apart_all_are_one(monkeypatch):
    def refuse(*_):
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(slotfile, "open", refuse, raising=False)
    slotfile.boot_id.cache_clear()
    found = slotfile.boot_id()
    slotfile.boot_id.cache_clear()
    assert found == (0, 0)


def test_garbage_labels_are_left_out(directory):
    store = take(directory)
    for name in ("a", "b", "c"):
        store.allocate(labels(name), 1000)
    with open(os.path.join(directory.path, "slot-0000"), "r+b") as file:
        file.seek(SHAPE.offset(1))
        file.write(b"\xff" * 50)
    assert list(read(directory)[1]) == [labels("a"), labels("c")]
    store.close()
    assert [name for name, _ in take(directory).blocks()] == [labels("a"), labels("c")]


@pytest.mark.parametrize(
    "text", [b"5", b"[]", b'["a","b","c","d","e"]', b'["a","b","c",true,"e"]', b"\xff", b"[1,2,3,4,5]"]
)
def test_labels_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match=r"."):
        slotfile.decode_labels(len(text).to_bytes(4, "little") + text)
