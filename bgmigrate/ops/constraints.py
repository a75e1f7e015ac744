"""Constraints: added without a scan under a lock that blocks, validated under one that does not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.naming import bounded, object_name
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.indexes import VALID
from bgmigrate.ops.partitions import is_partitioned, leaves
from bgmigrate.ops.require_data import RequireData
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose
from bgmigrate.sql.foreign_keys import ForeignKey
from bgmigrate.sql.spelling import stable
from bgmigrate.sql.violations import of_check, of_not_null

STATE = "SELECT convalidated FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"
DEFINITION = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"


def add_and_validate(on: Runtime, table: str, name: str, definition: str) -> None:
    """ADD CONSTRAINT ... NOT VALID (brief), then VALIDATE (SHARE UPDATE EXCLUSIVE: reads and writes go on), each in its own transaction."""
    state = on.fetch(STATE, compose("{t:t}", t=table), name)
    # the referenced table first, as transactions lock them that write a new row and then another that refers to it
    others, lock = referenced(definition), "SHARE ROW EXCLUSIVE"
    if not state and others and not on.offline and on.connection.info.server_version < 180000 and is_partitioned(on, table):
        for leaf in leaves(on, table):  # NOT VALID foreign keys of partitioned tables came with PostgreSQL 18
            add_and_validate(on, leaf, name, definition)
        # the partitions' keys become its own: SHARE ROW EXCLUSIVE for an instant, no row is read
        on.strong([*others, table], compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=table, n=name, d=definition), lock=lock)
        return
    if not state and on.scratch:  # there is no row to scan, and nobody to wait for
        on.strong([], compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=table, n=name, d=definition))
        return
    if not state:
        on.strong([*others, table], compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q} NOT VALID", t=table, n=name, d=definition), lock=lock)
    if state != [(True,)]:
        try:
            on.weak([table, *others], compose("ALTER TABLE {t:t} VALIDATE CONSTRAINT {n:i}", t=table, n=name))
        except (psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation) as error:
            # left NOT VALID it would go on refusing writes of a version that does not know it, after a rollback that was refused too
            on.strong([table, *others], compose("ALTER TABLE {t:t} DROP CONSTRAINT IF EXISTS {n:i}", t=table, n=name), lock="ACCESS EXCLUSIVE")
            raise broken(on, table, name, definition, error) from error


def referenced(definition: str) -> tuple[str, ...]:
    """The table that a foreign key points to, which its steps lock as well; none for other constraints."""
    found = re.search(r'REFERENCES ((?:"(?:[^"]|"")+"|[^\s("])+)\(', definition)
    return (found[1].replace('"', ""),) if found else ()


def partner(on: Runtime, table: str, name: str) -> tuple[str, ...]:
    """The table that a foreign key of this name points to, which losing it locks as well."""
    return tuple(t for (definition,) in on.fetch(DEFINITION, compose("{t:t}", t=table), name) for t in referenced(definition))


def broken(on: Runtime, table: str, name: str, definition: str, error: psycopg.Error, became: str = "The constraint was taken back.") -> Refused:
    """The refusal for a constraint that the rows break: how many do and which, where that can be said in time, and the server's own words."""
    key = ForeignKey.parse(definition)
    unless = key.orphans(table) if key else of_check(definition)
    demand = RequireData(table, unless or "false", f"break {name} ({definition})", code="BGM504" if key else "BGM505")
    found = demand.offenders(on)
    said = error.diag.message_detail or error.diag.message_primary
    return Refused(
        demand.said(*found) if found else f"rows of {table} break {name} ({definition}): {said}",
        why=f"Constraint and data disagree. {became}", next="Mend these rows, then run the same command again.", code=demand.code,
    )


@operation("add_constraint")
@dataclass
class AddConstraint(Step):
    """Add a CHECK or FOREIGN KEY as NOT VALID, then VALIDATE it. A foreign key takes SHARE ROW EXCLUSIVE on both tables for an instant.

    `becomes`: the name that it is given later; once the constraint of that name says the same, there is nothing left to add.
    """

    may_refuse: ClassVar[bool] = True

    table: str
    name: str
    definition: str
    becomes: str = ""

    def run(self, on: Runtime) -> None:
        there = on.fetch(DEFINITION, compose("{t:t}", t=self.table), self.becomes) if self.becomes else []
        if any(stable(definition) == self.definition for definition, in there):
            return
        add_and_validate(on, self.table, self.name, self.definition)

    def undo(self) -> Step:
        return RemoveConstraint(self.table, self.name)


