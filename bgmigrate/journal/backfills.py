"""How far each backfill is, and the rows that the server refused. The watermark is committed with the batch that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from psycopg.rows import class_row

from bgmigrate.database import Connection

_SELECT = """
    SELECT id, revision, table_name AS "table", name, state, watermark, upper, rows, batches, seconds,
           (SELECT count(*) FROM bgmigrate.backfill_failure WHERE backfill_id = backfill.id) AS failures
      FROM bgmigrate.backfill
"""


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """One table's backfill within a revision; keys travel as text, one element per key column."""

    id: int
    revision: str
    table: str
    name: str
    state: Literal["running", "done", "failed"]
    watermark: list[str] | None
    upper: list[str] | None
    rows: int
    batches: int
    seconds: float
    failures: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A row that the server refused, and its words."""

    table: str
    name: str
    key: list[str]
    error: str


def open(connection: Connection, *, revision: str, table: str, name: str) -> Backfill:
    """Fetch a backfill, or record that it begins."""
    connection.execute(
        "INSERT INTO bgmigrate.backfill (revision, table_name, name) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (revision, table, name)
    )
    with connection.cursor(row_factory=class_row(Backfill)) as cursor:
        found = cursor.execute(_SELECT + " WHERE revision = %s AND table_name = %s AND name = %s", (revision, table, name)).fetchone()
    assert found is not None
    return found


def set_upper(connection: Connection, id: int, upper: Sequence[str]) -> None:
    """Record the greatest key that needs backfilling; rows beyond it were written under the sync trigger."""
    connection.execute("UPDATE bgmigrate.backfill SET upper = %s WHERE id = %s", (list(upper), id))


def advance(connection: Connection, id: int, watermark: Sequence[str], rows: int, seconds: float) -> None:
    """Move the watermark; to be called inside the batch's own transaction."""
    connection.execute(
        """
        UPDATE bgmigrate.backfill SET watermark = %s, rows = rows + %s, batches = batches + 1, seconds = seconds + %s, state = 'running'
         WHERE id = %s
        """,
        (list(watermark), rows, seconds, id),
    )


def finish(connection: Connection, id: int) -> None:
    """Close a backfill: `failed` while rows are recorded that the server refused, else `done`."""
    connection.execute(
        """
        UPDATE bgmigrate.backfill SET finished_at = clock_timestamp(),
               state = CASE WHEN EXISTS (SELECT FROM bgmigrate.backfill_failure WHERE backfill_id = backfill.id) THEN 'failed' ELSE 'done' END
         WHERE id = %s
        """,
        (id,),
    )


def fail_row(connection: Connection, id: int, key: Sequence[str], error: str) -> None:
    """Record a row that the server refused."""
    connection.execute(
        """
        INSERT INTO bgmigrate.backfill_failure (backfill_id, key, error) VALUES (%s, %s, %s)
        ON CONFLICT (backfill_id, key) DO UPDATE SET error = excluded.error, recorded_at = clock_timestamp()
        """,
        (id, list(key), error),
    )


def clear_failures(connection: Connection, id: int) -> None:
    """Forget the refused rows, before they are tried again."""
    connection.execute("DELETE FROM bgmigrate.backfill_failure WHERE backfill_id = %s", (id,))


def failures(connection: Connection, id: int) -> list[Failure]:
    """The refused rows, in the order in which they were met."""
    with connection.cursor(row_factory=class_row(Failure)) as cursor:
        return cursor.execute(
            """
            SELECT table_name AS "table", name, key, error FROM bgmigrate.backfill_failure JOIN bgmigrate.backfill ON backfill.id = backfill_id
             WHERE backfill_id = %s ORDER BY recorded_at
            """,
            (id,),
        ).fetchall()


def pending(connection: Connection) -> list[Backfill]:
    """Every backfill that is not done, oldest first."""
    return _list(connection, " WHERE state <> 'done' ORDER BY id")


def all(connection: Connection) -> list[Backfill]:
    """Every backfill, oldest first."""
    return _list(connection, " ORDER BY id")


def forget(connection: Connection, revision: str) -> None:
    """Take a revision's backfills off the journal, because a rollback has undone it."""
    connection.execute("DELETE FROM bgmigrate.backfill WHERE revision = %s", (revision,))


def begin_again(connection: Connection, *, revision: str, table: str, columns: Sequence[str]) -> None:
    """Forget a table's backfills of columns that were only now added: one that a killed rollback had dropped before is empty again."""
    connection.execute(
        "DELETE FROM bgmigrate.backfill WHERE revision = %s AND table_name = %s AND string_to_array(name, ',') && %s::text[]",
        (revision, table, list(columns)),
    )


def _list(connection: Connection, rest: str) -> list[Backfill]:
    with connection.cursor(row_factory=class_row(Backfill)) as cursor:
        return cursor.execute((_SELECT + rest).encode()).fetchall()
