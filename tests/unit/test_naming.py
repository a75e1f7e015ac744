"""Names: never longer than PostgreSQL's 63 bytes, never two made one, and quoted wherever they must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgmigrate.naming import LIMIT, bounded, ident, key, object_name, qualified, trigger_name

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=80)


@given(NAMES)
def test_a_bounded_name_fits_and_a_short_one_stays(name: str) -> None:
    assert len(bounded(name).encode()) <= LIMIT
    assert len(name.encode()) > LIMIT or bounded(name) == name


@given(NAMES, NAMES)
def test_cutting_makes_no_two_names_one(left: str, right: str) -> None:
    a, b = "x" * 60 + left, "x" * 60 + right
    assert (bounded(a) == bounded(b)) == (a == b)


@given(NAMES)
def test_a_quoted_name_reads_back_as_itself(name: str) -> None:
    sql = ident(name)
    assert (sql[1:-1].replace('""', '"') if sql.startswith('"') else sql) == name


@pytest.mark.parametrize(("name", "sql"), [("users", "users"), ("Users", '"Users"'), ("order", '"order"'), ("a b", '"a b"'), ('q"', '"q"""'), ("1a", '"1a"')])
def test_identifiers_are_quoted_only_where_they_must_be(name: str, sql: str) -> None:
    assert ident(name) == sql


def test_a_table_of_the_default_schema_has_no_schema_in_its_key() -> None:
    assert key("public", "users") == "users"
    assert key("crm", "users") == "crm.users"
    assert qualified("crm.order") == 'crm."order"'


def test_our_objects_say_what_they_are_for() -> None:
    assert object_name("check", "crm.users", "name") == "bgm_check_users_name"
    assert trigger_name("users", "full_name") == "zz_bgm_sync_users_full_name"
    assert len(trigger_name("t" * 60, "c" * 60).encode()) <= LIMIT
