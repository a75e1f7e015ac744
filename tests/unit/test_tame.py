"""Which expressions a trigger evaluates directly, and which of them can refuse no row."""

from __future__ import annotations

import pytest

from bgmigrate.sql.tame import is_tame, is_total

COLUMNS = {"name": "text", "first": "character varying(40)", "n": "integer", "at": "timestamp with time zone", "mail": "citext", "new": "text", "d": "dom"}


@pytest.mark.parametrize(
    ("expression", "tame", "total"),
    [
        ("upper(name)", True, True),
        ("first || ' ' || name", True, True),
        ("CASE WHEN n = 1 THEN 'one' ELSE coalesce(name, '-') END", True, True),
        ("n::text || 'select * from x'", True, True),
        ("left(name, 3)", True, True),
        ("split_part(name, ' ', 2)", True, False),  # no field 0
        ("name LIKE first", True, False),  # a pattern may end in its escape character
        ("(100 / n)::text", True, False),
        ("left(name, -n)", True, False),  # a number may have no negative
        ("name::integer", True, False),
        ("length(name)", True, False),
        ("upper(mail)", False, False),  # an extension's function, wherever its schema is
        ("upper(d)", False, False),  # a domain may refuse NULL as soon as a variable has it
        ("upper(new)", False, False),  # NEW is the row
        ("(SELECT max(x) FROM other)", False, False),
        ("shop.price(n)", False, False),
        ("t.name", False, False),
        ("people(t)", False, False),
        ("my_function(name)", False, False),
        ("name ~ '^a'", True, False),
    ],
)
def test_of_words_that_mean_the_same_everywhere(expression: str, tame: bool, total: bool) -> None:
    assert is_tame(expression, "t", COLUMNS) is tame
    if tame:
        assert is_total(expression, "text", COLUMNS) is total


@pytest.mark.parametrize("type_", ["character varying(40)", "integer", "character(3)"])
def test_a_column_that_takes_less_than_any_text_may_refuse_one(type_: str) -> None:
    assert not is_total("upper(name)", type_, COLUMNS)
