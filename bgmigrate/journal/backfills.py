"""How far each backfill is, what a person wants of it, and the rows that the server refused. Ranges that workers have claimed are in `ranges`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from bgmigrate.database import Connection

Wanted = Literal["run", "pause", "cancel"]

_SELECT = """
    SELECT id, revision, table_name AS "table", name, state, claimed, upper, b.rows + r.rows AS rows, b.batches + r.batches AS batches,
           b.hot + r.hot AS hot, b.seconds + r.seconds AS seconds, visited, sweep, wanted, wanted_by, waits, job,
           CASE WHEN r.open > 0 THEN r.first ELSE claimed END AS watermark,
           (SELECT count(*) FROM bgmigrate.backfill_failure WHERE backfill_id = b.id) AS failures
      FROM bgmigrate.backfill b CROSS JOIN LATERAL (
           SELECT coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(batches), 0)::bigint AS batches, coalesce(sum(hot), 0)::bigint AS hot,
                  coalesce(sum(seconds), 0) AS seconds, count(*) FILTER (WHERE NOT done) AS open,
                  (SELECT after FROM bgmigrate.backfill_range WHERE backfill_id = b.id AND NOT done ORDER BY id LIMIT 1) AS first
             FROM bgmigrate.backfill_range WHERE backfill_id = b.id) r
"""


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """One table's backfill within a revision; keys travel as text, one element per key column.

    `watermark`: all rows up to that key are done. `claimed`: all up to there are done or some worker's. `visited`: rows in the claimed ranges.
    """

    id: int
    revision: str
    table: str
    name: str
    state: Literal["running", "done", "failed"]
    watermark: list[str] | None
    claimed: list[str] | None
    upper: list[str] | None
    rows: int
    batches: int
    hot: int
    seconds: float
    visited: int
    sweep: int
    failures: int
    wanted: Wanted
    wanted_by: str | None
    waits: str | None
    job: dict[str, Any] | None


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


def get(connection: Connection, id: int) -> Backfill | None:
    """Fetch a backfill; None when a rollback has taken it away."""
    with connection.cursor(row_factory=class_row(Backfill)) as cursor:
        return cursor.execute(_SELECT + " WHERE id = %s", (id,)).fetchone()


def lock(connection: Connection, id: int) -> Backfill | None:
    """The same, its row locked until the transaction ends: one worker at a time claims a range."""
    connection.execute("SELECT FROM bgmigrate.backfill WHERE id = %s FOR UPDATE", (id,))
    return get(connection, id)


def prepare(connection: Connection, id: int, job: dict[str, Any]) -> None:
    """Record what its workers need."""
    connection.execute("UPDATE bgmigrate.backfill SET job = %s WHERE id = %s", (Jsonb(job), id))


def set_upper(connection: Connection, id: int, upper: Sequence[str]) -> None:
    """Record the greatest key that needs backfilling; rows beyond it were written under the sync trigger."""
    connection.execute("UPDATE bgmigrate.backfill SET upper = %s WHERE id = %s", (list(upper), id))


def set_claimed(connection: Connection, id: int, claimed: Sequence[str], rows: int) -> None:
    """Record that the next `rows` rows, up to this key, are some worker's. The caller holds the backfill's row."""
    connection.execute("UPDATE bgmigrate.backfill SET claimed = %s, visited = visited + %s WHERE id = %s", (list(claimed), rows, id))


def sweep_again(connection: Connection, id: int) -> None:
    """Begin at the table's first page again. The caller holds the backfill's row."""
    connection.execute("UPDATE bgmigrate.backfill SET claimed = NULL, visited = 0, sweep = 0 WHERE id = %s", (id,))


def begin_over(connection: Connection, id: int) -> None:
    """Visit everything again, refused rows included: a person has looked at them. What is done will not be touched."""
    clear_failures(connection, id)
    connection.execute("DELETE FROM bgmigrate.backfill_range WHERE backfill_id = %s", (id,))
    connection.execute(
        """
        UPDATE bgmigrate.backfill SET claimed = NULL, upper = NULL, visited = 0, sweep = 0, state = 'running', finished_at = NULL
         WHERE id = %s
        """,
        (id,),
    )


def want(connection: Connection, wanted: Wanted, by: str) -> list[Backfill]:
    """Say to every backfill that is not done, wherever its workers are, what a person wants. Returns them."""
    connection.execute("UPDATE bgmigrate.backfill SET wanted = %s, wanted_by = %s WHERE state <> 'done'", (wanted, by))
    return pending(connection)


def wait_for(connection: Connection, id: int, reason: str | None) -> None:
    """Record why no batch runs, for whoever asks from elsewhere; None when they go on."""
    connection.execute("UPDATE bgmigrate.backfill SET waits = %s WHERE id = %s AND waits IS DISTINCT FROM %s", (reason, id, reason))


def finish(connection: Connection, id: int) -> None:
    """Close a backfill: `failed` while rows are recorded that the server refused, else `done`."""
    connection.execute(
        """
        UPDATE bgmigrate.backfill SET finished_at = clock_timestamp(), waits = NULL,
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
