"""Models in every style pass where nothing is wrong with the schema, and what breaks is found: under each SQLAlchemy, with its drivers."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import psycopg
import pytest

from bgmigrate.workflow.report import Report
from tests.corpus.measure import applications
from tests.integration.styles import HEAD, MODELS, STYLES
from tests.integration.verifying import Bench, errors
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def passes(bench: Bench, models: str, *tables: str) -> None:
    """Both versions are tried with all that they have, and with each other's rows."""
    report = bench.verify(blue=models, green=models)
    assert report.outcome == "passed", report.findings
    read = [p for p in report.extra["probes"] if p["probe"] == "crossread"]
    assert all(set(tables) <= set(p["tables"]) for p in read)
    assert len(read) == 2


def found(report: Report) -> dict[str, set[tuple[str, str | None, str | None]]]:
    """What was found, by severity."""
    return {s: {(f.code, f.table, f.column) for f in report.findings if f.severity == s} for s in ("error", "warning")}


def harm(bench: Bench, *statements: str) -> None:
    with psycopg.connect(bench.url, autocommit=True) as c:
        for statement in statements:
            c.execute(statement.encode())


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", STYLES)
def test_a_style_passes_until_its_schema_breaks_it(bench: Bench, name: str) -> None:
    style = STYLES[name]
    bench.build(HEAD + style.models)
    passes(bench, HEAD + style.models)
    harm(bench, style.harm)
    assert found(bench.verify(blue=HEAD + style.models)) == {"error": style.breaks, "warning": style.warns}


def test_rows_of_a_concrete_class_are_read_by_the_other_version(bench: Bench) -> None:
    """Its base class finds them as well, and has rows with the same keys in a table of its own."""
    blue = HEAD + STYLES["concrete inheritance"].models.replace("motto = Column(String(40))", 'motto = Column(Enum("go", name="motto"))')
    green = blue.replace('Enum("go",', 'Enum("go", "stop",')
    bench.build(green)
    passes(bench, green, "employees", "chiefs", "cars", "coaches")
    assert [(f.code, f.version, f.table, f.column) for f in errors(bench.verify(blue=blue, green=green))] == [("BGM804", "blue", "chiefs", "motto")]


def test_columns_with_another_key_than_their_name_are_written_in_core_statements_and_upserts(bench: Bench) -> None:
    models = HEAD + STYLES["keys"].models
    bench.build(models, "ALTER TABLE wide DROP CONSTRAINT wide_c_d", "ALTER TABLE plain DROP CONSTRAINT plain_d_key")
    assert found(bench.verify(blue=models)) == {"error": set(), "warning": {("BGM801", "wide", None), ("BGM801", "plain", None)}}


MODERN = """
from __future__ import annotations
import dataclasses
from sqlalchemy import *
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import *

class Base(AsyncAttrs, MappedAsDataclass, DeclarativeBase, kw_only=True):
    pass

@dataclasses.dataclass
class Point:
    x: int
    y: int

class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str]
    at: Mapped[Point] = composite(mapped_column("at_x"), mapped_column("at_y"))
    posts: WriteOnlyMapped["Post"] = relationship(cascade="all, delete-orphan", passive_deletes=True, init=False)
    fans: Mapped[list["Fan"]] = relationship(default_factory=list, back_populates="author", lazy="raise_on_sql", cascade="all, delete-orphan")

class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(deferred=True)

class Fan(Base):
    __tablename__ = "fans"
    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), init=False)
    author: Mapped[Author] = relationship(back_populates="fans")
"""
MODERN_HARM = ("ALTER TABLE fans DROP COLUMN author_id", "ALTER TABLE posts ADD COLUMN rank int NOT NULL")
MODERN_BREAKS = {("BGM802", "fans", "author_id"), ("BGM801", "authors", None), ("BGM801", "posts", "rank")}
SQLMODEL = """
import datetime, enum, uuid
from typing import List, Optional
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

class Kind(str, enum.Enum):
    strong = "S"
    fast = "F"

class Team(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    name: str = Field(index=True, unique=True)
    heroes: List["Hero"] = Relationship(back_populates="team", cascade_delete=True)

class HeroBase(SQLModel):
    name: str
    age: Optional[int] = None

class Hero(HeroBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    kind: Kind = Kind.strong
    team_id: Optional[int] = Field(default=None, foreign_key="team.id")
    team: Optional[Team] = Relationship(back_populates="heroes")
    bag: dict = Field(default_factory=dict, sa_column=Column(JSON))
    made: datetime.datetime = Field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))

class Base:
    metadata = SQLModel.metadata
"""
SQLMODEL_HARM = ("ALTER TABLE hero DROP COLUMN age", "ALTER TABLE team ADD COLUMN city text NOT NULL")
SQLMODEL_BREAKS = {("BGM802", "hero", "age"), ("BGM801", "team", "city")}


@pytest.mark.exhaustive
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg", "pg8000"])
def test_dataclasses_write_only_lists_and_awaitable_attributes(bench: Bench, driver: str) -> None:
    bench.environments = {e: {"driver": driver} for e in ("blue", "green")}
    bench.build(MODERN)
    passes(bench, MODERN, "authors", "posts", "fans")
    harm(bench, *MODERN_HARM)
    assert found(bench.verify(blue=MODERN))["error"] == MODERN_BREAKS


# What is installed; the models; what harms them; what that breaks.
HARM, BREAKS = [s.harm for s in STYLES.values()], {b for s in STYLES.values() for b in s.breaks}
RELEASES = {
    "1.4": (["sqlalchemy>=1.4,<2", "psycopg2-binary", "asyncpg", "greenlet"], MODELS, HARM, BREAKS),
    "2.0": (["sqlalchemy>=2.0,<2.1", "psycopg[binary]", "asyncpg", "greenlet"], MODELS, HARM, BREAKS),
    "2.1": (["sqlalchemy>=2.1,<2.2", "psycopg[binary]", "asyncpg", "greenlet"], MODELS, HARM, BREAKS),
    "sqlmodel": (["sqlmodel", "psycopg[binary]", "asyncpg", "greenlet"], SQLMODEL, SQLMODEL_HARM, SQLMODEL_BREAKS),
}


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("release", "driver"),
    [("1.4", "psycopg2"), ("1.4", "asyncpg"), ("2.0", "psycopg"), ("2.0", "asyncpg"), ("2.1", "psycopg"), ("2.1", "asyncpg"), ("sqlmodel", "psycopg"),
     ("sqlmodel", "asyncpg")],
)
def test_every_style_under_each_sqlalchemy(bench: Bench, release: str, driver: str) -> None:
    """BGMIGRATE_CORPUS_CACHE keeps the virtual environments between runs."""
    packages, models, harms, breaks = RELEASES[release]
    home = Path(os.environ.get("BGMIGRATE_CORPUS_CACHE") or Path(tempfile.gettempdir()) / "bgmigrate-corpus")
    try:
        python = applications().environment(home / f"styles-{release}", f"SQLAlchemy for {release}", packages, "sqlalchemy")
    except applications().NotInstalled as error:
        pytest.skip(str(error))
    bench.environments = {e: {"driver": driver, "python": str(python)} for e in ("blue", "green")}
    bench.build(models, environment="blue")
    passes(bench, models)
    harm(bench, *harms)
    assert found(bench.verify(blue=models))["error"] == breaks
