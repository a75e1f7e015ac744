"""Another primary key: its index is built before, so that the exchange is a matter of the catalog."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.indexes import BuildIndex
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
        _, deferral = self._parts()
        add = compose("ADD CONSTRAINT {n:i} PRIMARY KEY USING INDEX {i:i}{d:q}", n=self.name, i=self.index, d=deferral)
        on.strong([self.table], compose("ALTER TABLE {t:t} {a:q}", t=self.table, a=[*old, add]))

    def _parts(self) -> tuple[str, str]:
        """What stands after PRIMARY KEY: the columns, and where it may be checked later, how."""
        columns, deferrable, rest = self.definition.removeprefix("PRIMARY KEY ").partition(" DEFERRABLE")
        return columns, deferrable + rest

    def _on_partitions(self, on: Runtime, old: list[str]) -> None:
        columns, deferral = self._parts()
        own = {leaf: part_name(leaf, self.index) for leaf in leaves(on, self.table)}
        for leaf, name in own.items():
            BuildIndex(leaf, name, compose("CREATE UNIQUE INDEX CONCURRENTLY {n:i} ON {t:t} USING btree {c:q}", n=name, t=leaf, c=columns)).run(on)
        on.strong(
            [self.table, *own],
            *([compose("ALTER TABLE {t:t} {o:q}", t=self.table, o=old)] if old else []),
            *(compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} PRIMARY KEY USING INDEX {n:i}{d:q}", t=leaf, n=name, d=deferral)
              for leaf, name in own.items()),
            # PostgreSQL finds the partitions' keys and takes them; it builds none
            compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=self.table, n=self.name, d=self.definition),
        )
