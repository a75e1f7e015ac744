"""Another primary key: its index is built before, so that the exchange is a matter of the catalog."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.indexes import BuildIndex, RemoveIndex
from bgmigrate.ops.partitions import is_partitioned, leaves, part_name
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

KEYS = "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'p'"


@operation("replace_primary_key")
@dataclass
class ReplacePrimaryKey(Step):
    """Drop the primary key that a table has, if any, and make one of the unique index `index`, in one transaction.

    ACCESS EXCLUSIVE for an instant, no scan: the index is valid and its columns are NOT NULL. Of a partitioned table each partition's index is
    built concurrently first (under names made from `index`), and all are exchanged together.
    """

    table: str
    name: str
    index: str
    definition: str

    def run(self, on: Runtime) -> None:
        table = compose("{t:t}", t=self.table)
        if (self.name, self.definition) in on.fetch(KEYS, table):
            return
        old = [compose("DROP CONSTRAINT {n:i}", n=name) for name, _ in on.fetch(KEYS, table)]
        if not on.offline and is_partitioned(on, self.table):
            self._on_partitions(on, old)
            return
        _, deferral = split_key(self.definition)
        add = compose("ADD CONSTRAINT {n:i} PRIMARY KEY USING INDEX {i:i}{d:q}", n=self.name, i=self.index, d=deferral)
        on.strong([self.table], compose("ALTER TABLE {t:t} {a:q}", t=self.table, a=[*old, add]))

    def _on_partitions(self, on: Runtime, old: list[str]) -> None:
        columns, _ = split_key(self.definition)
        BuildKeyParts(self.table, self.index, columns).run(on)
        on.strong(
            [self.table, *leaves(on, self.table)], *([compose("ALTER TABLE {t:t} {o:q}", t=self.table, o=old)] if old else []),
            *of_parts(on, self.table, self.name, self.index, self.definition),
        )


def split_key(definition: str) -> tuple[str, str]:
    """What stands after PRIMARY KEY: the columns, and where it may be checked later, how."""
    columns, deferrable, rest = definition.removeprefix("PRIMARY KEY ").partition(" DEFERRABLE")
    return columns, deferrable + rest


def of_parts(on: Runtime, table: str, name: str, index: str, definition: str) -> list[str]:
    """Statements that give a partitioned table that primary key out of its partitions' indexes; PostgreSQL finds their keys and builds none."""
    _, deferral = split_key(definition)
    own = {leaf: part_name(leaf, index) for leaf in leaves(on, table)}
    return [
        *(compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} PRIMARY KEY USING INDEX {n:i}{d:q}", t=leaf, n=n, d=deferral) for leaf, n in own.items()),
        compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=table, n=name, d=definition),
    ]


@operation("build_key_parts")
@dataclass
class BuildKeyParts(Step):
    """Build a unique index over `columns` (SQL, in parentheses) on every partition concurrently, for a primary key that takes them later.

    A partitioned table itself can have no such index beside its key. SHARE UPDATE EXCLUSIVE on one partition at a time: reads and writes go on.
    """

    table: str
    index: str
    columns: str

    def run(self, on: Runtime) -> None:
        for leaf in leaves(on, self.table):
            name = part_name(leaf, self.index)
            definition = compose("CREATE UNIQUE INDEX CONCURRENTLY {n:i} ON {t:t} USING btree {c:q}", n=name, t=leaf, c=self.columns)
            BuildIndex(leaf, name, definition).run(on)

    def undo(self) -> Step:
        return RemoveKeyParts(self.table, self.index)


@operation("remove_key_parts")
@dataclass
class RemoveKeyParts(Step):
    """Drop the partitions' indexes of such a key that is not to be. DROP INDEX CONCURRENTLY: reads and writes go on."""

    table: str
    index: str

    def run(self, on: Runtime) -> None:
        for leaf in leaves(on, self.table):
            RemoveIndex(leaf, part_name(leaf, self.index)).run(on)
