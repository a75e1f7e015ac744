"""Whether a table is small enough for what PostgreSQL does under a lock that blocks, where it has no other way.

Other tools do it whatever the size, or never. Ours measures the table before anything changes, and says what there is instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

# With its indexes and TOAST table, and those of its partitions and of tables that inherit from it.
SIZE = (
    "WITH RECURSIVE family (oid) AS (SELECT to_regclass(%s)::oid UNION SELECT i.inhrelid FROM family JOIN pg_inherits i ON i.inhparent = family.oid)"
    " SELECT sum(pg_total_relation_size(oid))::bigint, pg_size_pretty(sum(pg_total_relation_size(oid))), pg_size_pretty(%s::bigint) FROM family"
)


@operation("require_small")
@dataclass
class RequireSmall(Step):
    """Refuse while a table is larger than `expand.small_table`. Reads the catalogs; locks nothing.

    `what`: what would be done to it, as words that follow "users is 40 MB, too large to "; `choices`: what there is instead. `why_code`: the
    finding's code.
    """

    may_refuse: ClassVar[bool] = True
    settles: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    table: str
    why_code: str
    what: str
    choices: str

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.table):
            return
        limit = on.settings.expand.small_table
        ((size, shown, most),) = on.fetch(SIZE, compose("{t:t}", t=self.table), limit)
        if size > limit:
            finding = Finding(
                code=self.why_code, table=self.table, what=f"{self.table} is {shown}, too large to {self.what} (expand.small_table is {most})",
                why="Nobody could read or write the table for as long as that takes. Nothing was changed.",
                next=f"{self.choices} Or, where a standstill may be had, allow it: BGMIGRATE_EXPAND__SMALL_TABLE={size // 1024**2 + 1}MB.",
            )
            raise Refused(finding.what, why=finding.why, next=finding.next, findings=[finding])

    def merge(self, other: Step) -> RequireSmall | None:
        return self if other == self else None
