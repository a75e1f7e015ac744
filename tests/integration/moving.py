"""Two tables of users' addresses and phones, as blue has them in columns and green in rows; and how to ask whether they agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bgmigrate.database import Connection, connect
from bgmigrate.ops import SynchronizeTables
from bgmigrate.ops.move import move_of
from bgmigrate.ops.move_checks import unread, wrong
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings

Row = tuple[object, ...]
Parts = list[dict[str, Any]]
ONE: Parts = [{
    "forward": {"user_id": "id", "street": "street", "city": "city"}, "when": "street IS NOT NULL", "backward": {"street": "street", "city": "city"},
}]
TWO: Parts = [
    {"forward": {"user_id": "id", "position": str(i), "number": f"phone{i}"}, "when": f"phone{i} IS NOT NULL", "backward": {f"phone{i}": "number"}}
    for i in (1, 2)
]
ADDRESSES = """
CREATE TABLE users (id int PRIMARY KEY, name text, street text, city text);
CREATE TABLE addresses (user_id int PRIMARY KEY REFERENCES users, street text, city text, note text)"""
PHONES = """
CREATE TABLE users (id int PRIMARY KEY, phone1 text, phone2 text);
CREATE TABLE phones (id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE, position smallint NOT NULL,
                     number text NOT NULL, note text, UNIQUE (user_id, position))"""


@contextmanager
def without_journal(database: str) -> Iterator[Runtime]:
    """Operations on a database of their own, without a journal."""
    with connect(database, purpose="test") as c:
        c.execute("CREATE SCHEMA bgmigrate")
        yield Runtime(c, database, Settings(directory=Path()), Progress(-1), {"bgmigrate.scratch": True})


def with_addresses(on: Runtime) -> Connection:
    """Blue's `users` and green's `addresses`, kept in step."""
    on.connection.execute(ADDRESSES.encode())
    SynchronizeTables("users", "addresses", ["user_id"], ONE).run(on)
    return on.connection


def with_phones(on: Runtime) -> Connection:
    """Blue's `users` with two numbers and green's `phones`, kept in step."""
    on.connection.execute(PHONES.encode())
    SynchronizeTables("users", "phones", ["user_id", "position"], TWO).run(on)
    return on.connection


def rows(c: Connection, query: str) -> list[Row]:
    """All rows of a query."""
    return c.execute(query.encode()).fetchall()


def disagree(c: Connection, old: str, new: str, key: list[str], parts: Parts, without: dict[str, str] | None = None) -> int:
    """How many rows the closing check would find."""
    move = move_of(c, old, new, key, parts, without or {})
    return sum(found.rows for part in move.parts if (found := wrong(c, move, part)))


def lost(c: Connection, old: str, new: str, key: list[str], parts: Parts) -> int:
    """How many rows a rollback would lose."""
    found = unread(c, move_of(c, old, new, key, parts, {}))
    return found.rows if found else 0
