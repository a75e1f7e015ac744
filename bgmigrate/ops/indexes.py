"""Indexes, built and dropped while reads and writes go on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg

from bgmigrate.errors import Conflict, Refused
from bgmigrate.naming import index_key
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.partitions import ATTACHED, ON_ONLY, attach, is_partitioned, on_part, part_name, parts
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose
from bgmigrate.sql.spelling import stable

VALID = (
    "SELECT x.indisvalid AND x.indisready FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
    " WHERE x.indrelid = to_regclass(%s) AND i.relname = %s"
)

DEFINITION = (
    "SELECT pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
    " WHERE x.indrelid = to_regclass(%s) AND i.relname = %s AND x.indisvalid"
)

CLEARED = 10.0  # seconds that the drop of an INVALID index may wait


def nameless(definition: str) -> str:
    """The definition with `*` for the name, to tell the same index under another, and concurrently built or not."""
    return re.sub(r"INDEX (?:CONCURRENTLY )?(?:\"(?:[^\"]|\"\")+\"|\S+) ON", "INDEX * ON", definition, count=1)


def sound(on: Runtime, what: str) -> None:
    """Raises Refused on a server whose concurrent builds leave rows out of the index (PostgreSQL 14.4's release notes)."""
    if not on.offline and not on.scratch and 140000 <= on.connection.info.server_version < 140004:
        raise Refused(
            f"{what} would be built by PostgreSQL 14.{on.connection.info.server_version % 10000}",
            why="Up to 14.3 CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY may leave rows out that are updated meanwhile, and nothing says so.",
            next="Update the server to 14.4 or newer (a restart, no dump), then run the same command again.", code="BGM616",
        )


def not_valid(table: str, name: str) -> Refused:
    """The refusal of what is INVALID after its build: somebody else has changed it, or added a partition, meanwhile."""
    return Refused(f"index {name} on {table} is not valid after its build", next="Run the same command again.", code="BGM409")


@operation("build_index")
@dataclass
class BuildIndex(Step):
    """CREATE INDEX CONCURRENTLY (SHARE UPDATE EXCLUSIVE: reads and writes go on), checked to be valid; an invalid remainder is rebuilt.

    `becomes`: the name that it is given later; once the index of that name is the same, there is nothing left to build.
    """

    table: str
    name: str
    definition: str
    becomes: str = ""

    def run(self, on: Runtime) -> None:
        valid = on.fetch(VALID, compose("{t:t}", t=self.table), self.name)
        if valid == [(True,)] or (self.becomes and self._has_become(on)):
            return
        if ON_ONLY in self.definition and (on.offline or is_partitioned(on, self.table)):
            self._on_partitions(on)
            return
        sound(on, f"index {self.name} of {self.table}")
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
        except Conflict as error:
            self._clear(on, error)
            raise
        if not on.offline and on.fetch(VALID, compose("{t:t}", t=self.table), self.name) != [(True,)]:
            raise not_valid(self.table, self.name)

    def _clear(self, on: Runtime, error: Conflict) -> None:
        """Drop what a build that gave up leaves: it is INVALID, and every write would maintain it."""
        try:
            if on.has(VALID, compose("{t:t}", t=self.table), self.name):
                on.weak([self.table], compose("DROP INDEX CONCURRENTLY IF EXISTS {n:t}", n=index_key(self.table, self.name)), seconds=CLEARED)
        except Conflict:
            raise Conflict(
                f"{error.what}; index {self.name} is INVALID, and cannot be dropped before these have ended", why=error.why,
                next="Run the same command again when these transactions have ended: it drops the index and builds it.",
                blockers=error.extra.get("blockers", []),
            ) from error

    def _on_partitions(self, on: Runtime) -> None:
        """Each partition's index concurrently, attached to one on the table alone; PostgreSQL builds none concurrently on a partitioned table."""
        alone = self.definition.replace(" CONCURRENTLY ", " ", 1)
        if on.offline:  # a script knows no partitions
            on.strong([self.table], alone.replace(ON_ONLY, " ON ", 1))
            return
        if not on.has(VALID, compose("{t:t}", t=self.table), self.name):
            on.strong([self.table], alone)  # SHARE on the table alone: no row is read
        for part in parts(on, self.table):
            mine = part_name(part, self.name)
            if not on.has(ATTACHED, compose("{t:t}", t=part), compose("{n:t}", n=index_key(self.table, self.name))):
                BuildIndex(part, mine, on_part(self.definition, mine, part, partitioned=is_partitioned(on, part))).run(on)
                attach(on, self.table, self.name, part, mine)
        if on.fetch(VALID, compose("{t:t}", t=self.table), self.name) != [(True,)]:
            raise not_valid(self.table, self.name)

    def _has_become(self, on: Runtime) -> bool:
        found = on.fetch(DEFINITION, compose("{t:t}", t=self.table), self.becomes)
        return [nameless(stable(d)) for d, in found] == [nameless(self.definition)]

    def undo(self) -> Step:
        return RemoveIndex(self.table, self.name)


@operation("remove_index")
@dataclass
class RemoveIndex(Step):
    """DROP INDEX CONCURRENTLY: reads and writes go on. On a partitioned table PostgreSQL has no such form: ACCESS EXCLUSIVE for an instant."""

    table: str
    name: str

    def run(self, on: Runtime) -> None:
        if not on.offline and is_partitioned(on, self.table):
            on.strong([self.table], compose("DROP INDEX IF EXISTS {n:t}", n=index_key(self.table, self.name)))
            for part in parts(on, self.table):  # what a killed build had not attached yet
                if on.has(VALID, compose("{t:t}", t=part), part_name(part, self.name)):
                    RemoveIndex(part, part_name(part, self.name)).run(on)
            return
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
