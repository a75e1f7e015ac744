"""A new column whose default differs from row to row (`gen_random_uuid()`, `clock_timestamp()`).

PostgreSQL would rewrite the table under ACCESS EXCLUSIVE. Linters only forbid it. Ours adds the column bare, sets the default for new rows in
the same transaction, and draws one value for each row that was there, in batches; a row that has its value is never drawn again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import AddColumns, BackfillRows


@dataclass(frozen=True, kw_only=True)
class AddVolatileColumn(Change):
    """ADD COLUMN, SET DEFAULT and a backfill in expand; SET NOT NULL in contract if asked."""

    kind: ClassVar[str] = "add_volatile_column"
    rank: ClassVar[int] = 40
    page: ClassVar[Page] = Page(
        blue="Does not know the column. Each row that it inserts gets a value of its own from the default.",
        green="Reads NULL in rows that the backfill has not reached yet, and a value in every row once expand has ended.",
        wrong=(
            "The backfill draws the value when it comes to the row: `clock_timestamp()` is the time of the backfill, not of the row.",
            ("Where green's model says NOT NULL, the database says so from contract on, and contract refuses while a row holds a NULL "
             "that green wrote."),
        ),
    )

    want: Column

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("column"):
            if d.have is not None or d.table is None or (d.table, d.name) not in differences.rewrites:
                continue
            want: Column = d.want
            plain = want.default is not None and not (want.generated or want.identity or want.serial)
            if plain and (d.table, d.name) not in differences.hints.forward:
                differences.take(d)
                out.append(cls(table=d.table, column=d.name, want=want))
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column and self.want.default
        bare = replace(self.want, default=None, not_null=False)
        add = AddColumns(
            self.table, {self.column: bare.definition}, defaults={self.column: self.want.default},
            comments={self.column: self.want.comment} if self.want.comment else {},
        )
        return [
            Planned(
                stage=Stage.COLUMNS, step=add,
                because=(f"{self.column}: its default would rewrite every row, so only new rows get it. ACCESS EXCLUSIVE for an instant.",),
            ),
            Planned(
                stage=Stage.BACKFILL, step=BackfillRows(self.table, missing={self.column: self.want.default}),
                because=(f"{self.column}: one value of its own for each row that was there. Rows are locked for one short batch.",),
            ),
        ]

    def contract(self) -> list[Planned]:
        if not self.want.not_null:
            return []
        assert self.table and self.column
        return [self.required()]
