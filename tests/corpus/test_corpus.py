"""The corpus itself: its files, the oracle, and the lightest pair as `python -m tests.corpus` measures them all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.corpus import oracle
from tests.corpus.measure import DECLARED, applications, measure
from tests.corpus.pair import load, pairs
from tests.servers import Server

OLD = """
import enum
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship

class Base(DeclarativeBase): pass

class User(Base):
    __tablename__ = "users"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(50))
    pets = relationship("Pet")

class Pet(Base):
    __tablename__ = "pets"
    id = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(ForeignKey("users.id"))
    kind = mapped_column(Enum("cat", "dog", name="kind"))
    age = mapped_column(Integer)
"""


def declared(directory: Path, text: str) -> dict[str, Any]:
    (directory / "told.py").write_text(text)
    done = subprocess.run([sys.executable, str(DECLARED), "told:Base"], cwd=directory, env={"PYTHONPATH": str(directory)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_there_are_at_least_eight_pairs_of_six_applications() -> None:
    every = [load(n) for n in pairs()]
    assert len(every) >= 8
    assert len({p.application for p in every}) >= 6
    assert all(p.about and p.blue.version != p.green.version for p in every)


def test_the_oracle_says_what_breaks_and_nothing_else(database: str, tmp_path: Path) -> None:
    mine = declared(tmp_path, OLD)
    with psycopg.connect(database, autocommit=True) as c:
        c.execute("CREATE TYPE kind AS ENUM ('cat', 'dog')")
        c.execute("CREATE TABLE users (id serial PRIMARY KEY, name varchar(50))")
        c.execute("CREATE TABLE pets (id serial PRIMARY KEY, user_id int REFERENCES users, kind kind, age int)")
        home = oracle.read(database)
        assert oracle.truth(mine, mine, home, home, candidate=True) == oracle.Truth(roots={}, along=frozenset())
        c.execute("ALTER TABLE pets DROP COLUMN age")
        c.execute("ALTER TABLE users ALTER name TYPE varchar(20), ADD joined date NOT NULL")
        c.execute("CREATE TABLE notes (user_id int REFERENCES users)")
        found = oracle.truth(mine, mine, oracle.read(database), home, candidate=True)
    assert set(found.roots) == {"pets.age", "users.name", "users.joined", "users"}


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(300)
def test_the_lightest_pair(server: Server) -> None:
    """BGMIGRATE_CORPUS_CACHE keeps its virtual environments between runs; the whole corpus takes half an hour without them."""
    try:
        found = measure(load("optuna-2-3"), server)
    except applications().NotInstalled as error:
        pytest.skip(str(error))
    assert found.right, [(s.release, s.schema, s.missed, s.false) for s in found.sides] + list(found.lies)
