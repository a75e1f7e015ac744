"""Constraints that stand NOT VALID: they bind every write, and say nothing of the rows that were there before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import psycopg

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.constraints import DEFINITION, STATE, broken, referenced
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


@operation("validate_constraint")
@dataclass
class ValidateConstraint(Step):
    """VALIDATE a constraint that was left NOT VALID. SHARE UPDATE EXCLUSIVE (a foreign key: ROW SHARE on the other table): reads and writes go on."""

    may_refuse: ClassVar[bool] = True

    table: str
    name: str

    def run(self, on: Runtime) -> None:
        rows = on.fetch(DEFINITION, compose("{t:t}", t=self.table), self.name)
        definition = rows[0][0].removesuffix(" NOT VALID") if rows else ""
        try:
            if on.offline or on.fetch(STATE, compose("{t:t}", t=self.table), self.name) == [(False,)]:
                statement = compose("ALTER TABLE {t:t} VALIDATE CONSTRAINT {n:i}", t=self.table, n=self.name)
                on.weak([self.table, *referenced(definition)], statement)
        except (psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation) as error:
            raise broken(on, self.table, self.name, definition, error, became="It stays NOT VALID, as it was.") from error


@operation("add_unvalidated")
@dataclass
class AddUnvalidated(Step):
    """Give a constraint back as it was, NOT VALID, in one transaction. Its lock (a foreign key: on both tables) is held for an instant."""

    table: str
    name: str
    definition: str

    def run(self, on: Runtime) -> None:
        if on.offline or on.fetch(STATE, compose("{t:t}", t=self.table), self.name) != [(False,)]:
            on.strong(
                [self.table, *referenced(self.definition)],
                compose("ALTER TABLE {t:t} DROP CONSTRAINT IF EXISTS {n:i}", t=self.table, n=self.name),
                compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q} NOT VALID", t=self.table, n=self.name, d=self.definition),
                lock="ACCESS EXCLUSIVE",
            )
