"""Steps for which PostgreSQL has no form that lets others read and write: allowed on tables that are small enough for it, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.constraints import DEFINITION, STATE, RemoveConstraint
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

SIZE = """
    SELECT size, pg_size_pretty(size), pg_size_pretty(%s::bigint) FROM (
        SELECT coalesce(sum(pg_relation_size(relid)), pg_relation_size(to_regclass(%s)))::bigint AS size FROM pg_partition_tree(to_regclass(%s))
    ) s
"""


@operation("require_small")
@dataclass
class RequireSmall(Step):
    """Refuse where a table, its partitions included, is larger than `expand.small_table`. Locks nothing.

    `what`: what is done to it under a lock that blocks, as words that follow "orders is 3 GB large: ". `advice`: the choices that there are.
    """

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    table: str
    what: str
    code: str = "BGM109"
    advice: str = ""

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.table):
            return
        limit, place = on.settings.expand.small_table, compose("{t:t}", t=self.table)
        ((size, shown, most),) = on.fetch(SIZE, limit, place, place)
        if size > limit:
            finding = Finding(
                code=self.code, table=self.table, what=f"{self.table} is {shown} large: {self.what}",
                why=f"Nobody could read or write it meanwhile; up to {most} (expand.small_table) that is short enough. Nothing was changed.",
                next=f"{self.advice} Or allow it for a time without traffic: BGMIGRATE_EXPAND__SMALL_TABLE={size // 1024**2 + 1}MB.".strip(),
            )
            raise Refused(finding.what, why=finding.why, next=finding.next, findings=[finding])


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
        table, f"the exclusion constraint {name} would be built under ACCESS EXCLUSIVE",
        advice="A unique constraint (or index) is built while others read and write, where that is rule enough; or leave the constraint out.",
    )
