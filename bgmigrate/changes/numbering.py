"""How a column numbers itself, on a column that both versions have: serial, identity (ALWAYS or BY DEFAULT, with its options), or not at all.

Alembic writes one ALTER for some of these and nothing for the rest, and its identity begins at 1 again. Ours lets green's INSERTs pass in expand,
does the rest when blue is gone, and carries the position over in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.catalog import Sequence as CatalogSequence
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences
from bgmigrate.changes.sequence import within
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.naming import key, object_name, split
from bgmigrate.ops import (
    AdvanceSequence,
    AlterInCatalog,
    BackfillRows,
    MakeIdentity,
    MakeSerial,
    NumberColumn,
    StopSynchronizing,
    SynchronizeColumns,
    UnnumberColumn,
)
from bgmigrate.sql import compose

_ALWAYS = {"a": "ALWAYS", "d": "BY DEFAULT"}


def drawn(table: str, sequence: str) -> str:
    """The SQL that draws a number from a sequence in the table's schema."""
    return compose("nextval({s:l}::regclass)", s=compose("{s:t}", s=_beside(table, sequence)))


def free_name(differences: Differences, table: str, want: Column, goes: CatalogSequence | None = None) -> str:
    """What green calls the column's sequence, unless something else has that name; `goes`: one that is dropped to make room."""
    assert want.sequence
    taken = {*differences.heads.sequences, *differences.heads.tables}
    taken |= {c.sequence.key for t in differences.heads.tables.values() for c in t.columns.values() if c.sequence and c.sequence != goes}
    name = want.sequence.name
    return object_name("sequence", table, want.name) if _beside(table, name) in taken else name


def as_identity(table: str, want: Column, sequence: str, was: CatalogSequence | None = None, *, keep: bool = False) -> list[Planned]:
    """In contract, where green has an identity: make one of the column, which draws from `was` (a sequence of this name when not said)."""
    if not want.identity:
        return []
    assert want.sequence
    step = MakeIdentity(
        table, want.name, _ALWAYS[want.identity], sequence, want.sequence.options, was.key if was else _beside(table, sequence), keep
    )
    return [
        Planned(
            stage=Stage.AFTER, step=step,
            because=(f"{want.name}: an identity, which goes on where its sequence stands. ACCESS EXCLUSIVE for an instant, no row is touched.",),
        )
    ]


def _beside(table: str, name: str) -> str:
    schema = split(table)[0]
    return key(schema, name) if schema else name


