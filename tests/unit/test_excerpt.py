"""A message quotes the beginning of a long text, and never half a word."""

from __future__ import annotations

import pytest

from bgmigrate.excerpt import excerpt


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CREATE TABLE a", "CREATE TABLE a"),
        ("CREATE TABLE a (id int)", "CREATE TABLE a…"),
        ("CREATE\n\t TABLE   a", "CREATE TABLE a"),
        ("SELECT aaaa, bb, cc", "SELECT aaaa…"),
        ("x" * 20, "x" * 14 + "…"),
    ],
)
def test_it_is_cut_between_words(text: str, shown: str) -> None:
    assert excerpt(text, 15) == shown
