"""Which expand and contract revisions were begun and finished, and who was live when they began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from bgmigrate.database import Connection

Phase = Literal["expand", "contract"]


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision as the journal has it; `environment` and `version` were live when it began."""

    revision: str
    phase: Phase
    state: Literal["running", "done", "undoing"]
    environment: str | None
    version: str | None
    started_at: datetime
    finished_at: datetime | None


def begin(connection: Connection, revision: str, phase: Phase, *, service: str | None = None) -> bool:
    """Record that a revision begins, and who is live then; begun again, it keeps what was recorded first. Is it the first time?

    `service` may be left out where the database serves one only.
    """
    row = connection.execute(
        """
        INSERT INTO bgmigrate.revision (revision, phase, environment, version)
        SELECT %s, %s, live.environment, version.version
          FROM (VALUES (1)) AS one
          LEFT JOIN bgmigrate.live ON live.service = coalesce(%s, (SELECT min(service) FROM bgmigrate.live HAVING count(*) = 1))
          LEFT JOIN bgmigrate.version ON version.service = live.service AND version.environment = live.environment AND version.state = 'deployed'
        ON CONFLICT (revision) DO UPDATE SET state = 'running', finished_at = NULL
        RETURNING xmax = 0  -- of a row that was inserted, not updated
        """,
        (revision, phase, service),
    ).fetchone()
    return bool(row and row[0])


def finish(connection: Connection, revision: str) -> None:
    """Record that all of a revision's steps are done."""
    connection.execute("UPDATE bgmigrate.revision SET state = 'done', finished_at = clock_timestamp() WHERE revision = %s", (revision,))


def undo(connection: Connection, revision: str) -> None:
    """Record that a rollback has begun to undo this expand: it is neither there nor gone until the rollback ends."""
    connection.execute("UPDATE bgmigrate.revision SET state = 'undoing', finished_at = NULL WHERE revision = %s", (revision,))


def forget(connection: Connection, revision: str) -> None:
    """Take a revision off the journal: it has changed nothing, or a rollback has undone it."""
    connection.execute("DELETE FROM bgmigrate.revision WHERE revision = %s", (revision,))


def all(connection: Connection) -> list[Revision]:
    """Every revision begun, oldest first."""
    with connection.cursor(row_factory=class_row(Revision)) as cursor:
        return cursor.execute(
            "SELECT revision, phase, state, environment, version, started_at, finished_at FROM bgmigrate.revision ORDER BY started_at"
        ).fetchall()
