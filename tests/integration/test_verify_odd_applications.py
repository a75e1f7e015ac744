"""Applications whose models are not what one expects: made at run time, said twice, views, or only partly there. No false alarm, no false pass.

More of it is in test_verify_odd_imports.py; what an import may do besides in tests/unit/versions/test_odd_imports.py.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from bgmigrate.versions.process import VersionFailed
from bgmigrate.workflow.report import Report
from tests.integration.verifying import PLAIN, SHOP, Bench, errors
from tests.servers import Server


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    parts = urlsplit(database)
    monkeypatch.setenv("DATABASE_URL", parts._replace(scheme="postgresql+psycopg").geturl())
    return Bench(tmp_path, database, server.url)


def told(report: Report) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(f.code, f.version, f.table, f.column) for f in errors(report)]


def clean(report: Report) -> None:
    """Passed, and nothing that a person would have to look at."""
    assert report.outcome == "passed", report.findings
    assert [f.what for f in report.findings if f.severity != "info"] == []
    assert not any(p["inconclusive"] for p in report.extra["probes"])


CONNECT = "import os\nfrom sqlalchemy import create_engine, text\nengine = create_engine(os.environ['DATABASE_URL'])\n"
REFLECTED = CONNECT + """
from sqlalchemy.orm import DeclarativeBase
class Base(DeclarativeBase):
    pass
Base.metadata.reflect(engine)
class User(Base):
    __table__ = Base.metadata.tables["users"]
"""
AUTOMAP = CONNECT + """
from sqlalchemy.ext.automap import automap_base
Base = automap_base()
Base.prepare(autoload_with=engine)
"""
MIGRATED = ("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)", "INSERT INTO alembic_version VALUES ('1')")


@pytest.mark.exhaustive
def test_an_import_that_connects_to_a_database_that_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.build(SHOP)
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://u:secret@127.0.0.1:1/x")
    with pytest.raises(VersionFailed, match="onnection refused") as caught:
        bench.verify(blue=SHOP + CONNECT + "engine.connect()\n", green=SHOP)
    assert "name a server that can be reached" in caught.value.next
    assert "secret" not in caught.value.what


@pytest.mark.parametrize("text", [pytest.param(REFLECTED, id="reflected"), pytest.param(AUTOMAP, id="automap", marks=pytest.mark.exhaustive)])
def test_models_that_are_read_from_the_database(bench: Bench, text: str) -> None:
    bench.build(SHOP, *MIGRATED)
    report = bench.verify(blue=text, green=SHOP)
    clean(report)
    assert {p["version"] for p in report.extra["probes"] if p["checked"]} == {"blue", "green"}


@pytest.mark.exhaustive
def test_a_reflected_version_meets_what_the_other_one_requires(bench: Bench) -> None:
    """The import sees the expanded schema; it is the other one that does not."""
    bench.build(SHOP, "ALTER TABLE users ADD COLUMN full_name text NOT NULL")
    assert ("BGM801", "green", "users", "full_name") in told(bench.verify(blue=REFLECTED, green=SHOP))


TWO_BASES = PLAIN + """
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    state = mapped_column(Enum("on", "off", name="user_state"), nullable=False)

class Other(DeclarativeBase):
    pass

class Account(Other):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    COLUMNS
class Team(Other):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
bases = [Base, Other]
"""
SAME = TWO_BASES.replace("COLUMNS", 'state = mapped_column(Enum("on", "off", name="user_state"), nullable=False)\n')
LESS = TWO_BASES.replace("COLUMNS", "")
MORE = TWO_BASES.replace("COLUMNS", """state = mapped_column(Enum("on", "off", name="user_state"), nullable=False)
    level = mapped_column(Enum("low", "high", name="level"), nullable=False, server_default="low")
    note: Mapped[str | None] = mapped_column(Text)
