"""Exclusion constraints, for which PostgreSQL has neither CONCURRENTLY nor NOT VALID: on tables that are small enough for it, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.constraints import DEFINITION, STATE, RemoveConstraint
from bgmigrate.ops.require_small import RequireSmall
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


@operation("build_exclusion")
@dataclass
class BuildExclusion(Step):
    """Add an exclusion constraint: ACCESS EXCLUSIVE while its index is built, so on a small table only. PostgreSQL has no other way.

    `becomes`: the name that it is given later; once the constraint of that name says the same, there is nothing left to build.
    """

    may_refuse: ClassVar[bool] = True

    table: str
    name: str
    definition: str
    becomes: str = ""

    def run(self, on: Runtime) -> None:
        place = compose("{t:t}", t=self.table)
        if on.has(STATE, place, self.name) or (self.becomes and (self.definition,) in on.fetch(DEFINITION, place, self.becomes)):
            return
        small(self.table, self.becomes or self.name).run(on)
        try:
            on.strong([self.table], compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=self.table, n=self.name, d=self.definition))
        except psycopg.errors.ExclusionViolation as error:
            raise Refused(
                f"rows of {self.table} exclude each other ({self.becomes or self.name}): {error.diag.message_detail or error.diag.message_primary}",
                why="Constraint and data disagree. The constraint was not added.", next="Mend these rows, then run the same command again.",
                code="BGM505",
            ) from error

    def undo(self) -> Step:
        return RemoveConstraint(self.table, self.name)


def small(table: str, name: str) -> RequireSmall:
    """The demand that a table is small enough for an exclusion constraint to be built."""
    return RequireSmall(
        table, "BGM109", f"build the exclusion constraint {name}, under ACCESS EXCLUSIVE",
        "A unique constraint is built while others read and write, where that is rule enough; or leave this one out of the models.",
    )
