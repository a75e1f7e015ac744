"""What contracts hold in quarantine: renamed away, kept in step, and to be had back until the purge drops it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from bgmigrate.database import Connection

State = Literal["entering", "held", "leaving", "purging"]


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """One contract's. `entering`, `leaving`, `purging`: a run has begun that, and the same command goes on with it."""

    revision: str
    service: str
    state: State
    since: datetime
    until: datetime
    over: bool  # has its time passed?
    retired: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Aside:
    """A column, or (without one) a table, under its other name. `away`: what was taken off it; `returned`: has it its own name again?"""

    id: int
    revision: str
    table: str
    column: str | None
    aside: str
    away: Mapping[str, Any] = field(default_factory=dict)
    returned: bool = False

    @property
    def what(self) -> str:
        """As findings and reports name it."""
        return f"{self.table}.{self.column}" if self.column else self.table


def begin(connection: Connection, revision: str, *, service: str, seconds: float) -> None:
    """Record that a contract goes into quarantine; begun again, it keeps what was recorded first."""
    connection.execute(
        """
        INSERT INTO bgmigrate.quarantine (revision, service, until) VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
        ON CONFLICT (revision) DO NOTHING
        """,
        (revision, service, seconds),
    )


def hold(connection: Connection, revision: str, *, seconds: float, retired: Mapping[str, str]) -> None:
    """Record that everything is set aside; the time begins now."""
    connection.execute(
        """
        UPDATE bgmigrate.quarantine SET state = 'held', since = clock_timestamp(), retired = %s,
               until = clock_timestamp() + make_interval(secs => %s) WHERE revision = %s
        """,
        (Jsonb(dict(retired)), seconds, revision),
    )


def become(connection: Connection, revision: str, state: State) -> None:
    """Record what is being done with it."""
    connection.execute("UPDATE bgmigrate.quarantine SET state = %s WHERE revision = %s", (state, revision))


def end(connection: Connection, revision: str) -> None:
    """Take it off the journal: it was taken back, or purged."""
    connection.execute("DELETE FROM bgmigrate.quarantine WHERE revision = %s", (revision,))


def all(connection: Connection, service: str | None = None) -> list[Quarantine]:
    """Every contract in quarantine, oldest first; of one service where it is named. A journal of an older release knows of none."""
    row = connection.execute("SELECT to_regclass('bgmigrate.quarantine') IS NOT NULL").fetchone()
    if not (row and row[0]):
        return []
    with connection.cursor(row_factory=class_row(Quarantine)) as cursor:
        return cursor.execute(
            """
            SELECT revision, service, state, since, until, until <= clock_timestamp() AS over, retired FROM bgmigrate.quarantine
             WHERE service = coalesce(%s::text, service) ORDER BY since, revision
            """,
            (service,),
        ).fetchall()


def set_aside(connection: Connection, *, revision: str, table: str, column: str | None, aside: str, away: Mapping[str, Any]) -> None:
    """Record what was renamed, in the transaction that renames it."""
    connection.execute(
        "INSERT INTO bgmigrate.set_aside (revision, table_name, column_name, aside, away) VALUES (%s, %s, %s, %s, %s)",
        (revision, table, column, aside, Jsonb(dict(away))),
    )


def returned(connection: Connection, ids: Sequence[int]) -> None:
    """Record that these have their names again."""
    connection.execute("UPDATE bgmigrate.set_aside SET returned = true WHERE id = ANY (%s)", (list(ids),))


def restored(connection: Connection, id: int) -> None:
    """Record that nothing of it is away any more."""
    connection.execute("DELETE FROM bgmigrate.set_aside WHERE id = %s", (id,))


def asides(connection: Connection, revision: str | None = None) -> list[Aside]:
    """What is set aside, in the order in which it was; of one contract where it is named."""
    with connection.cursor(row_factory=class_row(Aside)) as cursor:
        return cursor.execute(
            """
            SELECT id, revision, table_name AS "table", column_name AS "column", aside, away, returned FROM bgmigrate.set_aside
             WHERE revision = coalesce(%s::text, revision) ORDER BY id
            """,
            (revision,),
        ).fetchall()


def keep_function(connection: Connection, name: str, definition: str) -> None:
    """Keep a function's text as it was before the first column that it names was set aside."""
    connection.execute("INSERT INTO bgmigrate.set_aside_function (name, definition) VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, definition))


def functions(connection: Connection) -> dict[str, str]:
    """The texts that were kept, by name."""
    return dict(connection.execute("SELECT name, definition FROM bgmigrate.set_aside_function ORDER BY name").fetchall())


def forget_function(connection: Connection, name: str) -> None:
    """Its own text is in force again."""
    connection.execute("DELETE FROM bgmigrate.set_aside_function WHERE name = %s", (name,))
