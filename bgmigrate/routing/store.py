"""Who is live: one row per service in the journal, changed by compare-and-set only, with a history of who, when and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from bgmigrate.database import Connection
from bgmigrate.errors import Conflict

Kind = Literal["first", "forward", "back"]
CHANNEL = "bgmigrate_live"  # LISTEN here; the payload is {"service": …, "environment": …, "generation": …}
OTHER = {"blue": "green", "green": "blue"}


@dataclass(frozen=True, kw_only=True)
class Live:
    """The live environment of a service; `generation` counts its changes."""

    environment: str
    generation: int
    since: datetime
    by: str
    reason: str

    @property
    def idle(self) -> str:
        """The other one."""
        return OTHER[self.environment]


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One change of who is live: `first` ever, `forward` to a candidate, or `back` to the version before."""

    generation: int
    from_environment: str | None
    to_environment: str
    kind: Kind
    at: datetime
    by: str
    reason: str


def live(connection: Connection, service: str) -> Live | None:
    """Who is live; None when nobody was ever registered."""
    with connection.cursor(row_factory=class_row(Live)) as cursor:
        return cursor.execute(
            'SELECT environment, generation, changed_at AS since, changed_by AS "by", reason FROM bgmigrate.live WHERE service = %s', (service,)
        ).fetchone()


def compare_and_set(connection: Connection, service: str, *, expected: Live | None, to: str, by: str, reason: str, kind: Kind) -> Live:
    """Make an environment live if nobody changed it since `expected` was read; history and NOTIFY go with it.

    To be called inside a transaction, so that the notification is sent with the commit or not at all. Raises Conflict (BGM925).
    """
    if expected is None:
        changed = connection.execute(
            "INSERT INTO bgmigrate.live (service, environment, generation, changed_by, reason) VALUES (%s, %s, 1, %s, %s) ON CONFLICT DO NOTHING",
            (service, to, by, reason),
        )
    else:
        changed = connection.execute(
            """
            UPDATE bgmigrate.live SET environment = %s, generation = generation + 1, changed_at = clock_timestamp(), changed_by = %s, reason = %s
             WHERE service = %s AND environment = %s AND generation = %s
            """,
            (to, by, reason, service, expected.environment, expected.generation),
        )
    now = live(connection, service)
    if not changed.rowcount or now is None:
        found = f"{now.environment} since {now.since:%Y-%m-%d %H:%M:%S} by {now.by}" if now else "nobody"
        raise Conflict(
            f"who is live was changed by someone else meanwhile: {found}", why="The gate was asked about another state than there is now.",
            next="Look at `bgmigrate status`, then decide again.", code="BGM925",
        )
    connection.execute(
        """
        INSERT INTO bgmigrate.switch_history (service, generation, from_environment, to_environment, kind, changed_at, changed_by, reason)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (service, now.generation, expected.environment if expected else None, to, kind, now.since, by, reason),
    )
    payload = json.dumps({"service": service, "environment": to, "generation": now.generation})
    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
    return now


def history(connection: Connection, service: str, limit: int | None = None) -> list[Switch]:
    """Who made whom live, when and why, newest first."""
    with connection.cursor(row_factory=class_row(Switch)) as cursor:
        return cursor.execute(
            """
            SELECT generation, from_environment, to_environment, kind, changed_at AS at, changed_by AS "by", reason
              FROM bgmigrate.switch_history WHERE service = %s ORDER BY generation DESC LIMIT %s
            """,
            (service, limit),
        ).fetchall()
