"""What lint takes for granted, asked of a server: which statements write a table anew, and which locks they take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bgmigrate.lint.locks import taken
from bgmigrate.lint.types import rewrites
from bgmigrate.lint.volatile import volatile
from tests.unit.lint.reading import reading

TYPES = [
    ("varchar(20)", "varchar(40)"), ("varchar(40)", "varchar(20)"), ("varchar(20)", "varchar"), ("varchar(20)", "text"), ("text", "varchar"),
    ("text", "varchar(20)"), ("integer", "bigint"), ("bigint", "integer"), ("smallint", "integer"), ("numeric(5,2)", "numeric(8,2)"),
    ("numeric(8,2)", "numeric(5,2)"), ("numeric(5,2)", "numeric(8,3)"), ("numeric(5,2)", "numeric"), ("cidr", "inet"), ("float", "float(53)"),
    ("float(53)", "float(24)"), ("timestamp(3)", "timestamp(6)"), ("timestamp(6)", "timestamp(3)"), ("timestamp(3)", "timestamp"),
    ("json", "jsonb"), ("char(3)", "text"), ("varchar(3)", "char(3)"), ("integer", "text"), ("time(3)", "time(6)"),
]
DEFAULTS = ["1", "'x'", "now()", "CURRENT_DATE", "clock_timestamp()", "random()", "gen_random_uuid()", "concat('a', 'b')", "'{}'::jsonb",
            "to_timestamp(0)", "lower(gen_random_uuid()::text)", "timeofday()", "statement_timestamp()", "timezone('utc', now())", "txid_current()"]
STATEMENTS = [
    "CREATE INDEX i ON orders (note)", "ALTER TABLE orders ADD COLUMN c integer", "ALTER TABLE orders DROP COLUMN note",
    "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users", "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
    "ALTER TABLE orders ALTER note SET NOT NULL", "ALTER TABLE orders ALTER note SET DEFAULT 'x'", "ALTER TABLE orders RENAME note TO text",
    "ALTER TABLE orders RENAME TO purchases", "DROP INDEX ix_orders", "DROP TABLE orders", "TRUNCATE orders", "ALTER TABLE orders DROP CONSTRAINT ck",
    "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (note)", "CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "LOCK TABLE orders IN SHARE MODE", "UPDATE orders SET note = ''", "ALTER TABLE orders VALIDATE CONSTRAINT ck", "COMMENT ON TABLE orders IS 'x'",
]
STRONG = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as c:
        yield c


def _rewrites(c: psycopg.Connection, statement: str) -> bool:
    def node() -> object:
        row = c.execute("SELECT pg_relation_filenode('t')").fetchone()
        assert row
        return row[0]

    before = node()
    c.execute(statement.encode())
    return node() != before


def test_which_changes_of_type_write_a_table_anew(connection: psycopg.Connection) -> None:
    told = {}
    for was, to in TYPES:
        connection.execute(f"DROP TABLE IF EXISTS t; CREATE TABLE t (a {was}); INSERT INTO t VALUES (NULL)".encode())
        told[was, to] = _rewrites(connection, f"ALTER TABLE t ALTER a TYPE {to} USING a::{to}")

    assert {pair: rewrites(*pair) for pair in told} == told


def test_timestamps_change_their_zone_without_a_rewrite_where_the_session_says_utc(connection: psycopg.Connection) -> None:
    told = []
    for zone in ("UTC", "Europe/Berlin"):
        connection.execute(f"DROP TABLE IF EXISTS t; CREATE TABLE t (a timestamp); SET TimeZone = '{zone}'".encode())
        told.append(_rewrites(connection, "ALTER TABLE t ALTER a TYPE timestamptz"))

    assert told == [False, True] and rewrites("timestamp", "timestamptz") is None


def test_which_defaults_write_a_table_anew(connection: psycopg.Connection) -> None:
    told = {}
    for default in DEFAULTS:
        connection.execute(b"DROP TABLE IF EXISTS t; CREATE TABLE t (a integer); INSERT INTO t VALUES (1)")
        kind = connection.execute(f"SELECT pg_typeof({default})::text".encode()).fetchone()
        assert kind
        told[default] = _rewrites(connection, f"ALTER TABLE t ADD COLUMN b {str(kind[0]).replace('unknown', 'text')} DEFAULT {default}")

    assert {d: volatile(d) == "yes" for d in told} == told
    assert {volatile(d) for d in told} == {"yes", "no"}


@pytest.mark.parametrize("definition", [
    "b serial", "b integer GENERATED ALWAYS AS IDENTITY", "b integer GENERATED ALWAYS AS (a + 1) STORED", "b positive",
])
def test_these_columns_write_a_table_anew(definition: str, connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.execute(b"CREATE DOMAIN positive AS integer CHECK (value > 0); CREATE TABLE t (a integer); INSERT INTO t VALUES (1)")

    assert _rewrites(connection, f"ALTER TABLE t ADD COLUMN {definition}")


@pytest.mark.exhaustive(turns=3)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_which_locks_a_statement_takes(statement: str, connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.execute(
        b"CREATE TABLE users (id integer PRIMARY KEY); CREATE TABLE orders (id integer PRIMARY KEY, user_id integer, note text,"
        b" CONSTRAINT ck CHECK (id > 0)); CREATE INDEX ix_orders ON orders (user_id)"
    )
    got = reading(tmp_path, f'op.execute("CREATE INDEX CONCURRENTLY ix_orders ON orders (user_id)")\nop.execute("{statement}")')
    says = dict(taken(got.statements[-1], got))
    with connection.transaction(force_rollback=True):
        connection.execute(b"SELECT 'users'::regclass, 'orders'::regclass")
        names: dict[int, str] = dict(connection.execute(b"SELECT oid, relname FROM pg_class WHERE relname IN ('users', 'orders')").fetchall())
        connection.execute(statement.encode())
        held = connection.execute(
            b"SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'"
        ).fetchall()
    modes: dict[str, str] = {}
    for relation, mode in held:
        words = "".join(f" {c}" if c.isupper() else c for c in mode.removesuffix("Lock")).strip().upper()
        if relation in names and words in STRONG:
            modes[names[relation]] = max(modes.get(names[relation], ""), words, key=lambda m: STRONG.index(m) if m else -1)

    assert says == modes
