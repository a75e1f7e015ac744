"""Expressions that PostgreSQL shows in a form which, parsed again, is stored as another one."""

from __future__ import annotations

import psycopg
import pytest

from bgmigrate import catalog
from bgmigrate.sql import compose
from bgmigrate.sql.spelling import stable
from tests.project import Project
from tests.servers import Server

DEFINITION = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck'"
CHECKS = [
    "state IN ('on', 'off')", "state NOT IN ('on', 'it''s', 'b\\c')", "state IN ('on')", "upper(state) IN ('ON', 'OFF') AND note IN ('a', NULL)",
    "note LIKE ANY (ARRAY['a%', 'b]%'])", "state::text = ANY (ARRAY['on'::varchar::text, 'off'::varchar::text])", "state = ANY ('{on,off}'::varchar[])",
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
