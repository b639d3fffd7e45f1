"""Descriptors that may be taken from us by an application that closes all there are."""

from __future__ import annotations

import os

import pytest

from pyramid_scales.sharing.descriptor import Descriptor


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").touch()
    return tmp_path / "file"


@pytest.fixture
def descriptor(path):
    return Descriptor(os.open(path, os.O_RDWR))


def test_it_is_open_until_it_is_closed(descriptor):
    number = descriptor.number
    assert descriptor.is_open()
    assert descriptor.close()
    assert not descriptor.is_open()
    assert not descriptor.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_it_is_closed_when_nobody_needs_it(path):
    number = Descriptor(os.open(path, os.O_RDWR)).number
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_a_number_that_was_closed_is_not_used(descriptor):
    os.close(descriptor.number)
    assert not descriptor.is_open()
    with pytest.raises(OSError, match="the application has closed"):
        _ = descriptor.number


def test_a_number_that_belongs_to_another_file_is_neither_used_nor_closed(descriptor):
    number = descriptor.number
    other = os.open("/dev/null", os.O_RDONLY)
    os.dup2(other, number)
    os.close(other)
    with pytest.raises(OSError, match="the application has closed"):
        _ = descriptor.number
    assert not descriptor.close()
    del descriptor
    os.fstat(number)
    os.close(number)


def test_a_number_that_is_no_descriptor_is_refused_and_nothing_is_closed(path):
    number = os.open(path, os.O_RDONLY)
    os.close(number)
    with pytest.raises(OSError, match="Bad file descriptor"):
        Descriptor(number)
