"""A new column that needs neither trigger nor backfill: nullable, or with a constant default.

Every tool does this; most then leave blue's INSERT to fail on NOT NULL. A constant default is stored once in the catalog (PostgreSQL 11+),
so such a column can be NOT NULL from the first moment, and a default that only green's Python knows holds in the database until contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import AddColumns, AlterInCatalog
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class AddColumn(Change):
    """ADD COLUMN in expand. `lent`: a default that the database has until contract, for blue's rows."""

    kind: ClassVar[str] = "add_column"
    rank: ClassVar[int] = 40
    page: ClassVar[Page] = Page(
        blue="Does not know the column. In its rows the database puts NULL or the constant default, also one that only green's Python has "
             "(lent until contract).",
        green="Reads NULL or the default in every row that blue wrote before or writes meanwhile, and writes the column freely.",
        wrong=(
            ("A statement of blue's that names no columns (`SELECT *`, `INSERT INTO t VALUES (…)`) sees one column more: a prepared "
             "`SELECT *` fails once for each session (0A000). verify runs blue's own statements and finds it."),
            ("Until contract an INSERT of green's that leaves out a column with a lent default gets that default, where green's own "
             "schema would refuse the NULL."),
        ),
    )

    want: Column
    lent: str | None = None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("column"):
            if d.have is not None or d.table is None or (d.table, d.name) in differences.rewrites:
                continue
            want: Column = d.want
            lent = None
            if want.generated or want.identity or want.serial or (d.table, d.name) in differences.hints.forward:
                continue
            if want.not_null and want.default is None:
                model = differences.model(d.table, d.name)
                if model is None or model.default is None or model.default.get("kind") != "scalar":
                    continue
                lent = model.default["sql"]
            differences.take(d)
            out.append(cls(table=d.table, column=d.name, want=want, lent=lent))
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        column = replace(self.want, default=self.lent) if self.lent is not None else self.want
        if self.lent is not None:
            why = f"{self.column}: NOT NULL at once; blue's rows get green's own default {self.lent} from the catalog"
        elif column.default is not None:
            why = f"{self.column}: the constant default is kept in the catalog for the rows that are there"
        else:
            why = f"{self.column}: nullable"
        step = AddColumns(self.table, {self.column: column.definition}, comments={self.column: column.comment} if column.comment else {})
        return [Planned(stage=Stage.COLUMNS, step=step, because=(f"{why}. ACCESS EXCLUSIVE for an instant, no row is touched.",))]

    def contract(self) -> list[Planned]:
        if self.lent is None:
            return []
        assert self.table and self.column
        step = AlterInCatalog(self.table, [compose("ALTER COLUMN {c:i} DROP DEFAULT", c=self.column)])
        return [
            Planned(
                stage=Stage.SWAP, step=step,
                because=(f"{self.column}: green gives the value itself; its default was lent to blue. ACCESS EXCLUSIVE for an instant.",),
            )
        ]
