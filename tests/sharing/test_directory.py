"""The directory of an application's workers: found safe, or refused with a sentence."""

from __future__ import annotations

import os
import shutil

import pytest

from pyramid_scales.sharing.directory import Directory, Unusable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
STRANGER = 4242


@pytest.fixture
def directory(tmp_path):
    return Directory(str(tmp_path), "app")


def test_others_can_not_look_into_a_directory_that_was_there_before(tmp_path, directory):
    os.chmod(directory.path, 0o755)
    Directory(str(tmp_path), "app")
    assert os.stat(directory.path).st_mode & 0o777 == 0o700


def test_a_directory_that_others_may_write_to_is_refused_with_what_to_do(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(Unusable, match="chmod it to 700"):
        Directory(str(tmp_path), "app")


def test_a_directory_without_a_parent_is_refused_with_the_reason(tmp_path):
    with pytest.raises(Unusable, match="No such file or directory"):
        Directory(str(tmp_path / "absent" / "shared"), "app")


@as_root
def test_a_directory_of_another_user_is_refused(tmp_path, directory):
    os.chown(directory.path, STRANGER, -1)
    with pytest.raises(Unusable, match=f"belongs to user {STRANGER}"):
        Directory(str(tmp_path), "app")
    os.chown(tmp_path, STRANGER, -1)
    with pytest.raises(Unusable, match=f"{tmp_path} belongs to user {STRANGER}"):
        Directory(str(tmp_path), "app")


@as_root
def test_a_link_that_another_user_made_is_not_followed(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    Directory(str(link / "shared"), "app")
    os.lchown(link, STRANGER, -1)
    with pytest.raises(Unusable, match="a symbolic link of another user"):
        Directory(str(link / "shared"), "app")


def test_a_directory_that_was_removed_is_not_there_and_holds_nothing(directory):
    os.close(directory.open_file("slot-0000", create=True))
    assert directory.is_there()
    assert directory.names() == ["slot-0000"]
    shutil.rmtree(directory.path)
    assert not directory.is_there()
    assert directory.names() == []


def test_a_file_that_can_not_be_replaced_leaves_no_new_one_behind(directory):
    os.mkdir(os.path.join(directory.path, "stats-0000.json"))
    with pytest.raises(IsADirectoryError):
        directory.replace("stats-0000.json", b"{}")
    assert directory.names() == ["stats-0000.json"]
