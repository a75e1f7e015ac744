"""A new column that numbers itself: serial, or an identity.

PostgreSQL would draw a number for every row under ACCESS EXCLUSIVE; linters only forbid it. Ours adds the column bare with a sequence of its
own as default, numbers the rows that were there in batches, each once, and makes an identity of it when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.numbering import as_identity, drawn, free_name
from bgmigrate.ops import BackfillRows, NumberColumn


@dataclass(frozen=True, kw_only=True)
class AddNumberedColumn(Change):
    """ADD COLUMN, a sequence as its default and a backfill in expand; NOT NULL and, if asked, the identity in contract."""

    kind: ClassVar[str] = "add_numbered_column"
    rank: ClassVar[int] = 25  # before others take a NOT NULL column without a default for one that needs a `forward`
    page: ClassVar[Page] = Page(
        blue="Does not know the column. Its rows draw a number by default; whoever may insert rows is given the right to draw one.",
        green="Leaves the column out and reads a number in every row once the backfill is done.",
        wrong=("Rows that were there are numbered in the order of their keys, after the numbers that new rows draw meanwhile.",
               "Until contract GENERATED ALWAYS does not hold: a number that green gives itself is taken."),
    )

    want: Column
    sequence: str

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("column"):
            if d.have is None and d.table and (d.want.identity or d.want.serial) and (d.table, d.name) not in differences.hints.forward:
                differences.take(d)
                out.append(cls(table=d.table, column=d.name, want=d.want, sequence=free_name(differences, d.table, d.want)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column and self.want.sequence
        bare = replace(self.want, default=None, not_null=False, identity="")
        add = NumberColumn(
            self.table, self.column, self.sequence, self.want.sequence.type, self.want.sequence.options, bare.definition, self.want.comment
        )
        return [
            Planned(
                stage=Stage.COLUMNS, step=add,
                because=(f"{self.column}: drawing numbers at once would rewrite every row; only new rows do. ACCESS EXCLUSIVE for an instant.",),
            ),
            Planned(
                stage=Stage.BACKFILL, step=BackfillRows(self.table, missing={self.column: drawn(self.table, self.sequence)}),
                because=(f"{self.column}: one number for each row that was there, drawn once. Rows are locked for one short batch.",),
            ),
        ]

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        steps = [self.required()] if self.want.not_null else []
        return [*steps, *as_identity(self.table, self.want, self.sequence)]
