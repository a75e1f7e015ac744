"""Which version each environment runs, which one is its candidate, and whether the database serves any at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bgmigrate.database import Connection, identity
from bgmigrate.snapshot import Snapshot

State = Literal["deployed", "candidate", "replaced", "retired"]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A version in an environment. An environment has one deployed version and one candidate at most."""

    id: int
    service: str
    environment: str
    state: State
    version: str
    source: str
    snapshot: Snapshot
    registered_at: datetime
    registered_by: str


def register(
    connection: Connection, *, service: str, environment: str, version: str, source: str, snapshot: Snapshot, candidate: bool
) -> None:
    """Record the version that an environment runs, or the candidate that it is to run; the one before stays as `replaced`."""
    state: State = "candidate" if candidate else "deployed"
    _move(connection, service, environment, state, "replaced")
    connection.execute(
        "INSERT INTO bgmigrate.version (service, environment, state, version, source, snapshot) VALUES (%s, %s, %s, %s, %s, %s)",
        (service, environment, state, version, source, Jsonb(snapshot.as_json())),
    )


def live_environment(connection: Connection, service: str) -> str | None:
    """The environment that traffic goes to; None before the first `register`."""
    row = connection.execute("SELECT environment FROM bgmigrate.live WHERE service = %s", (service,)).fetchone()
    return row[0] if row else None


def deployed(connection: Connection, service: str, environment: str) -> Registered | None:
    """The version that an environment runs."""
    return _find(connection, service, environment, "deployed")


def candidate(connection: Connection, service: str, environment: str) -> Registered | None:
    """The version that an environment is to run."""
    return _find(connection, service, environment, "candidate")


def present(connection: Connection, service: str, environment: str) -> Registered | None:
    """The version that stands in an environment now: its candidate, else what is deployed."""
    return candidate(connection, service, environment) or deployed(connection, service, environment)


def promote(connection: Connection, service: str, environment: str) -> None:
    """Make the candidate, if there is one, the environment's deployed version."""
    if candidate(connection, service, environment):
        _move(connection, service, environment, "deployed", "replaced")
        _move(connection, service, environment, "candidate", "deployed")


def demote(connection: Connection, service: str, environment: str) -> None:
    """Make the deployed version a candidate again, because traffic went back from it."""
    if not candidate(connection, service, environment):
        _move(connection, service, environment, "deployed", "candidate")


def retire(connection: Connection, *, service: str, environment: str, version: str | None = None) -> list[str]:
    """Record that an environment's versions (or only the one named) are gone; returns their names."""
    rows = connection.execute(
        """
        UPDATE bgmigrate.version SET state = 'retired'
         WHERE service = %s AND environment = %s AND state <> 'retired' AND version = coalesce(%s::text, version)
           AND (state <> 'replaced' OR %s::text IS NOT NULL)
        RETURNING version
        """,
        (service, environment, version, version),
    ).fetchall()
    return sorted({r[0] for r in rows})


def bring_back(connection: Connection, retired: Mapping[str, str]) -> None:
    """Undo a retirement: versions by their ids, with the states that they had. A place that was taken meanwhile stays taken."""
    for id, state in retired.items():
        connection.execute(
            """
            UPDATE bgmigrate.version v SET state = %s WHERE id = %s AND state = 'retired'
               AND NOT EXISTS (SELECT FROM bgmigrate.version o
                                WHERE (o.service, o.environment) = (v.service, v.environment) AND o.state IN ('deployed', 'candidate'))
            """,
            (state, int(id)),
        )


def development(connection: Connection) -> bool:
    """Say whether this very database was declared to serve no live environments; the declaration does not follow a copy."""
    return bool(
        connection.execute("SELECT FROM bgmigrate.fact WHERE name = 'development' AND identity = %s", (identity(connection),)).fetchall()
    )


def declare_development(connection: Connection) -> None:
    """Declare that this database serves no live environments: gates are open here."""
    connection.execute(
        """
        INSERT INTO bgmigrate.fact (name, identity) VALUES ('development', %s)
        ON CONFLICT (name) DO UPDATE SET identity = excluded.identity, recorded_at = clock_timestamp(), recorded_by = session_user
        """,
        (identity(connection),),
    )


def copied(connection: Connection) -> bool:
    """Say whether the journal was made in another database, of which this one is a copy."""
    row = connection.execute("SELECT identity FROM bgmigrate.fact WHERE name = 'identity'").fetchone()
    return bool(row and row[0] != identity(connection))


def _move(connection: Connection, service: str, environment: str, old: State, new: State) -> None:
    connection.execute(
        "UPDATE bgmigrate.version SET state = %s WHERE service = %s AND environment = %s AND state = %s", (new, service, environment, old)
    )


def _find(connection: Connection, service: str, environment: str, state: State) -> Registered | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        row: dict[str, Any] | None = cursor.execute(
            """
            SELECT id, service, environment, state, version, source, snapshot, registered_at, registered_by
              FROM bgmigrate.version WHERE service = %s AND environment = %s AND state = %s
            """,
            (service, environment, state),
        ).fetchone()
    if row is None:
        return None
    return Registered(**row | {"snapshot": Snapshot.from_json(row["snapshot"], f"the registered version {row['version']}")})
