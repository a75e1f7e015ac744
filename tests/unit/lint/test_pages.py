"""The page of rules is what the rules say."""

from __future__ import annotations

from pathlib import Path

from bgmigrate.lint.pages import page

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/lint.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m bgmigrate.lint.pages"
