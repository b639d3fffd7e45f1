"""What the README says is what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyramid_scales.settings import TABLE, Row

README = (Path(__file__).parent.parent / "README.rst").read_text()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_readme_lists_each_setting_with_its_default_and_meaning(row: Row) -> None:
    default = f"``{row.default}``" if row.default else "(none)"
    assert f"   * - ``scales.{row.name}``\n     - {default}\n     - {row.doc}\n" in README


def test_the_readme_lists_no_setting_that_does_not_exist() -> None:
    assert README.count("   * - ``scales.") == len(TABLE)
