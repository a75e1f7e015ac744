"""A new column computed from others for the rows of the version that does not know it.

pgroll computes it for blue's writes once; a later update of its inputs is lost. Ours computes it again while it still holds what its inputs
gave, and keeps what green has set; blue never sees an error, even where the expression cannot take a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.server_default import set_default
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import BackfillRows, StopSynchronizing, SynchronizeColumns


@dataclass(frozen=True, kw_only=True)
class DeriveColumn(Change):
    """Column and trigger in one transaction, then a backfill; in contract NOT NULL if asked, and the trigger goes."""

    kind: ClassVar[str] = "derive_column"
    rank: ClassVar[int] = 30
    page: ClassVar[Page] = Page(
        blue="Does not know the column. The trigger computes it for blue's INSERTs, and again for blue's UPDATEs for as long as it still "
             "holds what its inputs gave. Blue never meets an error because of it.",
        green="Reads what `forward` gives from blue's row until it writes a value of its own, which is kept whatever blue does to the inputs "
              "afterwards.",
        wrong=(
            ("A value of blue's that `forward` cannot take: the column stays NULL, the row counts as divergent, and verify and contract "
             "refuse until it is mended."),
            "A volatile or slow `forward` runs in every write of blue's; it is a part of that statement's time.",
            ("An INSERT of green's that gives NULL to a column that green's model allows to be NULL counts as blue's, unless the "
             "session has set `bgmigrate.environment`."),
        ),
    )

    want: Column
    forward: str
    paired: bool  # is it computed from a column that green dropped and that is computed back?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, missing = [], []
        for d in differences.all("column"):
            if d.have is not None or d.table is None:
                continue
            want: Column = d.want
            expression = differences.hints.forward.get((d.table, d.name))
            if want.generated or want.identity or want.serial:
                continue
            if expression is not None:
                differences.take(d)
                backward = {c for t, c in differences.hints.backward if t == d.table}
                out.append(cls(table=d.table, column=d.name, want=want, forward=expression, paired=bool(backward)))
            elif want.not_null and want.default is None and not _scalar(differences, d.table, d.name):
                differences.take(d)
                missing.append(_missing(d.table, d.name))
        if missing:
            raise Refused(missing[0].what, why=missing[0].why, next=missing[0].next, findings=missing)
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        bare = replace(self.want, default=None, not_null=False)
        required = [self.column] if self.want.not_null else []
        sync = SynchronizeColumns(
            self.table, self.sync_name, add={self.column: bare.definition}, forward={self.column: self.forward}, required=required,
            comments={self.column: self.want.comment} if self.want.comment else {},
        )
        values = {self.column: self.forward}
        fill = BackfillRows(self.table, follow=values) if self.paired else BackfillRows(self.table, missing=values)
        return [
            Planned(
                stage=Stage.SYNCHRONIZE, step=sync,
                because=(f"{self.column}: computed for blue's writes from before the first row is backfilled. ACCESS EXCLUSIVE for an instant.",),
            ),
            self.filled(fill),
        ]

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        steps = [
            Planned(
                stage=Stage.SWAP, step=StopSynchronizing(self.table, self.sync_name, alter=set_default(self.column, self.want.default)),
                because=(f"{self.column}: green writes it itself; its trigger goes. ACCESS EXCLUSIVE for an instant.",),
            )
        ]
        if self.want.not_null:
            steps.append(self.required())
        return steps


def _scalar(differences: Differences, table: str, column: str) -> bool:
    model = differences.model(table, column)
    return bool(model and model.default and model.default.get("kind") == "scalar")


def _missing(table: str, column: str) -> Finding:
    return Finding(
        code="BGM206", table=table, column=column,
        what=f"{table}.{column} is NOT NULL, and nothing says what it is for blue's rows",
        why="Blue does not know the column: its INSERTs, and every row that is there, would have no value in it.",
        next=f'Say how it follows from the other columns: mapped_column(info={{"bgmigrate": {{"forward": "…SQL over {table}…"}}}}), '
        f"or give it a server_default or a constant default, or pass --forward '{table}.{column}=SQL'.",
    )