""")


def both(text: str) -> str:
    """The bench takes what is called `Base`."""
    return text + "Base = bases\n"


@pytest.mark.parametrize("text", [
    pytest.param(SAME, id="same", marks=pytest.mark.exhaustive), pytest.param(LESS, id="less"), pytest.param(MORE, id="more", marks=pytest.mark.exhaustive),
])
def test_two_bases_with_one_table(bench: Bench, text: str) -> None:
    text = both(text)
    bench.build(text)
    clean(bench.verify(blue=text, green=text))


@pytest.mark.exhaustive
def test_what_only_the_second_base_has_of_a_table_is_missed(bench: Bench) -> None:
    bench.build(both(SAME))
    assert set(told(bench.verify(green=both(MORE)))) == {("BGM802", "green", "users", "level"), ("BGM802", "green", "users", "note")}


VIEWS = SHOP + """
class Name(Base):
    __tablename__ = "names"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    loud: Mapped[str | None] = mapped_column(Text)
"""


def test_a_view_that_computes_a_column_for_both_is_read_and_the_rest_of_it_written(bench: Bench) -> None:
    bench.build(SHOP, "CREATE VIEW names AS SELECT id, name, NULLIF(name, '') AS loud FROM users")
    clean(bench.verify(blue=VIEWS, green=VIEWS))


@pytest.mark.exhaustive
def test_a_table_that_became_a_view_which_does_not_take_what_is_written(bench: Bench) -> None:
    """Only the version that still writes the table is harmed."""
    blue = SHOP.replace("    name: Mapped[str] = mapped_column(String(80))", "    name: Mapped[str] = mapped_column(String(80))\n    nick: Mapped[str | None] = mapped_column(Text)")
    green = SHOP.replace('"users"', '"people"').replace('users.id', 'people.id')
    bench.build(green, "CREATE VIEW users AS SELECT id, name, lower(name) AS nick FROM people")
    found = bench.verify(blue=blue, green=green)
    assert ("BGM801", "blue", "users") in {t[:3] for t in told(found)}, found.findings
    assert "green" not in {t[1] for t in told(found)}


def test_a_base_without_tables_proves_nothing(bench: Bench) -> None:
    bench.build(SHOP)
    report = bench.verify(blue=SHOP, green=PLAIN)
    assert (report.outcome, report.exit_code) == ("inconclusive", 4)
    assert [(f.code, f.version) for f in report.findings] == [("BGM806", "green")]
    assert "#package.models,models:Base" in report.findings[0].next


@pytest.mark.exhaustive
def test_the_first_release_comes_after_one_without_tables(bench: Bench) -> None:
    bench.build(SHOP)
    report = bench.verify(blue=PLAIN, green=SHOP)
    assert (report.outcome, [(f.code, f.severity, f.version) for f in report.findings]) == ("passed", [("BGM806", "info", "blue")])


HOOKS = SHOP + """
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

class Context:
    def __getattr__(self, name):
        raise RuntimeError("Working outside of application context.")

current = Context()

@event.listens_for(Session, "before_flush")
def stamp(session, context, instances):
    current.user

@event.listens_for(User, "before_insert")
def fill(mapper, connection, target):
    current.user

@event.listens_for(Engine, "before_execute")
def watch(connection, clause, multiparams, params, options):
    if "labels" in str(clause):
        current.user

labels = Table("labels", Base.metadata, Column("id", Integer, primary_key=True), Column("name", Text))
"""


@pytest.mark.parametrize("driver", ["psycopg", pytest.param("asyncpg", marks=pytest.mark.exhaustive)])
def test_listeners_that_need_the_running_application_are_left_out_and_what_breaks_is_found(bench: Bench, driver: str) -> None:
    bench.environments = {e: {"driver": driver} for e in ("blue", "green")}
    bench.build(HOOKS)
    report = bench.verify(blue=HOOKS, green=HOOKS)
    assert (report.outcome, [f.severity for f in report.findings]) == ("passed", ["info", "info"])
    assert "RuntimeError: Working outside of application context." in report.findings[0].what
    with psycopg.connect(bench.url, autocommit=True) as c:
        c.execute("ALTER TABLE users ADD COLUMN wanted text NOT NULL")
    assert ("BGM801", "blue", "users", "wanted") in told(bench.verify(blue=HOOKS, green=HOOKS))
