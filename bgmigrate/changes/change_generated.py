"""A column that both versions have, and that PostgreSQL computes for one of them only, or by another expression, or stored instead of read.

Alembic warns of another expression and writes nothing. Ours computes by a trigger what one of the versions leaves out, asks the rows before,
and lets PostgreSQL compute in contract: in the catalog alone where that is possible, else where the table is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Column, Index
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.create_index import concurrently
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.generated import computed, readable, same, small
from bgmigrate.changes.server_default import set_default
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import AlterInCatalog, BuildIndex, StopSynchronizing, SynchronizeColumns
from bgmigrate.sql import compose
from bgmigrate.sql.references import references


@dataclass(frozen=True, kw_only=True)
class ChangeGenerated(Change):
    """A trigger in expand for what one version leaves out; DROP EXPRESSION in expand, or the column made anew in contract."""

    kind: ClassVar[str] = "change_generated"
    rank: ClassVar[int] = 6  # before others take its type, its default or its NOT NULL for their own
    page: ClassVar[Page] = Page(
        blue="Blue's values are computed as before where blue leaves them out, and stand where blue gives them.",
        green="The same for green: a plain column takes what green gives it, and one that green leaves out is computed.",
        wrong=(
            "Another expression holds from contract on: until then green reads what blue's gives.",
            "A column that is made anew in contract stands last in the table: statements without a column list notice.",
            "Rollback and contract refuse rows that do not hold what the expression gives, for PostgreSQL would write over them.",
        ),
    )

    have: Column
    want: Column
    indexes: tuple[Index, ...] = ()  # on a column that is virtual until contract, which can have none

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d in differences.all("generated", "type"):
            if not (d.have.generated or d.want.generated):
                continue
            assert d.table
            for what in ("generated", "type", "identity"):
                differences.take(differences.find(what, d.table, d.name))
            if found := _refused(differences, d.table, d.have, d.want):
                refusals.append(found)
                continue
            new = [i for i in differences.all("index", table=d.table) if i.have is None and d.have.generated == "v" and _uses(i.want, d.name)]
            differences.take(*new)
            out.append(cls(table=d.table, column=d.name, have=d.have, want=d.want, indexes=tuple(i.want for i in new)))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    @property
    def _rewrites(self) -> bool:
        return "s" in (self.want.generated, self.have.generated) and self.want.generated != "v"

    def _small(self) -> list[Planned]:
        assert self.table and self.column
        return [small(self.table, self.column, "compute anew the generated column")] if self._rewrites else []

    def _same(self, expression: str | None) -> Planned:
        assert self.table and self.column and expression
        return same(self.table, self.have, expression, f"hold something else in {self.column} than {expression} gives")

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        if self.have.generated and self.want.generated:
            return self._small()
        expression = self.want.default if self.want.generated else self.have.default
        assert expression
        sync = SynchronizeColumns(self.table, self.sync_name, forward={self.column: expression})
        leaves = "green" if self.want.generated else "blue"
        trigger = Planned(
            stage=Stage.SYNCHRONIZE, step=sync,
            because=(f"{self.column}: {leaves} leaves it out, so it is computed. SHARE ROW EXCLUSIVE for an instant.",),
        )
        if self.want.generated:
            return [*self._small(), self._same(expression), trigger]
        drop = AlterInCatalog(self.table, [compose("ALTER COLUMN {c:i} DROP EXPRESSION IF EXISTS", c=self.column)])
        back = [p.step for p in (*self._small(), self._same(expression), computed(self.table, self.have, Stage.CATALOG))]
        why = f"{self.column}: green gives it values of its own. ACCESS EXCLUSIVE for an instant, no row is touched."
        return [*self._small(), trigger, Planned(stage=Stage.CATALOG, step=drop, because=(why,), undo=tuple(back))]

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        if not self.want.generated:
            stop = StopSynchronizing(self.table, self.sync_name, alter=set_default(self.column, self.want.default))
            return [Planned(stage=Stage.SWAP, step=stop, because=(f"{self.column}: green gives it. ACCESS EXCLUSIVE for an instant.",))]
        # a virtual column has no index: those of the stored one go at REQUIRE
        anew = computed(self.table, self.want, Stage.AFTER if self.want.generated == "v" and self.have.generated == "s" else Stage.COLUMNS)
        if self.have.generated:
            return [*self._small(), anew, *map(self._built, self.indexes)]
        stop = StopSynchronizing(self.table, self.sync_name)
        why = f"{self.column}: the trigger that computed it goes. ACCESS EXCLUSIVE for an instant."
        return [*self._small(), self._same(self.want.default), anew, Planned(stage=Stage.SWAP, step=stop, because=(why,))]

    def _built(self, index: Index) -> Planned:
        assert self.table
        step = BuildIndex(self.table, index.name, concurrently(index.definition))
        why = f"{index.name}: only a stored column can have one. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        return Planned(stage=Stage.REQUIRE, step=step, because=(why,))

    def warnings(self) -> list[Finding]:
        if not (self.have.generated and self.want.generated) or self.have.default == self.want.default:
            return []
        return [
            Finding(
                code="BGM113", severity="warning", table=self.table, column=self.column,
                what=f"until contract, {self.table}.{self.column} is computed as blue has it, {self.have.default}, for green too",
                why="A column has one expression, whichever version reads it.", next="Give the new expression a column of its own if that matters.",
            )
        ]


def _uses(index: Index, column: str) -> bool:
    return bool(references(index.definition, {column}))


def _refused(differences: Differences, table: str, have: Column, want: Column) -> Finding | None:
    """What cannot be done in place, and how it is done."""
    expression = want.default if want.generated else have.default
    if have.generated == "v" and not want.generated:
        what = "is VIRTUAL, so its values stand nowhere, and cannot be made a plain column in place"
        then = f'Give the plain column another name, with info={{"bgmigrate": {{"forward": "{expression}"}}}}.'
    elif have.type != want.type:
        what, then = f"cannot be computed otherwise and change its type from {have.type} to {want.type} at once", "Take two releases, one for each."
    elif not have.generated and (have.default or have.identity):
        what = f"is to be generated, and blue relies on its default {have.default or '(an identity)'}, which tells nobody who left it out"
        then = "Drop the default in a release before this one."
    elif not have.generated and expression and not readable(differences, table, expression):
        what, then = "is to be computed from columns that are not there yet", "Add these columns in this release, and make it generated in the next."
    else:
        return None
    return Finding(
        code="BGM113", table=table, column=want.name, what=f"{table}.{want.name} {what}",
        why="PostgreSQL has no way to do it while both versions write.", next=then,
    )
