"""Writing statistics down for the others: when, on top of what, and what a decrease means."""

from __future__ import annotations

import errno
import os

import pytest

from pyramid_scales.sharing.directory import Directory
from pyramid_scales.sharing.publish import Publisher, decreased, negated, read_published
from pyramid_scales.snapshot import Kind, Node


@pytest.fixture
def directory(tmp_path):
    return Directory(str(tmp_path), "app")


def publisher(directory, node, slot=0, inherited=None):
    return Publisher(directory, slot, lambda: tree(**node), lambda: {"pid": 1}, inherited)


def tree(**data):
    node = Node(dict(data))
    return Node({"app": node.data}, children={"app": node})


def written(directory):
    """When the file was replaced; its number changes each time."""
    found = os.stat("stats-0000.json", dir_fd=directory.fd)
    return found.st_ino, found.st_ctime_ns


def test_what_is_published_can_be_read_by_others(directory):
    publisher(directory, {"n": 1}).publish()
    found = read_published(directory, 0)
    assert found.tree.data == {"app": {"n": 1}}
    assert found.process == {"pid": 1}
    assert found.carried is None


def test_what_has_not_changed_is_not_written_again(directory):
    numbers = {"n": 1}
    writer = publisher(directory, numbers)
    assert writer.publish()
    inode = written(directory)[0]
    assert writer.publish()
    assert written(directory)[0] == inode
    numbers["n"] = 2
    writer.publish()
    assert read_published(directory, 0).tree.data == {"app": {"n": 2}}


def test_within_a_second_nobody_looks_again_unless_asked_to(directory):
    writer = publisher(directory, {"n": 1})
    assert writer.publish(always=False)
    assert not writer.publish(always=False)
    assert 0 < writer.due_in() <= 1
    assert writer.publish(always=True)


def test_the_next_worker_of_a_slot_carries_what_the_last_one_counted(directory):
    publisher(directory, {"n": 5, "x": 1.5}).publish()
    second = publisher(directory, {"n": 2})
    assert second.carried.data == {"app": {"n": 5}}
    assert read_published(directory, 0).tree.data == {"app": {"n": 5, "x": 1.5}}, (
        "nothing moves before it writes"
    )
    second.publish()
    found = read_published(directory, 0)
    assert (found.carried.data, found.tree.data) == ({"app": {"n": 5}}, {"app": {"n": 2}})
    assert publisher(directory, {}).carried.data == {"app": {"n": 7}}


def test_totals_that_can_not_be_read_for_want_of_descriptors_are_not_taken_for_nothing(
    directory, monkeypatch
):
    publisher(directory, {"n": 5}).publish()

    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(OSError, match="Too many open files"):
            publisher(directory, {})
    assert publisher(directory, {}).carried.data == {"app": {"n": 5}}


def test_what_is_no_file_has_published_nothing(directory):
    os.mkdir("stats-0000.json", dir_fd=directory.fd)
    os.symlink("/etc/passwd", "stats-0001.json", dir_fd=directory.fd)
    assert read_published(directory, 0) is None
    assert read_published(directory, 1) is None


def test_a_worker_that_dies_before_it_publishes_carries_nothing_twice(directory):
    publisher(directory, {"n": 5}).publish()
    for _ in range(3):
        assert publisher(directory, {"n": 1}).carried.data == {"app": {"n": 5}}


def test_a_forked_child_takes_off_what_its_parent_counts(directory):
    parent = publisher(directory, {"n": 5})
    parent.publish()
    child = publisher(directory, {"n": 7}, slot=1, inherited=parent.last)
    assert child.carried.data == {"app": {"n": -5}}


def test_a_decrease_is_noticed_remembered_and_handed_on(directory):
    numbers = {"n": 5, "m": 5, "x": 5.0}
    writer = publisher(directory, numbers)
    writer.publish()
    numbers.update(n=4, m=6, x=4.0)
    writer.publish()
    numbers.update(n=9)
    writer.publish()
    assert read_published(directory, 0).fell == {("app", "n")}
    assert publisher(directory, {}).fell == {("app", "n")}


def test_only_integers_in_the_same_place_can_decrease():
    meter = Node({"count": 1}, Kind.METER)
    items = Node([1], Kind.LIST)
    before = Node(
        {"n": 2, "t": True, "meter": {"count": 5}, "gone": 1},
        children={"meter": Node({"count": 5}, Kind.METER)},
    )
    after = Node(
        {"n": 1, "t": False, "meter": meter.data, "items": items.data},
        children={"meter": meter, "items": items},
    )
    assert list(decreased(before, after)) == [("n",)]


def test_a_negated_tree_takes_off_counts_but_no_bounds():
    pmf = Node({"count": 3, "min": 1, "max": 5, "mean": 2.0}, Kind.PMF)
    items = Node([1], Kind.LIST)
    root = Node(
        {"n": 2, "t": True, "pmf": pmf.data, "items": items.data}, children={"pmf": pmf, "items": items}
    )
    shown = negated(root)
    assert shown.data == {
        "n": -2,
        "t": True,
        "pmf": {"count": -3, "min": 1, "max": 5, "mean": 2.0},
        "items": [1],
    }
    assert root.data["n"] == 2


def test_a_file_that_can_not_be_written_is_told_and_the_old_one_stays(directory, tmp_path, caplog):
    numbers = {"n": 1}
    writer = publisher(directory, numbers)
    writer.publish()
    (own,) = tmp_path.iterdir()
    (own / "stats-0000.json.new").mkdir()
    numbers["n"] = 2
    for _ in range(3):
        writer.publish()
    assert writer.failed
    assert len(caplog.records) == 1
    assert read_published(directory, 0).tree.data == {"app": {"n": 1}}
    (own / "stats-0000.json.new").rmdir()
    writer.publish()
    assert not writer.failed
    assert read_published(directory, 0).tree.data == {"app": {"n": 2}}


def test_a_failure_is_over_when_what_was_written_last_holds_again(directory, tmp_path):
    numbers = {"n": 1}
    writer = publisher(directory, numbers)
    writer.publish()
    (own,) = tmp_path.iterdir()
    (own / "stats-0000.json.new").mkdir()
    numbers["n"] = 2
    writer.publish()
    assert writer.failed
    numbers["n"] = 1
    writer.publish()
    assert not writer.failed


def test_statistics_that_can_not_be_read_are_logged_not_raised(directory, caplog):
    def broken():
        raise RuntimeError("no tree")

    writer = Publisher(directory, 0, broken, dict)
    for _ in range(3):
        writer.publish()
    (record,) = caplog.records
    assert "could not be shared: no tree" in record.message
    assert record.exc_info
    assert writer.failed == "see the log"
