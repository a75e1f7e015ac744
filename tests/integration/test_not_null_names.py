"""From PostgreSQL 18 on a NOT NULL has a name: the one that PostgreSQL makes, and after all that we do still that one."""

from __future__ import annotations

import psycopg
import pytest

from bgmigrate.naming import made_name
from bgmigrate.sql import compose
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=5)

NAMES = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'n' ORDER BY 1"
BASE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
'''


@pytest.fixture(autouse=True)
def named(server: Server) -> None:
    if server.version < 180000:
        pytest.skip("a NOT NULL has no name before PostgreSQL 18")


@pytest.mark.parametrize(("table", "column"), [
    ("users", "name"), ("t" * 63, "c"), ("t", "c" * 63), ("t" * 40, "c" * 40), ("t" * 30, "ü" * 30), ("ß" * 31, "x" * 20), ("Sales Dept", 'a"b'),
])
def test_the_name_is_what_postgresql_makes(table: str, column: str, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as c:
        c.execute(compose("CREATE TABLE {t:i} ({c:i} integer NOT NULL)", t=table, c=column).encode())
        assert c.execute(NAMES, [compose("{t:i}", t=table)]).fetchall() == [(made_name(table, column, "not_null"),)]


def test_a_column_that_is_rebuilt_and_takes_no_null_any_more(project: Project) -> None:
    """Rollback of a wider type that may be NULL: the column is rebuilt beside itself, NOT NULL under the name that it had."""
    project.models(
        blue=BASE + "    name: Mapped[str] = mapped_column(String(50))\n", green=BASE + "    name: Mapped[str | None] = mapped_column(String(100))\n"
    )
    project.start_blue("INSERT INTO account (name) VALUES ('one')")
    before = project.sql(NAMES, "account")
    project.must("plan", "-m", "wider", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("rollback")
    assert project.sql(NAMES, "account") == before == [("account_id_not_null",), ("account_name_not_null",)]


def test_a_column_of_another_type_that_takes_null_no_more(project: Project) -> None:
    project.models(blue=BASE + "    visits: Mapped[int | None]\n", green=BASE + '    visits: Mapped[int] = mapped_column(BigInteger, server_default="0")\n')
    project.start_blue("INSERT INTO account (visits) VALUES (1), (NULL)")
    project.must("plan", "-m", "more", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "blue is gone")
    assert project.sql(NAMES, "account") == [("account_id_not_null",), ("account_visits_not_null",)]
    assert project.sql("SELECT visits FROM account ORDER BY id") == [(1,), (0,)]
