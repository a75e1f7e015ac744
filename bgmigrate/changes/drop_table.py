"""A table that green does not know any more.

Strong_migrations and squawk warn and leave it there. Ours keeps the table until blue is gone, and meanwhile takes off those of its foreign
keys that would refuse green's deletes: green does not know that there are rows to delete first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint, Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import DropTables, RemoveConstraint, RequireMovable

_BLOCKS = ("a", "r")  # NO ACTION, RESTRICT


@dataclass(frozen=True, kw_only=True)
class DropTable(Change):
    """Nothing but those foreign keys in expand; DROP TABLE in contract."""

    kind: ClassVar[str] = "drop_table"
    rank: ClassVar[int] = 20
    page: ClassVar[Page] = Page(
        blue="Goes on reading and writing the table. Rows of it may point at rows that green has deleted, where a foreign key would have "
             "stopped green.",
        green="Does not know the table and never touches it; its deletes in other tables do not fail because of rows in it.",
        wrong=(
            ("Rows of blue's that point nowhere (BGM121): blue must be able to load them, and rollback refuses, with their number and "
             "keys, until they are deleted."),
            "A view over the table keeps contract from dropping it: refused with its name (BGM901), nothing is changed.",
            "A foreign key with ON DELETE CASCADE stays until contract: green's delete then deletes blue's rows, as it always did.",
            "After contract the rows are gone, and no rollback brings them back.",
        ),
    )

    have: Table
    blocking: tuple[Constraint, ...]

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("table"):
            if d.want is None:
                differences.take(d)
                blocking = tuple(
                    c for c in d.have.constraints.values()
                    if c.kind == "f" and c.on_delete in _BLOCKS and c.references in differences.green.tables
                )
                out.append(cls(table=d.table, have=d.have, blocking=blocking))
        return out

    def _unused(self) -> Planned:
        why = f"{self.have.key}: no view or function may use it, for nothing takes its place. Locks nothing."
        return Planned(stage=Stage.DEMAND, step=RequireMovable(self.have.key, gone=True), because=(why,))

    def expand(self) -> list[Planned]:
        freed = [
            Planned(
                stage=Stage.LOOSEN, step=RemoveConstraint(self.have.key, c.name, definition=c.definition),
                because=(f"{c.name}: green deletes {c.references} without knowing of {self.have.key}. ACCESS EXCLUSIVE on both for an instant.",),
            )
            for c in self.blocking
        ]
        return [self._unused(), *freed]

    def contract(self) -> list[Planned]:
        return [
            self._unused(),
            Planned(
                stage=Stage.DROP, step=DropTables([self.have.key]),
                because=(f"{self.have.key}: only blue knew it. ACCESS EXCLUSIVE for an instant, also on the tables that it references.",),
            )
        ]

    def warnings(self) -> list[Finding]:
        return [
            Finding(
                code="BGM121", severity="warning", table=self.table,
                what=f"rows of {self.table} may point to rows of {c.references} that green deleted",
                why=f"The foreign key {c.name} is dropped in expand, so that green's deletes do not fail.",
                next=f"Nothing, if blue may live with it until contract; rollback needs such rows of {self.table} to be deleted first.",
            )
            for c in self.blocking
        ]
