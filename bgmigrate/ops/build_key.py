"""UNIQUE and PRIMARY KEY of partitioned tables: partition by partition, for ADD CONSTRAINT USING INDEX is not possible there."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.naming import index_key
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.constraints import DEFINITION, STATE
from bgmigrate.ops.indexes import DEFINITION as INDEX
from bgmigrate.ops.indexes import VALID, BuildIndex, RemoveIndex, not_valid
from bgmigrate.ops.partitions import ATTACHED, attach, is_partitioned, on_part, part_name, parts
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

UNFINISHED = INDEX.replace(" AND x.indisvalid", "")


@operation("build_key")
@dataclass
class BuildKey(Step):
    """Add a UNIQUE or PRIMARY KEY constraint to a partitioned table, each partition's index built concurrently and then attached.

    ACCESS EXCLUSIVE on one table at a time, for an instant; no row is read under it. `becomes`: the name that it is given later; once the
    constraint of that name says the same, there is nothing left to build.
    """

    table: str
    name: str
    definition: str
    becomes: str = ""

    def run(self, on: Runtime) -> None:
        table = compose("{t:t}", t=self.table)
        if self.becomes and (self.definition,) in on.fetch(DEFINITION, table, self.becomes):
            return
        if on.offline:  # a script knows no partitions
            on.strong([self.table], compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=self.table, n=self.name, d=self.definition))
            return
        if not on.has(STATE, table, self.name):
            on.strong([self.table], compose("ALTER TABLE ONLY {t:t} ADD CONSTRAINT {n:i} {d:q}", t=self.table, n=self.name, d=self.definition))
        index = compose("{n:t}", n=index_key(self.table, self.name))
        for part in parts(on, self.table):
            mine = part_name(part, self.name)
            if on.has(ATTACHED, compose("{t:t}", t=part), index):
                continue
            if is_partitioned(on, part):
                BuildKey(part, mine, self.definition).run(on)
            elif not on.has(STATE, compose("{t:t}", t=part), mine):
                self._on_leaf(on, part, mine)
            attach(on, self.table, self.name, part, mine)
        if on.fetch(VALID, table, self.name) != [(True,)]:
            raise not_valid(self.table, self.name)

    def _on_leaf(self, on: Runtime, part: str, mine: str) -> None:
        ((definition,),) = on.fetch(UNFINISHED, compose("{t:t}", t=self.table), self.name)
        BuildIndex(part, mine, on_part(definition, mine, part, partitioned=False)).run(on)
        kind = "PRIMARY KEY" if self.definition.startswith("PRIMARY KEY") else "UNIQUE"
        _, deferrable, rest = self.definition.partition(" DEFERRABLE")
        on.strong(
            [part],
            compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {k:q} USING INDEX {n:i}{d:q}", t=part, n=mine, k=kind, d=deferrable + rest),
        )

    def undo(self) -> Step:
        return RemoveKey(self.table, self.name)


@operation("remove_key")
@dataclass
class RemoveKey(Step):
    """Drop such a constraint, and what a killed build had not attached yet. ACCESS EXCLUSIVE on the table and its partitions for an instant."""

    table: str
    name: str

    def run(self, on: Runtime) -> None:
        if on.exists(self.table):
            on.strong([self.table], compose("ALTER TABLE {t:t} DROP CONSTRAINT IF EXISTS {n:i}", t=self.table, n=self.name))
        for part in parts(on, self.table):
            mine = part_name(part, self.name)
            if is_partitioned(on, part) or on.has(STATE, compose("{t:t}", t=part), mine):
                RemoveKey(part, mine).run(on)
            elif on.has(VALID, compose("{t:t}", t=part), mine):
                RemoveIndex(part, mine).run(on)
