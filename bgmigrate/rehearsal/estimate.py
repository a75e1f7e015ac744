"""How long a statement would take on the live tables: their sizes, times what this server was measured to do in a second. Estimates, no promises."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bgmigrate.database import Connection
from bgmigrate.rehearsal.statement import Statement
from bgmigrate.sql import compose, template

COUNTED = 4 * 1024**2  # bytes up to which a table that was never analyzed is counted
WIDTH = 100  # bytes of a row, where nothing is known of a larger one
ROWS = 30_000  # of the table that is measured on
MEASURED = (
    "CREATE TABLE bgmigrate.bgm_measured AS SELECT i AS a, i % 1000 AS b, repeat('x', 70) AS c FROM generate_series(1, {n:l}) i"
)
_BATCHED = ("backfill", "move_rows")
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Size:
    """A live table: how many rows, about, and how many bytes without indexes."""

    rows: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the scratch server does in a second."""

    scanned: float  # bytes
    rewritten: float  # rows
    indexed: float  # rows
    updated: float  # rows


def sizes(connection: Connection) -> dict[str, Size]:
    """The tables of a database by name. Locks nothing, but counts small tables that were never analyzed (ACCESS SHARE)."""
    found = {}
    for name, schema, table, tuples, pages, size in connection.execute(template("rehearsal_sizes").encode()).fetchall():
        if size == 0:
            rows = 0
        elif tuples >= 0 and pages > 0:
            rows = round(tuples * (size / 8192) / pages)  # as the planner scales it
        elif size <= COUNTED:
            row = connection.execute(compose("SELECT count(*) FROM {s:i}.{t:i}", s=schema, t=table).encode()).fetchone()
            rows = row[0] if row else 0
        else:
            rows = size // WIDTH
        found[name] = Size(rows=rows, bytes=size)
    return found


def rates(connection: Connection) -> Rates:
    """Measure this server on a table of its own, which is gone afterwards. About a fifth of a second."""
    with connection.transaction(force_rollback=True):
        connection.execute(compose(MEASURED, n=ROWS).encode())
        size = connection.execute("SELECT pg_relation_size('bgmigrate.bgm_measured')::int8").fetchone()
        scan = _seconds(connection, "SELECT count(*) FROM bgmigrate.bgm_measured WHERE b < 0")
        index = _seconds(connection, "CREATE INDEX ON bgmigrate.bgm_measured (b)")
        connection.execute("DROP INDEX bgmigrate.bgm_measured_b_idx")
        rewrite = _seconds(connection, "ALTER TABLE bgmigrate.bgm_measured ALTER a TYPE bigint")
        update = _seconds(connection, "UPDATE bgmigrate.bgm_measured SET b = 1 WHERE a <= 10000")
    assert size is not None
    return Rates(scanned=size[0] / scan, rewritten=ROWS / rewrite, indexed=ROWS / index, updated=10_000 / update)


def estimated(s: Statement, live: Mapping[str, Size], speed: Rates) -> Statement:
    """The statement with what it would read, and how long that would take, on tables of these sizes. A table that is not among them is new."""
    if s.op in _BATCHED and _WRITES.match(s.sql):
        rows = max((live[x.relation].rows for x in s.locks if x.relation in live), default=0)
        return replace(s, scanned_rows=rows, estimate_seconds=s.seconds + rows / speed.updated)
    seconds = s.seconds
    for table in s.read_whole:
        size = live.get(table, Size(rows=0, bytes=0))
        if table in s.rewrites:
            seconds += size.rows / speed.rewritten
        elif table in s.verified or table in s.scanned:
            seconds += size.bytes / speed.scanned
        if table in s.built_on:
            seconds += size.rows / speed.indexed * len(s.indexes_built) / len(s.built_on)
        if _WRITES.match(s.sql) and table in s.scanned:
            seconds += size.rows / speed.updated
    rows = sum(live[t].rows for t in s.read_whole if t in live)
    return replace(s, scanned_rows=rows, estimate_seconds=seconds)


def _seconds(connection: Connection, statement: str) -> float:
    began = time.monotonic()
    connection.execute(statement.encode())
    return max(time.monotonic() - began, 0.0001)
