"""Expressions that PostgreSQL shows in a form which, parsed again, is stored as another one."""

from __future__ import annotations

import psycopg
import pytest

from bgmigrate import catalog
from bgmigrate.database import connect
from bgmigrate.sql import compose
from bgmigrate.sql.spelling import stable
from tests.project import Project
from tests.servers import Server

DEFINITION = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck'"
CHECKS = [
    "state IN ('on', 'off')", "state NOT IN ('on', 'it''s', 'b\\c')", "state IN ('on')", "upper(state) IN ('ON', 'OFF') AND note IN ('a', NULL)",
    "note LIKE ANY (ARRAY['a%', 'b]%'])", "state::text = ANY (ARRAY['on'::varchar::text, 'off'::varchar::text])", "state = ANY ('{on,off}'::varchar[])",
]
TABLE = "CREATE TABLE t (v varchar(20), x text, c char(3), n int, d numeric(6,2), day date, e varchar[])"
EXPRESSIONS = [
    "v IN ('a', 'b')", "v NOT IN ('it''s', ') ]::text', 'c')", "v IN ('a', NULL)", "x IN ('a', 'b') AND v IN ('c', 'd') OR v = 'e'", "c IN ('a', 'b')",
    "n IN (1, 2, 3)", "d IN (1, 2.5)", "day IN ('2024-01-01', '2025-01-01')", "v = ANY (ARRAY['a', 'b'])", "v IN (lower('A'), 'b')", "e && ARRAY['a', 'b']::varchar[]", "v IN ('[', '](ARRAY[')", "v IN ('a', (ARRAY['b', 'c'])[n])",
    "v IN ('a') AND n BETWEEN 1 AND 3", "(v || 'x') IN ('a', 'b')", "upper(v) IN ('A', 'B')", "coalesce(v, 'a') LIKE ANY (ARRAY['a%', 'b%'])",
]
BASE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
'''


@pytest.mark.exhaustive
@pytest.mark.every_server
@pytest.mark.parametrize("check", CHECKS)
def test_what_is_read_makes_what_was_read(check: str, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as c:
        c.execute(compose("CREATE TABLE t (state varchar(20), note varchar, CONSTRAINT ck CHECK ({c:q}))", c=check).encode())
        first = catalog.read(c).tables["t"].constraints["ck"].definition
        c.execute(compose("ALTER TABLE t DROP CONSTRAINT ck, ADD CONSTRAINT ck {d:q}", d=first).encode())
        shown = c.execute(DEFINITION).fetchall()
        assert catalog.read(c).tables["t"].constraints["ck"].definition == first == stable(first)
        c.execute(compose("ALTER TABLE t DROP CONSTRAINT ck, ADD CONSTRAINT ck {d:q}", d=first).encode())
        assert c.execute(DEFINITION).fetchall() == shown


def test_a_check_and_a_partial_index_over_a_varchar(project: Project) -> None:
    column = "    state: Mapped[str] = mapped_column(String(20))\n"
    rules = """    __table_args__ = (
        CheckConstraint("state IN ('on', 'off')", name="ck"), Index("ix_on", "id", postgresql_where=text("state IN ('on', 'off')")),
    )\n"""
    project.models(blue=BASE + column, green=BASE + column + rules)
    project.start_blue("INSERT INTO orders (state) VALUES ('on')")
    project.must("plan", "-m", "checked", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "blue is gone")
    again = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("green"))
    assert again.json["outcome"] == "nothing_to_do"


def test_a_baseline_with_such_a_check_is_exact(project: Project, server: Server) -> None:
    project.sql("CREATE TABLE orders (id serial PRIMARY KEY, state varchar(20), CONSTRAINT ck CHECK (state IN ('on', 'off')))")
    assert project.must("init", "--baseline").json["findings"] == []
    with server.database("rebuilt") as url:
        rebuilt = Project(directory=project.directory, url=url, scratch_url=server.url)
        rebuilt.must("expand")
        assert rebuilt.sql(DEFINITION) == project.sql(DEFINITION)


@pytest.mark.exhaustive
@pytest.mark.every_server
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_definition_that_is_read_again_is_the_same(database: str, expression: str) -> None:
    with connect(database, purpose="test") as c:
        c.execute(TABLE)
        c.execute(compose("ALTER TABLE t ADD CONSTRAINT k CHECK ({e:q})", e=expression).encode())
        c.execute(compose("CREATE INDEX i ON t (n) WHERE {e:q}", e=expression).encode())
        first = catalog.read(c).tables["t"]
        raw = c.execute("SELECT pg_get_constraintdef(oid), pg_get_indexdef('i'::regclass) FROM pg_constraint WHERE conname = 'k'").fetchall()
        c.execute("ALTER TABLE t DROP CONSTRAINT k; DROP INDEX i")
        c.execute(compose("ALTER TABLE t ADD CONSTRAINT k {d:q}", d=first.constraints["k"].definition).encode())
        c.execute(first.indexes["i"].definition.encode())
        again = c.execute("SELECT pg_get_constraintdef(oid), pg_get_indexdef('i'::regclass) FROM pg_constraint WHERE conname = 'k'").fetchall()
        assert again == raw
        assert catalog.read(c).tables["t"].constraints["k"].definition == first.constraints["k"].definition
