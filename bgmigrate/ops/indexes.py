"""Indexes, built and dropped while reads and writes go on."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from bgmigrate.errors import Conflict, Refused
from bgmigrate.naming import split
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

VALID = (
    "SELECT x.indisvalid AND x.indisready FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
    " WHERE x.indrelid = to_regclass(%s) AND i.relname = %s"
)


def index_key(table: str, name: str) -> str:
    """An index lives in its table's schema."""
    schema, _ = split(table)
    return f"{schema}.{name}" if schema else name


@operation("build_index")
@dataclass
class BuildIndex(Step):
    """CREATE INDEX CONCURRENTLY (SHARE UPDATE EXCLUSIVE: reads and writes go on), checked to be valid; an invalid remainder is rebuilt."""

    table: str
    name: str
    definition: str

    def run(self, on: Runtime) -> None:
        valid = on.fetch(VALID, compose("{t:t}", t=self.table), self.name)
        if valid == [(True,)]:
            return
        if valid:  # a build that was killed or timed out leaves it INVALID, and IF NOT EXISTS would take it for done
            RemoveIndex(self.table, self.name).run(on)
        on.progress.step(f"  building index {self.name} on {self.table}")
        try:
            on.weak([self.table], self.definition)
        except psycopg.errors.UniqueViolation as error:
            RemoveIndex(self.table, self.name).run(on)
            raise Refused(
                f"unique index {self.name} cannot be built on {self.table}: {error.diag.message_detail or error}",
                why="Rows that are there already break the rule that the new version relies on.",
                next="Mend the duplicates, then run the same command again.",
                code="BGM501",
            ) from error
        except Conflict:
            RemoveIndex(self.table, self.name).run(on)  # what a build that gave up leaves is INVALID, and every write would maintain it
            raise
        if not on.offline and on.fetch(VALID, compose("{t:t}", t=self.table), self.name) != [(True,)]:
            raise Refused(f"index {self.name} on {self.table} is not valid after its build", next="Run the same command again.", code="BGM409")

    def undo(self) -> Step:
        return RemoveIndex(self.table, self.name)


@operation("remove_index")
@dataclass
class RemoveIndex(Step):
    """DROP INDEX CONCURRENTLY: reads and writes go on."""

    table: str
    name: str

    def run(self, on: Runtime) -> None:
        on.weak([self.table], compose("DROP INDEX CONCURRENTLY IF EXISTS {n:t}", n=index_key(self.table, self.name)))


@operation("rename_indexes")
@dataclass
class RenameIndexes(Step):
    """ALTER INDEX ... RENAME: a catalog change under SHARE UPDATE EXCLUSIVE."""

    table: str
    names: dict[str, str]

    def run(self, on: Runtime) -> None:
        on.strong(
            [self.table],
            *(compose("ALTER INDEX IF EXISTS {a:t} RENAME TO {b:i}", a=index_key(self.table, a), b=b) for a, b in self.names.items()),
        )


@operation("replace_index")
@dataclass
class ReplaceIndex(Step):
    """Drop an index concurrently and give its name to the one that was built beside it. Killed between the two, it goes on with the second."""

    table: str
    name: str
    by: str

    def run(self, on: Runtime) -> None:
        if on.offline or on.has(VALID, compose("{t:t}", t=self.table), self.by):  # else the name is the new one's already
            RemoveIndex(self.table, self.name).run(on)
            RenameIndexes(self.table, {self.by: self.name}).run(on)
