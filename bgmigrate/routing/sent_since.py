"""What a retired version's role has sent since it was retired: pg_stat_statements counts calls by role, and by nothing finer."""

from __future__ import annotations

from collections.abc import Collection

import psycopg

from bgmigrate.database import Connection
from bgmigrate.naming import split
from bgmigrate.settings import Environment
from bgmigrate.sql import load
from bgmigrate.sql.references import identifiers

Calls = dict[tuple[int, int], tuple[int, str]]  # (role, statement): how often, and its text


def remember(connection: Connection, service: str, generation: int, retired: Environment) -> None:
    """Keep the counts as they are now: whatever its role sends from here on is sent by a version that is not live.

    Remembered again (while its sessions were still seen), it is from then on. Nothing without a role, or without pg_stat_statements.
    """
    found = _calls(connection, retired.role)
    if found is None:
        return
    with connection.transaction():
        connection.execute("DELETE FROM bgmigrate.sent_before WHERE service = %s", (service,))
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO bgmigrate.sent_before (service, generation, userid, queryid, calls) VALUES (%s, %s, %s, %s, %s)",
                [(service, generation, 0, 0, 0), *((service, generation, *key, calls) for key, (calls, _) in found.items())],
            )


def since(connection: Connection, service: str, generation: int, retired: Environment, tables: Collection[str]) -> list[str]:
    """Its statements on these tables that were called since; none where nothing was remembered, or their texts may not be read."""
    found = _calls(connection, retired.role)
    if found is None:
        return []
    before = {
        (userid, queryid): calls for userid, queryid, calls in connection.execute(
            "SELECT userid, queryid, calls FROM bgmigrate.sent_before WHERE service = %s AND generation = %s", (service, generation)
        ).fetchall()
    }
    names = {split(t)[1] for t in tables}
    return [
        " ".join(text.split())
        for key, (calls, text) in sorted(found.items()) if before and calls != before.get(key, 0) and identifiers(text) & names
    ]


def _calls(connection: Connection, role: str | None) -> Calls | None:
    if role is None:
        return None
    row = connection.execute(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"
    ).fetchone()
    if row is None:
        return None
    try:
        with connection.transaction():
            rows = connection.execute(load("counted_calls", extension=row[0], role=role).encode()).fetchall()
    except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.InsufficientPrivilege):
        return None  # the server was not started with it in shared_preload_libraries; or it is not for us to read
    return {(userid, queryid): (calls, text) for userid, queryid, calls, text in rows}
