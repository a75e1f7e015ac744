"""REPLICA IDENTITY, which the models set by DDL of their own: what logical replication says of a row that was changed or deleted.

Alembic does not look at it. It is the catalog alone; ours takes an identity away only when blue is gone, for a published table without one
refuses UPDATE and DELETE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import AlterInCatalog


@dataclass(frozen=True, kw_only=True)
class ReplicaIdentity(Change):
    """ALTER TABLE ... REPLICA IDENTITY in expand; in contract where it takes the identity away, or needs an index that is not there before."""

    kind: ClassVar[str] = "replica_identity"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before.",
        green="Writes as before; subscribers get the new identity from expand on, or from contract on where it takes something away.",
        wrong=("Subscribers that rely on the old identity must be told. A published table that has none refuses UPDATE and DELETE (55000).",),
    )

    have: str
    want: str
    early: bool
    new: bool  # is the table green's alone?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("replica identity"):
            assert d.table
            differences.take(d)
            table = differences.heads.tables.get(d.table)
            index = d.want.removeprefix("USING INDEX ").strip('"').replace('""', '"') if d.want.startswith("USING INDEX ") else None
            kept = d.want == "FULL" or (d.want == "DEFAULT" and table is not None and bool(table.primary_key))
            early = table is None or kept or (index is not None and index in table.indexes)
            out.append(cls(table=d.table, have=d.have, want=d.want, early=early, new=table is None))
        return out

    def _alter(self, stage: Stage) -> list[Planned]:
        assert self.table
        step = AlterInCatalog(self.table, [f"REPLICA IDENTITY {self.want}"], [f"REPLICA IDENTITY {self.have}"])
        why = f"Replica identity of {self.table}: ACCESS EXCLUSIVE for an instant, no row is touched."
        return [Planned(stage=stage, step=step, because=(why,), undo=() if self.new else None)]  # that of a new table goes with it

    def expand(self) -> list[Planned]:
        return self._alter(Stage.CATALOG) if self.early else []

    def contract(self) -> list[Planned]:
        return [] if self.early else self._alter(Stage.LAST)

    def warnings(self) -> list[Finding]:
        if self.want not in ("NOTHING", "DEFAULT") or self.early:
            return []
        return [
            Finding(
                code="BGM217", severity="warning", table=self.table, what=f"{self.table} will have no replica identity ({self.want})",
                why="If a publication has the table, its UPDATE and DELETE statements fail from then on (55000).",
                next="Take the table out of publications that publish updates or deletes before contract.",
            )
        ]
