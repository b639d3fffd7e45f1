"""Which series exist."""

from __future__ import annotations

from pyramid_scales.recording.cap import OTHER, RESERVED
from pyramid_scales.recording.cells import Cells
from pyramid_scales.recording.histogram import Layout
from pyramid_scales.recording.store import PrivateStore
from pyramid_scales.snapshot import Labels

LAYOUT = Layout.of((0.1, 1))


def labels(route: str, status: int = 200) -> Labels:
    return Labels(route, f"/{route}", "GET", status, "")


class SmallStore(PrivateStore):
    """One with room for two series, or with some that another process left."""

    def __init__(self, *left: tuple[Labels, memoryview], room: int = 2) -> None:
        super().__init__()
        self.left = left
        self.room = room

    def allocate(self, labels: Labels, words: int) -> memoryview | None:
        self.room -= 1
        return super().allocate(labels, words) if self.room >= 0 else None

    def blocks(self):
        return self.left


def test_a_series_is_made_once():
    cells = Cells(PrivateStore(), LAYOUT, 500)
    assert cells.find(labels("a")) is cells.find(labels("a"))
    assert cells.find(labels("a")) is not cells.find(labels("a", 404))
    assert [cell.labels for cell in cells.all()] == [labels("a"), labels("a", 404)]


def test_series_that_another_process_left_are_continued():
    words = PrivateStore().allocate(labels("a"), LAYOUT.words)
    words[3], words[LAYOUT.total] = 41, 5000
    cells = Cells(SmallStore((labels("a"), words)), LAYOUT, 500)
    cells.find(labels("a")).words[3] += 1
    assert cells.find(labels("a")).total == 5000
    assert words[3] == 42
    assert cells.count(cells.find(labels("a"))) == 42


def test_never_are_there_more_than_max_series():
    cells = Cells(PrivateStore(), LAYOUT, 20)
    for number in range(1000):
        cells.find(labels(f"r{number}", number))
    assert len(cells.all()) == 20
    assert sum(cell.labels.route == OTHER for cell in cells.all()) == RESERVED


def test_at_the_cap_a_series_that_exists_is_still_found():
    cells = Cells(PrivateStore(), LAYOUT, 20)
    found = [cells.find(labels(f"r{number}")) for number in range(1000)]
    assert cells.find(labels("r0")) is found[0]
    assert cells.find(labels("r999")) is found[-1]
    assert found[-1].labels.route == OTHER


def test_what_overflowed_is_counted():
    cells = Cells(PrivateStore(), LAYOUT, 20)
    for number in range(32):
        cells.find(labels(f"r{number}", 200 + number % 2 * 300)).words[5] += 1
    assert cells.overflowed() == 17


def test_what_finds_no_room_is_kept_in_private_memory():
    cells = Cells(SmallStore(room=2), LAYOUT, 500)
    for route in "abc":
        cells.find(labels(route)).words[3] += 1
    assert [cell.labels.route for cell in cells.unshared] == ["c"]
    assert [cells.count(cell) for cell in cells.all()] == [1, 1, 1]
