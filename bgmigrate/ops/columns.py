"""Columns that PostgreSQL adds and drops in its catalog alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.heirs import linked
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.transformed import ended
from bgmigrate.sql import compose, load

COLUMNS = (
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
    " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
COLUMN = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND NOT attisdropped"


def compile_anew(table: str) -> str:
    """What must end a transaction in which a column of the table gets another type: see the statement itself."""
    return load("compile_anew", table=compose("{t:t}", t=table))


def add_column(table: str, column: str, definition: str) -> str:
    """The ALTER TABLE that adds it, once."""
    return compose("ALTER TABLE {t:t} ADD COLUMN IF NOT EXISTS {c:i} {d:q}", t=table, c=column, d=definition)


def column_comment(table: str, column: str, comment: str | None) -> str:
    """The COMMENT ON COLUMN."""
    return compose("COMMENT ON COLUMN {t:t}.{c:i} IS {m:l}", t=table, c=column, m=comment)


def drop_column(table: str, column: str) -> str:
    """The ALTER TABLE that drops it, once."""
    return compose("ALTER TABLE {t:t} DROP COLUMN IF EXISTS {c:i}", t=table, c=column)


def type_of(definition: str) -> str:
    """The type in a column's definition."""
    return re.split(r" (?:COLLATE|DEFAULT|GENERATED|NOT NULL)\b", definition)[0]


def there(c: Connection, table: str) -> set[str]:
    """The columns that a table has."""
    return {r[0] for r in c.execute(COLUMNS, [compose("{t:t}", t=table)])}


def nothing_filled_yet(on: Runtime, c: Connection, table: str, columns: Iterable[str], before: object) -> None:
    """What the journal says of columns that this transaction has added is about former ones of the same names."""
    added = [column for column in columns if isinstance(before, set) and column not in before]
    if added and not on.scratch:
        backfills.begin_again(c, revision=on.revision, table=table, columns=added)


def refuse_another(on: Runtime, table: str, columns: dict[str, str]) -> None:
    """Raise Refused where a column of that name is there already with another type: IF NOT EXISTS would take it for ours."""
    for column, definition in columns.items():
        rows = on.fetch(COLUMN, compose("{t:t}", t=table), column)
        if rows and not (definition + " ").startswith(rows[0][0] + " "):
            raise Refused(
                f"{table}.{column} is there already, as {rows[0][0]}, not {definition}",
                why="It was not made by this revision, and its values are somebody's.",
                next=f"Drop or rename that column, or bring the history up to date with it, then run again: {table}.{column}.",
                code="BGM918",
            )


@operation("add_columns")
@dataclass
class AddColumns(Step):
    """ADD COLUMN for columns that need no rewrite: nullable, or with a constant default. ACCESS EXCLUSIVE for an instant.

    `defaults` are set after the column was added, in the same transaction: they hold for new rows and rewrite no old one.
    """

    table: str
    columns: dict[str, str]
    defaults: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    def run(self, on: Runtime) -> None:
        refuse_another(on, self.table, self.columns)
        adds = [add_column(self.table, c, d) for c, d in self.columns.items()]
        adds += [
            compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} SET DEFAULT {d:q}", t=self.table, c=c, d=d) for c, d in self.defaults.items()
        ]
        on.strong(
            [self.table], *adds, *(column_comment(self.table, c, m) for c, m in self.comments.items()), before=lambda c: there(c, self.table),
            after=lambda c, before: nothing_filled_yet(on, c, self.table, self.columns, before),
        )

    def undo(self) -> Step:
        return DropColumns(self.table, list(self.columns))

    def merge(self, other: Step) -> AddColumns | None:
        if isinstance(other, AddColumns) and other.table == self.table:
            return AddColumns(
                self.table, self.columns | other.columns, self.defaults | other.defaults, self.comments | other.comments
            )
        return None


@operation("drop_columns")
@dataclass
class DropColumns(Step):
    """DROP COLUMN: the catalog forgets them, their indexes and constraints go with them. ACCESS EXCLUSIVE for an instant."""

    table: str
    columns: list[str]

    def run(self, on: Runtime) -> None:
        if on.exists(self.table):
            tables = linked(on, [self.table], self.columns)
            gone = ended(on, self.table, self.columns)
            on.strong(tables, *gone, *(drop_column(self.table, c) for c in self.columns), lock="ACCESS EXCLUSIVE")

    def removes(self) -> Iterable[tuple[str, str | None]]:
        return [(self.table, c) for c in self.columns]

    def merge(self, other: Step) -> DropColumns | None:
        if isinstance(other, DropColumns) and other.table == self.table:
            return DropColumns(self.table, self.columns + other.columns)
        return None