@operation("remove_constraint")
@dataclass
class RemoveConstraint(Step):
    """DROP CONSTRAINT: ACCESS EXCLUSIVE for an instant (a foreign key: on both tables). `definition` lets rollback bring it back.

    `successor`: the constraint that holds instead, and later takes the name; once it has, there is nothing left to drop.
    """

    table: str
    name: str
    successor: str = ""
    definition: str | None = field(default=None, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        taken = self.successor and not on.offline and not on.has(STATE, compose("{t:t}", t=self.table), self.successor)
        if on.exists(self.table) and not taken:
            statement = compose("ALTER TABLE {t:t} DROP CONSTRAINT IF EXISTS {n:i}", t=self.table, n=self.name)
            on.strong([self.table, *partner(on, self.table, self.name)], statement, lock="ACCESS EXCLUSIVE")
        for leaf in leaves(on, self.table):  # what a killed build had not joined yet
            if on.has(STATE, compose("{t:t}", t=leaf), self.name):
                on.strong([leaf], compose("ALTER TABLE {t:t} DROP CONSTRAINT IF EXISTS {n:i}", t=leaf, n=self.name))

    def undo(self) -> Step | None:
        return AddConstraint(self.table, self.name, self.definition) if self.definition else None


@operation("adopt_index")
@dataclass
class AdoptIndex(Step):
    """Make a unique index that was built concurrently the index of a constraint. ACCESS EXCLUSIVE for an instant, no scan.

    `becomes`: the name that it is given later; once there is a constraint of that name and no such index, there is nothing left to adopt.
    """

    table: str
    name: str
    index: str
    deferrable: str = ""
    becomes: str = ""

    def run(self, on: Runtime) -> None:
        table = compose("{t:t}", t=self.table)
        if self.becomes and on.has(STATE, table, self.becomes) and not on.has(VALID, table, self.index):
            return
        if not on.has(STATE, table, self.name):
            on.strong(
                [self.table],
                compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} UNIQUE USING INDEX {i:i}{d:q}", t=self.table, n=self.name, i=self.index,
                        d=self.deferrable),
            )

    def undo(self) -> Step:
        return RemoveConstraint(self.table, self.name)


@operation("require_not_null")
@dataclass
class RequireNotNull(Step):
    """SET NOT NULL without a scan under its lock: a CHECK is validated first (reads and writes go on), and proves it."""

    may_refuse: ClassVar[bool] = True

    table: str
    columns: list[str]

    def run(self, on: Runtime) -> None:
        for column in self.columns:
            state = on.fetch(
                "SELECT attnotnull FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s", compose("{t:t}", t=self.table), column
            )
            if state == [(True,)] or not (state or on.offline):  # done; or swapped already, by a run that was killed afterwards
                continue
            check = bounded(object_name("not_null", self.table, column))
            if not on.has(STATE, compose("{t:t}", t=self.table), check):  # asked first: even NOT VALID it would refuse every write of such a row
                RequireData(self.table, of_not_null(column), f"have no value in {column}", code="BGM502").run(on)
            add_and_validate(on, self.table, check, compose("CHECK ({c:i} IS NOT NULL)", c=column))
            # two statements: one ALTER TABLE drops before it proves, and would scan the table under ACCESS EXCLUSIVE
            on.strong(
                [self.table], compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} SET NOT NULL", t=self.table, c=column),
                compose("ALTER TABLE {t:t} DROP CONSTRAINT {k:i}", t=self.table, k=check),
            )

    def merge(self, other: Step) -> RequireNotNull | None:
        if isinstance(other, RequireNotNull) and other.table == self.table:
            return RequireNotNull(self.table, self.columns + other.columns)
        return None


@operation("drop_not_null")
@dataclass
class DropNotNull(Step):
    """ALTER COLUMN ... DROP NOT NULL: ACCESS EXCLUSIVE for an instant. Rollback refuses while there are NULLs."""

    table: str
    columns: list[str]

    def run(self, on: Runtime) -> None:
        on.strong([self.table], *(compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} DROP NOT NULL", t=self.table, c=c) for c in self.columns))

    def undo(self) -> Step:
        return RequireNotNull(self.table, self.columns)

    def merge(self, other: Step) -> DropNotNull | None:
        if isinstance(other, DropNotNull) and other.table == self.table:
            return DropNotNull(self.table, self.columns + other.columns)
        return None
