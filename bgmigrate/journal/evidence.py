"""Rows of evidence: what was checked, against what, and what came out. They belong to the database that they were found in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from bgmigrate.database import Connection, identity


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One thing proved, disproved or stated; `kind` is `verify`, or the name of an override with its reason in the document."""

    id: int
    service: str
    kind: str
    fingerprint: str
    outcome: str
    document: dict[str, Any]
    recorded_at: datetime
    recorded_by: str
    age: float  # seconds, by the server's clock


def record(connection: Connection, *, service: str, kind: str, fingerprint: str, outcome: str, document: Mapping[str, Any]) -> None:
    """Record evidence about this database; the document says itself what it is about."""
    connection.execute(
        "INSERT INTO bgmigrate.evidence (service, kind, identity, fingerprint, outcome, document) VALUES (%s, %s, %s, %s, %s, %s)",
        (service, kind, identity(connection), fingerprint, outcome, Jsonb(dict(document) | {"fingerprint": fingerprint})),
    )


def latest(connection: Connection, service: str, kind: str = "verify") -> Evidence | None:
    """The newest evidence of a kind that was found in this very database, not in one that it was copied from."""
    with connection.cursor(row_factory=class_row(Evidence)) as cursor:
        return cursor.execute(
            """
            SELECT id, service, kind, fingerprint, outcome, document, recorded_at, recorded_by,
                   extract(epoch FROM clock_timestamp() - recorded_at)::double precision AS age
              FROM bgmigrate.evidence WHERE service = %s AND kind = %s AND identity = %s ORDER BY id DESC LIMIT 1
            """,
            (service, kind, identity(connection)),
        ).fetchone()
