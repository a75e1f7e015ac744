"""What only PostgreSQL can say of a schema: asked on a throw-away database that has it, and taken back at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import psycopg

from bgmigrate import catalog
from bgmigrate.catalog import Schema
from bgmigrate.changes.difference import NotPossible
from bgmigrate.database import Connection
from bgmigrate.sql import compose

# The planner takes a partial index only where it can prove that every row of the query is in it (PostgreSQL documentation, 11.8 Partial Indexes).
USES = "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true), set_config('enable_bitmapscan', 'on', true)"


class DatabaseTrial:
    """Trials on one database. `ignore`: tables that are not the application's, such as version tables; `first`: statements before each trial."""

    def __init__(self, connection: Connection, ignore: Collection[str], first: Sequence[str] = ()) -> None:
        self._connection, self._ignore, self._first = connection, ignore, tuple(first)
        self._known: dict[tuple[str, ...], Schema] = {}

    def after(self, *statements: str, tables: Collection[str] | None = None) -> Schema:
        """The schema (or some tables of it) as it is after these statements, read once. Raises NotPossible with the server's words."""
        asked = (*statements, "", *sorted(tables or ()))
        if asked not in self._known:
            try:
                with self._connection.transaction(force_rollback=True):
                    for statement in (*self._first, *statements):
                        self._connection.execute(statement.encode())
                    self._known[asked] = catalog.read(self._connection, ignore=self._ignore, tables=tables)
            except psycopg.Error as error:
                raise NotPossible((error.diag.message_primary or str(error)).strip()) from error
        return self._known[asked]

    def refuses(self, *statements: str) -> str | None:
        """What the server says against these statements; None where it takes them."""
        try:
            with self._connection.transaction(force_rollback=True):
                for statement in (*self._first, *statements):
                    self._connection.execute(statement.encode())
        except psycopg.Error as error:
            return (error.diag.message_primary or str(error)).strip()
        return None

    def implies(self, table: str, given: str, then: str) -> bool:
        """Can PostgreSQL prove that a row for which `given` is true has `then` true, too? At worst it cannot."""
        with self._connection.transaction(force_rollback=True):
            try:
                self._connection.execute(compose("CREATE INDEX bgm_implied ON {t:t} ((1)) WHERE {w:q}", t=table, w=then).encode())
                self._connection.execute(USES.encode())
                rows = self._connection.execute(compose("EXPLAIN SELECT 1 FROM {t:t} WHERE {w:q}", t=table, w=given).encode()).fetchall()
            except psycopg.Error:
                return False
        return any("bgm_implied" in row[0] for row in rows)
