"""Signs of life of what holds no session between its runs: a nightly job, a worker that sleeps. They speak for an environment until a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from bgmigrate.database import Connection


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Something of an environment that is alive `until` then, unless it says so again."""

    environment: str
    name: str
    until: datetime
    recorded_at: datetime


def beat(connection: Connection, service: str, environment: str, name: str, lasts: float) -> datetime:
    """Record that it is alive for so many seconds more; returns until when, by the server's clock."""
    row = connection.execute(
        """
        INSERT INTO bgmigrate.heartbeat AS h (service, environment, name, until) VALUES (%s, %s, %s, clock_timestamp() + %s * interval '1 s')
        ON CONFLICT (service, environment, name)
        DO UPDATE SET until = excluded.until, recorded_at = clock_timestamp(), recorded_by = session_user RETURNING until
        """,
        (service, environment, name, lasts),
    ).fetchone()
    assert row is not None
    until: datetime = row[0]
    return until


def alive(connection: Connection, service: str, environment: str) -> list[Heartbeat]:
    """Those that count now; none in a journal of an older release."""
    row = connection.execute("SELECT to_regclass('bgmigrate.heartbeat') IS NOT NULL").fetchone()
    if not (row and row[0]):
        return []
    with connection.cursor(row_factory=class_row(Heartbeat)) as cursor:
        return cursor.execute(
            "SELECT environment, name, until, recorded_at FROM bgmigrate.heartbeat"
            " WHERE service = %s AND environment = %s AND until > clock_timestamp() ORDER BY name",
            (service, environment),
        ).fetchall()


def end(connection: Connection, service: str, environment: str) -> None:
    """They are gone: somebody has said so of the environment's version."""
    connection.execute("DELETE FROM bgmigrate.heartbeat WHERE service = %s AND environment = %s", (service, environment))
