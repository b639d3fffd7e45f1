"""Templates and static files."""

from __future__ import annotations

import re

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
