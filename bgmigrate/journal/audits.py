"""How far the check of a large table's rows had come when it was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from bgmigrate.database import Connection, identity


@dataclass(frozen=True, kw_only=True)
class Begun:
    """All rows up to `after` were asked, and none was wrong; `upper` was the last key when the check began."""

    after: list[str]
    upper: list[str]
    rows: int


def begun(connection: Connection, table: str, digest: str) -> Begun | None:
    """The check of a table that asked the same (`digest`) of this database's rows within the last day."""
    with connection.cursor(row_factory=class_row(Begun)) as cursor:
        return cursor.execute(
            """
            SELECT after, upper, rows FROM bgmigrate.audit
             WHERE table_name = %s AND digest = %s AND identity = %s AND began_at > now() - interval '1 day'
            """,
            (table, digest, identity(connection)),
        ).fetchone()


def keep(connection: Connection, table: str, digest: str, *, after: Sequence[str], upper: Sequence[str], rows: int) -> None:
    """Record the position."""
    connection.execute(
        """
        INSERT INTO bgmigrate.audit AS a (table_name, digest, identity, after, upper, rows) VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (table_name) DO UPDATE SET digest = excluded.digest, identity = excluded.identity, after = excluded.after,
               upper = excluded.upper, rows = excluded.rows,
               began_at = CASE WHEN a.digest = excluded.digest AND a.upper = excluded.upper THEN a.began_at ELSE now() END
        """,
        (table, digest, identity(connection), list(after), list(upper), rows),
    )


def end(connection: Connection, table: str) -> None:
    """The check is through, or found something: the next one begins anew."""
    connection.execute("DELETE FROM bgmigrate.audit WHERE table_name = %s", (table,))
