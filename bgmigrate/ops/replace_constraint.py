"""A constraint that takes another's place and name: the catalog alone, for what it says was proved before."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.constraints import STATE, partner
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


@operation("replace_constraint")
@dataclass
class ReplaceConstraint(Step):
    """Drop a constraint and give its name to the one that was built beside it, in one transaction: the rows are never without a rule.

    ACCESS EXCLUSIVE for an instant (a foreign key: on both tables). Run again, it finds the name taken and does nothing.
    """

    table: str
    name: str
    by: str

    def run(self, on: Runtime) -> None:
        if on.offline or on.has(STATE, compose("{t:t}", t=self.table), self.by):
            on.strong(
                [self.table, *partner(on, self.table, self.name)],
                compose("ALTER TABLE {t:t} DROP CONSTRAINT IF EXISTS {n:i}", t=self.table, n=self.name),
                compose("ALTER TABLE {t:t} RENAME CONSTRAINT {b:i} TO {n:i}", t=self.table, b=self.by, n=self.name),
                lock="ACCESS EXCLUSIVE",
            )
