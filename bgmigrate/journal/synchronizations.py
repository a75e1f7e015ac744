"""Every sync trigger that keeps two versions' columns in step, with the expressions that it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from bgmigrate.database import Connection


@dataclass(frozen=True, kw_only=True)
class Synchronization:
    """One trigger; `spec` is `{"forward": {column: sql}, "backward": {column: sql}, "required": [column]}`.

    Of the triggers that keep two tables in step the main one, on the old table, has `{"move": {"new": table, "key": …, "parts": …, "without": …}}`,
    the others `{"part_of": trigger}`. The trigger of a transform has `{"transform": {"function": …, "reads": …, "writes": …, "backfill": id}}`.
    """

    table: str
    trigger: str
    function: str
    revision: str
    spec: dict[str, Any]
    aside: str | None = None  # while a contract holds columns of it in quarantine: the key that the table had before

    @property
    def written(self) -> set[tuple[str, str]]:
        """What it (for the main one of two tables: they) may write: (table, column)."""
        found = {(self.table, c) for side in ("forward", "backward") for c in self.spec.get(side, {})}
        found |= {(self.table, c) for side in ("reads", "writes") for c in self.spec.get("transform", {}).get(side, ())}
        if move := self.spec.get("move"):
            found |= {(self.table, c) for p in move["parts"] for c in p.get("backward", {})}
            found |= {(move["new"], c) for p in move["parts"] for c in p["forward"]}
        return found


def record(connection: Connection, *, revision: str, table: str, trigger: str, function: str, spec: Mapping[str, Any]) -> None:
    """Record a trigger, or what it has become."""
    connection.execute(
        """
        INSERT INTO bgmigrate.synchronization (revision, table_name, trigger, function, spec) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (table_name, trigger) DO UPDATE SET revision = excluded.revision, function = excluded.function, spec = excluded.spec
        """,
        (revision, table, trigger, function, Jsonb(dict(spec))),
    )


def remove(connection: Connection, *, table: str, trigger: str) -> None:
    """Take a trigger off the journal, because it was dropped."""
    connection.execute("DELETE FROM bgmigrate.synchronization WHERE table_name = %s AND trigger = %s", (table, trigger))


def all(connection: Connection, *, held: bool = False) -> list[Synchronization]:
    """Every trigger that keeps two versions in step now, by table and name.

    `held`: those too whose old columns a contract holds in quarantine; the expressions of these no longer are about columns that are there.
    """
    with connection.cursor(row_factory=class_row(Synchronization)) as cursor:
        return cursor.execute(
            """
            SELECT table_name AS "table", trigger, function, revision, spec, to_jsonb(s) ->> 'aside' AS aside FROM bgmigrate.synchronization s
             WHERE to_jsonb(s) ->> 'aside' IS NULL OR %s ORDER BY table_name, trigger
            """,  # a journal that only older releases have written has no such column yet
            (held,),
        ).fetchall()


def set_aside(connection: Connection, *, table: str, place: str, triggers: Sequence[str]) -> None:
    """Record which of a table's triggers are about what is in quarantine (nothing else is known of the others), and its key meanwhile."""
    connection.execute(
        """
        UPDATE bgmigrate.synchronization SET table_name = %s, aside = CASE WHEN trigger = ANY (%s) OR %s THEN %s END
         WHERE coalesce(aside, table_name) = %s
        """,
        (place, list(triggers), place != table, table, table),
    )
