"""Constraints under other names: the catalog alone."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

THERE = "SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"


def renames(on: Runtime, table: str, names: dict[str, str]) -> list[str]:
    """The statements that rename those constraints (old: new) of a table that still have their old names."""
    return [
        compose("ALTER TABLE {t:t} RENAME CONSTRAINT {a:i} TO {b:i}", t=table, a=a, b=b)
        for a, b in names.items() if on.offline or on.has(THERE, compose("{t:t}", t=table), a)
    ]


@operation("rename_constraints")
@dataclass
class RenameConstraints(Step):
    """RENAME CONSTRAINT (old: new): ACCESS EXCLUSIVE for an instant, no row is touched. Rollback gives the old names back."""

    table: str
    names: dict[str, str]

    def run(self, on: Runtime) -> None:
        if statements := renames(on, self.table, self.names):
            on.strong([self.table], *statements)

    def undo(self) -> Step:
        return RenameConstraints(self.table, {b: a for a, b in self.names.items()})

    def merge(self, other: Step) -> RenameConstraints | None:
        if isinstance(other, RenameConstraints) and other.table == self.table:
            return RenameConstraints(self.table, self.names | other.names)
        return None
