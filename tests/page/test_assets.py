"""Templates and static files."""

from __future__ import annotations

import re

import pytest

from pyramid_scales.page import assets


def test_a_file_is_named_by_its_content():
    files = assets.static_files()
    assert set(files) == {"page.css", "page.js", "icon.svg"}
    assert len({file.version for file in files.values()}) == 3
    assert all(re.fullmatch("[0-9a-f]{12}", file.version) for file in files.values())


def test_files_are_read_and_templates_compiled_once():
    assert assets.static_files() is assets.static_files()
    assert assets.templates() is assets.templates()
    assert assets.templates().get_template("page.jinja2") is assets.templates().get_template("page.jinja2")


def test_templates_escape_what_they_print():
    assert assets.templates().from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"


def test_no_template_holds_inline_script_style_or_a_foreign_address():
    environment = assets.templates()
    for name in environment.list_templates():
        source = environment.loader.get_source(environment, name)[0]
        assert not re.search(r"style=|\son\w+=|<style|https?:|javascript:", source), name
        assert all("src=" in tag for tag in re.findall("<script[^>]*>", source)), name


def test_static_files_ask_for_nothing_from_elsewhere():
    for name, file in assets.static_files().items():
        text = file.body.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|@import|url\(", text), name


TEXTS = [
    *((front, back) for front in ("text", "quiet", "link", "bad") for back in ("panel", "back", "faint")),
    *(("warn", back) for back in ("panel", "faint", "warn-back")),
    *((front, back) for front in ("text", "link") for back in ("warn-back", "bad-back")),
    *((front, "new") for front in ("text", "bad")),
]
DRAWINGS = [("draw", "panel"), ("bad", "panel"), ("quiet", "panel"), ("good", "panel"), ("ghost", "panel")]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXTS, 4.5), (DRAWINGS, 3.0)], ids=["texts", "drawings and borders"]
)
def test_colours_have_the_contrast_that_wcag_aa_asks_for(pairs, least, scheme):
    style = assets.static_files()["page.css"].body.decode()
    colours = [dict(re.findall(r"--([\w-]+): #(\w+)", block)) for block in style.split(":root")[1:3]][scheme]
    ratios = {pair: _contrast(*(_luminance(colours[name]) for name in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < least} == {}


def _luminance(colour):
    colour = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def _contrast(one, other):
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