@dataclass(frozen=True, kw_only=True)
class Numbering(Change):
    """What green's INSERTs need in expand (a default, BY DEFAULT); the rest in contract, each in one transaction and in the catalog alone."""

    kind: ClassVar[str] = "numbering"
    rank: ClassVar[int] = 15  # before others take its NOT NULL and its default for their own
    page: ClassVar[Page] = Page(
        blue="Inserts as before: with numbers of its own where it gives them, drawn ones where it does not.",
        green="Leaves the column out where it numbers itself, and gives numbers where it does not. ALWAYS holds from contract on.",
        wrong=(
            "Where one version gives numbers and the other draws them, both may come to the same one until contract sets the sequence past them all.",
            "A NULL of blue's in a column that green never finds NULL becomes a number, in blue's eyes too, and stays one after a rollback.",
        ),
    )

    have: Column
    want: Column
    sequence: str  # what the column's own sequence is to be called; "" where it has none

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d in differences.all("identity", "default"):
            assert d.table
            have, want = differences.sides(d.table, d.name)
            if d.what == "default" and not (have.serial or want.serial):
                continue
            for what in ("identity", "default", "not null"):
                differences.take(differences.find(what, d.table, d.name))
            if found := _refused(d, have, want):
                refusals.append(found)
                continue
            own = free_name(differences, d.table, want, have.sequence) if want.serial or want.identity else ""
            out.append(cls(table=d.table, column=d.name, have=have, want=want, sequence=own))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    @property
    def _is_new(self) -> bool:
        return self.have.sequence is None

    @property
    def _fills(self) -> bool:
        return self.want.not_null and not self.have.not_null

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        if self.have.identity == "a" and self.want.identity != "a":
            loosen = AlterInCatalog(self.table, [self._generated("BY DEFAULT")], [self._generated("ALWAYS")])
            why = f"{self.column}: green may give numbers of its own. ACCESS EXCLUSIVE for an instant, no row is touched."
            return [Planned(stage=Stage.LOOSEN, step=loosen, because=(why,))]
        if not self._is_new:
            return []
        assert self.want.sequence
        number = NumberColumn(self.table, self.column, self.sequence, self.want.sequence.type, self.want.sequence.options)
        why = f"{self.column}: green leaves it out; the sequence begins past the greatest number there is. ACCESS EXCLUSIVE for an instant."
        steps = [Planned(stage=Stage.COLUMNS, step=number, because=(why,))]
        if self._fills:
            values = {self.column: drawn(self.table, self.sequence)}
            sync = SynchronizeColumns(self.table, self.sync_name, forward=values, required=[self.column])
            why = f"{self.column}: blue may leave it NULL; a number is drawn then. SHARE ROW EXCLUSIVE for an instant."
            steps += [Planned(stage=Stage.SYNCHRONIZE, step=sync, because=(why,)), self.filled(BackfillRows(self.table, missing=values))]
        return steps

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        instant = "ACCESS EXCLUSIVE for an instant, no row is touched."
        if self._is_new:
            advance = AdvanceSequence(self.table, self.column, self.sequence, "INCREMENT BY -" in self._options)
            why = f"{self.column}: the sequence goes past the numbers that blue gave. Who draws from it waits for an instant."
            steps = [Planned(stage=Stage.REQUIRE, step=advance, because=(why,))]
            if self._fills:
                stop = StopSynchronizing(self.table, self.sync_name)
                steps += [self.required(), Planned(stage=Stage.SWAP, step=stop, because=(f"{self.column}: its trigger goes. {instant}",))]
            return [*steps, *as_identity(self.table, self.want, self.sequence)]
        assert self.have.sequence
        if not self.want.sequence:
            step = (
                AlterInCatalog(self.table, [compose("ALTER COLUMN {c:i} DROP IDENTITY IF EXISTS", c=self.column)]) if self.have.identity
                else UnnumberColumn(self.table, self.column, self.have.sequence.name)
            )
            return [Planned(stage=Stage.AFTER, step=step, because=(f"{self.column}: green gives every number itself. {instant}",))]
        demand = Planned(
            stage=Stage.DEMAND, step=within(self.want.sequence, self.have.sequence.key),
            because=(f"{self.column}: its sequence must stand within the bounds that green gives it. Nothing is locked.",),
        )
        if self.have.identity and self.want.identity:
            why = f"{self.column}: the identity as green has it; its position stays. {instant}"
            return [demand, Planned(stage=Stage.AFTER, step=AlterInCatalog(self.table, [self._as_green()]), because=(why,))]
        if self.want.identity:
            return [demand, *as_identity(self.table, self.want, self.sequence, self.have.sequence, keep=not self.have.serial)]
        serial = MakeSerial(
            self.table, self.column, self.sequence, self.want.sequence.type, self._options, self.have.sequence.key
        )
        return [demand, Planned(stage=Stage.AFTER, step=serial, because=(f"{self.column}: a sequence goes on where the identity stands. {instant}",))]

    @property
    def _options(self) -> str:
        assert self.want.sequence
        return self.want.sequence.options

    def _generated(self, how: str) -> str:
        return compose("ALTER COLUMN {c:i} SET GENERATED {h:q}", c=self.column, h=how)

    def _as_green(self) -> str:
        """ALTER COLUMN with what is different: ALWAYS or BY DEFAULT, and the sequence's options."""
        parts = [self._generated(_ALWAYS[self.want.identity])]
        if self.have.identity_options != self.want.identity_options:
            parts += [f"SET {o}" for o in re.findall(r"START WITH \S+|INCREMENT BY \S+|MINVALUE \S+|MAXVALUE \S+|CACHE \S+", self._options)]
            parts.append("SET CYCLE" if self._options.endswith(" CYCLE") else "SET NO CYCLE")
        return " ".join(parts)

    def warnings(self) -> list[Finding]:
        if bool(self.have.sequence) == bool(self.want.sequence):
            return []
        giver, drawer = ("blue", "green") if self._is_new else ("green", "blue")
        return [
            Finding(
                code="BGM112", severity="warning", table=self.table, column=self.column,
                what=f"until contract, {giver} gives {self.table}.{self.column} numbers of its own while {drawer} draws them from the sequence",
                why="A number that both come to fails on a unique column, and stands twice on another.",
                next=f"Let {giver} draw its numbers too by nextval(), or give numbers far from the sequence's, for as long as both run.",
            )
        ]


def _refused(d: Difference, have: Column, want: Column) -> Finding | None:
    """What cannot be done in one release, and how it is done in two."""
    if have.type != want.type:
        what, then = "changes its type and the way it numbers itself", "Change one of the two in this release and the other in the next."
    elif have.default and not have.sequence:
        what, then = f"is to draw numbers where blue relies on its default {have.default}", "Take the default out in a release before this one."
    elif want.serial and have.sequence and not (have.serial or have.identity):
        what, then = "is to own the sequence that it draws from", "Keep Sequence(…) in the models, or make it an Identity()."
    elif have.serial and want.sequence and not (want.serial or want.identity):
        what, then = "is to draw from another sequence", "Keep the one it has, or give the new one a column of its own."
    elif have.not_null and not want.not_null:
        what, then = "is to stop numbering itself and to take NULL at once", "Let it be nullable in the release after this one."
    else:
        return None
    return Finding(
        code="BGM112", table=d.table, column=d.name, what=f"{d.table}.{d.name} {what}: bgmigrate cannot split that",
        why="Both versions would write numbers that neither can tell apart, or that one of them cannot take.", next=then,
    )
