"""A column that green does not know any more.

Rails ignores the column first and drops it a release later, by hand. Ours lets green's INSERTs pass by `backward`, which also gives blue a
value that it can read, and drops trigger and column in one transaction when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import DropColumns, DropNotNull, RequireMovable, StopSynchronizing, SynchronizeColumns
from bgmigrate.sql.references import references


@dataclass(frozen=True, kw_only=True)
class DropColumn(Change):
    """Nothing in expand unless green's INSERT would fail; DROP COLUMN in contract."""

    kind: ClassVar[str] = "drop_column"
    rank: ClassVar[int] = 35
    page: ClassVar[Page] = Page(
        blue="Goes on reading and writing the column. In rows that green inserts it reads what `backward` gives; the column's default where "
             "there is one; else NULL.",
        green="Leaves the column out of its statements. Its INSERTs succeed, because a trigger fills the column, it has a default, or its "
              "NOT NULL is gone.",
        wrong=(
            "Where `backward` says NULL, blue reads NULL where its model says NOT NULL (BGM805).",
            ("A view, rule or policy that reads the column keeps contract from dropping it: refused with its name (BGM901), nothing is "
             "changed."),
            "After contract the column's values are gone, and no rollback brings them back.",
            "Rollback is refused while green's rows hold NULL in a column that was NOT NULL, until they are mended.",
        ),
    )

    have: Column
    backward: str | None
    paired: bool  # is it computed from a new column that is computed from it? Then an INSERT that sets that one is green's

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, missing = [], []
        for d in differences.all("column"):
            if d.want is not None or d.table is None:
                continue
            differences.take(d)
            backward = differences.hints.backward.get((d.table, d.name))
            change = cls(table=d.table, column=d.name, have=d.have, backward=backward, paired=_paired(differences, d.table, d.name))
            if change._must_be_given and backward is None:
                missing.append(_missing(d.table, d.name))
            out.append(change)
            for gone in differences.all("constraint", "index", table=d.table):
                if gone.want is None and d.name in gone.have.columns:
                    differences.take(gone)  # goes with its column
        if missing:
            raise Refused(missing[0].what, why=missing[0].why, next=missing[0].next, findings=missing)
        return out

    @property
    def _must_be_given(self) -> bool:
        return self.have.not_null and self.have.default is None and not self.have.identity and not self.have.generated

    @property
    def _computed(self) -> bool:
        return self.backward is not None and (self.have.default is None or self.paired) and self.backward.strip().upper() != "NULL"

    def _unused(self) -> Planned:
        assert self.table and self.column
        why = f"{self.column}: no view, policy or function may use it, for nothing takes its place. Locks nothing."
        return Planned(stage=Stage.DEMAND, step=RequireMovable(self.table, [self.column], gone=True), because=(why,))

    def expand(self) -> list[Planned]:
        return [self._unused(), *self._loosened()]

    def _loosened(self) -> list[Planned]:
        assert self.table and self.column
        if self._computed:
            assert self.backward
            step = SynchronizeColumns(self.table, self.sync_name, backward={self.column: self.backward})
            why = f"{self.column}: green leaves it out; blue reads what `backward` gives. ACCESS EXCLUSIVE for an instant."
            return [Planned(stage=Stage.SYNCHRONIZE, step=step, because=(why,))]
        if self._must_be_given:
            loosen = DropNotNull(self.table, [self.column])
            why = f"{self.column}: green leaves it out of its INSERTs. ACCESS EXCLUSIVE for an instant."
            return [Planned(stage=Stage.LOOSEN, step=loosen, because=(why,))]
        return []

    def contract(self) -> list[Planned]:
        return [self._unused(), *self._dropped()]

    def _dropped(self) -> list[Planned]:
        assert self.table and self.column
        why = f"{self.column}: only blue knew it"
        if self._computed:
            step = StopSynchronizing(self.table, self.sync_name, drop=[self.column])
            return [Planned(stage=Stage.SWAP, step=step, because=(f"{why}; trigger and column go together. ACCESS EXCLUSIVE for an instant.",))]
        return [
            Planned(
                stage=Stage.DROP, step=DropColumns(self.table, [self.column]),
                because=(f"{why}. ACCESS EXCLUSIVE for an instant; its indexes and constraints go with it.",),
            )
        ]

    def warnings(self) -> list[Finding]:
        if self.backward is not None and self.have.default is not None and not self.paired:
            return [
                Finding(
                    code="BGM209", severity="warning", table=self.table, column=self.column,
                    what=f"`backward` of {self.table}.{self.column} is not used: in green's rows blue reads the default {self.have.default}",
                    why="A row that green inserts cannot be told from one in which blue relies on the default.",
                    next="Nothing, if blue can take the default; else drop the default in a release before this one.",
                )
            ]
        if not self._must_be_given or self._computed:
            return []
        return [
            Finding(
                code="BGM805", severity="warning", table=self.table, column=self.column,
                what=f"blue reads NULL in {self.table}.{self.column} for rows that green wrote, where its model says NOT NULL",
                why='`backward` says "NULL".', next=f"Give `backward` a value for {self.column} if blue's code cannot take None.",
            )
        ]


def _paired(differences: Differences, table: str, column: str) -> bool:
    new = differences.green.tables[table].columns.keys() - differences.renamed.tables[table].columns.keys()
    forward = {c: sql for (t, c), sql in differences.hints.forward.items() if t == table and c in new}
    read = any(references(sql, {column}) for sql in forward.values())
    return read and bool(references(differences.hints.backward.get((table, column), ""), forward))


def _missing(table: str, column: str) -> Finding:
    return Finding(
        code="BGM903", table=table, column=column,
        what=f"{table}.{column} is NOT NULL and green drops it, and nothing says what blue is to read in green's rows",
        why="Green leaves the column out of its INSERTs: they would fail, or blue would read NULL where it cannot.",
        next=f'Say it in the table\'s info: __table_args__ = {{"info": {{"bgmigrate": {{"backward": {{"{column}": "…SQL…"}}}}}}}} '
        f"(\"NULL\" if blue can take None), or pass --backward '{table}.{column}=SQL'.",
    )
