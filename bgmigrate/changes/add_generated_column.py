"""A new column that PostgreSQL computes: GENERATED ALWAYS AS (…), STORED or VIRTUAL.

PostgreSQL writes every row for a STORED one under ACCESS EXCLUSIVE; linters forbid it and leave it at that. Ours computes a plain column by
a trigger and a backfill while both versions run, and makes it the generated one in contract where the table is small, else says what else there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.generated import computed, inputs, readable, small
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import AddColumns, BackfillRows, RequireData, StopSynchronizing, SynchronizeColumns
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class AddGeneratedColumn(Change):
    """VIRTUAL: ADD COLUMN in expand. STORED: a plain column, trigger and backfill in expand, in contract dropped and added as the generated one."""

    kind: ClassVar[str] = "add_generated_column"
    rank: ClassVar[int] = 25  # before others take a NOT NULL column without a default for one that needs a `forward`
    page: ClassVar[Page] = Page(
        blue="Does not know the column. An expression that cannot take blue's values fails no write of its before contract: the column is NULL.",
        green="Reads what the expression gives in every row once the backfill is done, and in new rows at once.",
        wrong=(
            "A STORED column on a table larger than `expand.small_table` is refused: PostgreSQL has no way to add one without writing every row.",
            "Until contract the database takes a value that somebody writes into a STORED column by hand, and computes it anew.",
        ),
    )

    want: Column
    early: bool  # can the rows be asked before the columns are there that it reads?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d in differences.all("column"):
            if d.have is not None or d.table is None or not d.want.generated:
                continue
            differences.take(d)
            moved = {m.final for m in differences.moves if m.table == d.table and m.retyped} & inputs(differences, d.table, d.want.default)
            if moved and d.want.generated == "s":
                refusals.append(_moving(d.table, d.name, min(moved)))
            out.append(cls(table=d.table, column=d.name, want=d.want, early=readable(differences, d.table, d.want.default)))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column and self.want.default
        comments = {self.column: self.want.comment} if self.want.comment else {}
        if self.want.generated == "v":
            add = AddColumns(self.table, {self.column: replace(self.want, not_null=False).definition}, comments=comments)
            why = f"{self.column}: computed when it is read, after every column that it may read is there. ACCESS EXCLUSIVE for an instant."
            return [*self._given(expand=True), Planned(stage=Stage.INDEXES, step=add, because=(why,))]
        bare = replace(self.want, default=None, generated="", not_null=False)
        values = {self.column: self.want.default}
        sync = SynchronizeColumns(self.table, self.sync_name, add={self.column: bare.definition}, mirror=values, comments=comments)
        return [
            small(self.table, self.column, "give it the stored generated column"), *self._given(expand=True),
            Planned(
                stage=Stage.SYNCHRONIZE, step=sync,
                because=(f"{self.column}: computed on every write, whoever writes. ACCESS EXCLUSIVE for an instant.",),
            ),
            self.filled(BackfillRows(self.table, follow=values)),
        ]

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        if self.want.generated == "v":
            return [*self._given(), self.required()] if self.want.not_null else []
        stop = StopSynchronizing(self.table, self.sync_name)
        return [
            small(self.table, self.column, "give it the stored generated column"), *self._given(), computed(self.table, self.want, Stage.COLUMNS),
            Planned(
                stage=Stage.SWAP, step=stop, because=(f"{self.column}: the trigger that computed it goes. ACCESS EXCLUSIVE for an instant.",),
            ),
        ]

    def _given(self, *, expand: bool = False) -> list[Planned]:
        """Where green's column is NOT NULL: a demand that the expression gives every row a value."""
        assert self.table and self.column
        if not self.want.not_null or (expand and not self.early):
            return []
        value = f"({self.want.default})" if expand else compose("{c:i}", c=self.column)
        step = RequireData(self.table, f"{value} IS NULL", f"give no value for {self.column}, which is to be NOT NULL")
        why = f"{self.column}: NOT NULL, so the expression must give every row a value. The table is read, nothing is locked."
        return [Planned(stage=Stage.DEMAND, step=step, because=(why,))]


def _moving(table: str, column: str, read: str) -> Finding:
    return Finding(
        code="BGM113", table=table, column=column,
        what=f"{table}.{column} is to be computed from {read}, which gets another type in the same release",
        why="PostgreSQL does not change what a stored generated column reads.", next=f"Change {read} in this release, and add {column} in the next.",
    )
