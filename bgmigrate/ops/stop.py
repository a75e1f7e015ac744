"""The end of keeping two versions' columns in step: what is left takes the names, in one short transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bgmigrate.database import Connection
from bgmigrate.journal import synchronizations
from bgmigrate.naming import index_key, made_name, split
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import compile_anew, drop_column, there
from bgmigrate.ops.dependents import carried
from bgmigrate.ops.heirs import family, linked
from bgmigrate.ops.primary_key import of_parts
from bgmigrate.ops.rename_constraints import renames
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.transformed import ended
from bgmigrate.sql import compose

NAMES = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s)"
NOT_NULLS = (
    "SELECT a.attname, k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
    " WHERE k.conrelid = to_regclass(%s) AND k.contype = 'n'"
)


@operation("stop_synchronizing")
@dataclass
class StopSynchronizing(Step):
    """Drop the trigger and the columns of one side in one transaction, so that no write meets one without the other.

    ACCESS EXCLUSIVE for an instant. In the same transaction columns are renamed, `alter` gives the new ones what their old ones had (a default), and
    `constraints` and `indexes` are renamed: twins take the old names. So do `types` (new: old), after the old ones are dropped. `adopt` makes
    constraints of indexes that were built concurrently; views and the like that use a column of `carry` (old: new) are made anew over the new
    one; `first` and `last` are statements of that transaction that carry a sequence over; `keys` (name: [index, definition]) makes the primary
    key of a partitioned table out of its partitions' indexes.
    """

    table: str
    name: str
    drop: list[str] = field(default_factory=list)
    rename: dict[str, str] = field(default_factory=dict)
    alter: list[str] = field(default_factory=list)
    constraints: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    adopt: dict[str, str] = field(default_factory=dict)
    carry: dict[str, str] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=dict)

    def run(self, on: Runtime) -> None:
        if not on.exists(self.table) or self.done(on):
            return
        gone, anew = self.statements(on)
        on.strong(self.locked(on), *gone, *renewed(self.types), *anew, lock="ACCESS EXCLUSIVE", after=lambda c, _: self.forget(on, c))

    def locked(self, on: Runtime) -> list[str]:
        """All tables that lose something: a foreign key of a dropped column goes from both its ends."""
        return linked(on, family(on, self.table), self.drop)

    def statements(self, on: Runtime) -> tuple[list[str], list[str]]:
        """What drops the old, and what gives the new its names; the types change in between."""
        # from PostgreSQL 18 on a NOT NULL has a name of its own, which stays when its column is renamed
        named, every = dict(on.fetch(NOT_NULLS, place := compose("{t:t}", t=self.table))), {r[0] for r in on.fetch(NAMES, place)}
        wanted = {a: named.get(b) or made_name(self.table, b, "not_null") for a, b in self.rename.items() if a in named}
        not_null = [
            compose("ALTER TABLE {t:t} RENAME CONSTRAINT {a:i} TO {b:i}", t=self.table, a=named[a], b=name)
            for a, name in wanted.items() if self.rename[a] in named or (named[a] == made_name(self.table, a, "not_null") and name not in every)
        ]
        users, again = carried(on, self.table, self.carry)
        gone = [
            *self.first,
            *users,
            *(compose("DROP TRIGGER IF EXISTS {n:i} ON {t:t}", n=self.name, t=table) for table in family(on, self.table)),
            compose("DROP FUNCTION IF EXISTS bgmigrate.{n:i}()", n=self.name),
            *ended(on, self.table, self.drop),
            *(drop_column(self.table, c) for c in self.drop),
        ]
        anew = [
            *(s for n, (index, definition) in self.keys.items() for s in of_parts(on, self.table, n, index, definition)),
            *(compose("ALTER TABLE {t:t} RENAME COLUMN {a:i} TO {b:i}", t=self.table, a=a, b=b) for a, b in self.rename.items()),
            *not_null,
            *(compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=self.table, n=n, d=d) for n, d in self.adopt.items()),
            *([compose("ALTER TABLE {t:t} {a:q}", t=self.table, a=self.alter)] if self.alter else []),
            *renames(on, self.table, self.constraints),
            *(compose("ALTER INDEX IF EXISTS {a:t} RENAME TO {b:i}", a=index_key(self.table, a), b=b) for a, b in self.indexes.items()),
            *self.last,
            *again,
            *([compile_anew(self.table)] if self.drop and (self.rename or self.types) else []),
        ]
        return gone, anew

    def forget(self, on: Runtime, c: Connection) -> None:
        """Take the trigger off the journal, in the transaction that drops it."""
        if not on.scratch:
            synchronizations.remove(c, table=self.table, trigger=self.name)

    def done(self, on: Runtime) -> bool:
        """All of it is one transaction: was it committed by a run that was killed afterwards?"""
        if on.offline:
            return False
        columns = there(on.connection, self.table)
        if self.rename:
            return not self.rename.keys() & columns
        return bool(self.first or self.last or self.adopt) and not columns & {*self.drop}

    def removes(self) -> Iterable[tuple[str, str | None]]:
        """A column whose name another one takes in the same transaction is called by it in both versions: it cannot be renamed away before."""
        return [(self.table, c) for c in self.drop if c not in self.rename.values()]

    def merge(self, other: Step) -> StopSynchronizing | None:
        if isinstance(other, StopSynchronizing) and (other.table, other.name) == (self.table, self.name):
            return StopSynchronizing(
                self.table, self.name, self.drop + other.drop, self.rename | other.rename, self.alter + other.alter,
                self.constraints | other.constraints, self.indexes | other.indexes, self.types | other.types, self.adopt | other.adopt,
                self.carry | other.carry, self.first + other.first, self.last + other.last,
                self.keys | other.keys,
            )
        return None


def renewed(types: dict[str, str]) -> list[str]:
    """The new types take the names of the old ones, which no column has any more."""
    return [
        *(compose("DROP TYPE {b:t}", b=b) for b in types.values()),
        *(compose("ALTER TYPE {a:t} RENAME TO {n:i}", a=a, n=split(b)[1]) for a, b in types.items()),
    ]


@operation("stop_synchronizing_together")
@dataclass
class StopTogether(Step):
    """End several tables' synchronizations in one transaction: columns of one type, which all get it anew at once.

    `tables`: the arguments of `stop_synchronizing` for each; `types` (new: old). ACCESS EXCLUSIVE on all of them for an instant, taken at once.
    """

    tables: list[dict[str, Any]]
    types: dict[str, str]

    def removes(self) -> Iterable[tuple[str, str | None]]:
        return [r for arguments in self.tables for r in StopSynchronizing(**arguments).removes()]

    def run(self, on: Runtime) -> None:
        stops = [s for s in (StopSynchronizing(**arguments) for arguments in self.tables) if on.exists(s.table) and not s.done(on)]
        if not stops:
            return
        parts = [s.statements(on) for s in stops]

        def forget(c: Connection, _: object) -> None:
            for stop in stops:
                stop.forget(on, c)

        locked = sorted({t for s in stops for t in s.locked(on)})
        on.strong(
            locked,
            *(s for gone, _ in parts for s in gone),
            *renewed(self.types),
            *(s for _, anew in parts for s in anew),
            lock="ACCESS EXCLUSIVE",
            after=forget,
        )
