"""Schemas other than `public`: tables of one name in two of them, and schemas that only the new version has."""

from __future__ import annotations

import pytest

from tests.lifecycle import catalog
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=3)

PRELUDE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

'''
USERS = '''
class {name}(Base):
    __tablename__ = "users"
    __table_args__ = {{"schema": "{schema}"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    {column}
'''
OLD, NEW = "name: Mapped[str | None] = mapped_column(Text)", 'label: Mapped[str | None] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})'
OTHER = 'title: Mapped[str | None] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})'
BLUE = PRELUDE + USERS.format(name="A", schema="a", column=OLD) + USERS.format(name="B", schema="b", column=OLD)
GREEN = PRELUDE + USERS.format(name="A", schema="a", column=NEW) + USERS.format(name="B", schema="b", column=OTHER)


def test_tables_of_one_name_in_two_schemas_are_kept_in_step_each_by_its_own_rule(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue("INSERT INTO a.users (name) VALUES ('a'); INSERT INTO b.users (name) VALUES ('b')")
    project.must("plan", "-m", "labels", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.sql("INSERT INTO a.users (name) VALUES ('a2'); INSERT INTO b.users (title) VALUES ('b2')")
    assert project.sql("SELECT name, label FROM a.users ORDER BY id") == [("a", "a"), ("a2", "a2")]
    assert project.sql("SELECT name, title FROM b.users ORDER BY id") == [("b", "b"), ("b2", "b2")]
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "blue is gone")
    assert project.sql("SELECT label FROM a.users ORDER BY id") == [("a",), ("a2",)]


def test_a_new_schema_comes_with_expand_and_goes_with_rollback_unless_somebody_uses_it(project: Project) -> None:
    fresh = BLUE + USERS.format(name="C", schema="New Place", column='kind: Mapped[str] = mapped_column(Enum("x", name="kind", schema="Types"))')
    project.models(blue=BLUE, green=fresh)
    project.start_blue()
    original = catalog.read(project.url)
    project.must("plan", "-m", "more", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("rollback")
    assert catalog.difference(catalog.read(project.url), original) == []
    project.must("expand")
    project.sql('CREATE TABLE "New Place".mine ()')
    project.must("rollback")
    assert project.sql("SELECT relname::text FROM pg_class WHERE relnamespace = '\"New Place\"'::regnamespace") == [("mine",)]
