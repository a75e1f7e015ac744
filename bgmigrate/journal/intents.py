"""Switches under way: what was meant, and how far it came. An unfinished one is finished or put back by the next `switch`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from bgmigrate.database import Connection

State = Literal["meant", "committed", "undoing", "done", "undone"]


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A switch that was begun. `meant`: who is live has not been changed by us; `committed`: it has; `undoing`: it was changed back, and the data
    plane is being put back."""

    id: int
    service: str
    from_environment: str
    to_environment: str
    kind: Literal["forward", "back"]
    state: State
    reason: str
    by: str
    began_at: datetime


def unfinished(connection: Connection, service: str) -> Intent | None:
    """The one switch of this service that has not ended; None when there is none, or no journal that could know."""
    row = connection.execute("SELECT to_regclass('bgmigrate.switch_intent') IS NOT NULL").fetchone()
    if not (row and row[0]):
        return None
    with connection.cursor(row_factory=class_row(Intent)) as cursor:
        return cursor.execute(
            """
            SELECT id, service, from_environment, to_environment, kind, state, reason, began_by AS "by", began_at
              FROM bgmigrate.switch_intent WHERE service = %s AND state IN ('meant', 'committed', 'undoing')
            """,
            (service,),
        ).fetchone()


def begin(connection: Connection, service: str, *, source: str, to: str, kind: str, reason: str, by: str) -> Intent:
    """Record what is meant, before anything is changed."""
    connection.execute(
        "INSERT INTO bgmigrate.switch_intent (service, from_environment, to_environment, kind, reason, began_by) VALUES (%s, %s, %s, %s, %s, %s)",
        (service, source, to, kind, reason, by),
    )
    found = unfinished(connection, service)
    assert found is not None
    return found


def move(connection: Connection, intent: Intent, state: State) -> None:
    """Record how far it has come."""
    connection.execute(
        "UPDATE bgmigrate.switch_intent SET state = %s, ended_at = CASE WHEN %s THEN clock_timestamp() END WHERE id = %s",
        (state, state in ("done", "undone"), intent.id),
    )
