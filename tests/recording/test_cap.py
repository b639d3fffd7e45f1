"""The series for what comes after the cap."""

from __future__ import annotations

import pytest

from pyramid_scales.recording.cap import OTHER, RESERVED, filled_by, other, sentences
from pyramid_scales.snapshot import Labels


@pytest.mark.parametrize(
    ("status", "shown"),
    [(100, 100), (204, 200), (301, 300), (404, 400), (500, 500), (599, 500), (7, 100), (999, 500)],
)
def test_of_a_series_that_may_not_be_only_the_class_of_its_status_is_kept(status, shown):
    labels = Labels("item", "/item/{id}", "DELETE", status, "ValueError")
    assert other(labels) == (OTHER, OTHER, "_OTHER", shown, "")


def test_there_are_as_many_of_them_as_are_kept_free():
    assert len({other(Labels("r", "/", "GET", status, "")) for status in range(1000)}) == RESERVED


def test_the_sentence_names_the_setting_and_the_routes_with_most_series():
    routes = ["a"] * 3 + ["b"] * 9 + [OTHER] * 2 + [f"r{n}" for n in range(20)]
    sentence = filled_by(routes, 37)
    assert "scales.max_series = 37" in sentence
    assert "belong to: b (9), a (3), r0 (1)" in sentence
    assert f"{OTHER} (" not in sentence


def test_there_is_nothing_to_say_while_there_is_room():
    assert sentences(["a", "b"], 500, 0) == ()


def test_series_that_found_no_room_are_counted():
    assert "3 series" in sentences(["a"], 500, 3)[0]
