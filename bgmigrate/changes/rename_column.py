"""A column under a new name, with everything that hangs on it.

Alembic's maintainers' word is that a rolling upgrade never renames; pgroll hides the column behind a view for each version. Ours gives green
a real column of its own with twins of every index and constraint, keeps both in step, and lets the twins take the names when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column, Constraint, Index, Table
from bgmigrate.changes.base import Change, Planned, Stage
from bgmigrate.changes.create_index import concurrently
from bgmigrate.changes.difference import Differences
from bgmigrate.errors import Refused
from bgmigrate.naming import ident, object_name, trigger_name
from bgmigrate.ops import AddConstraint, AdoptIndex, BackfillRows, BuildIndex, RequireNotNull, StopSynchronizing, SynchronizeColumns
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class Twin:
    """What hangs on the old column, for the new one: built under `built`, to be called `final`."""

    built: str
    final: str
    index: Index | None = None  # green's
    constraint: Constraint | None = None  # green's

    @property
    def is_unique_constraint(self) -> bool:
        return self.constraint is not None and self.constraint.kind == "u"


@dataclass(frozen=True, kw_only=True)
class RenameColumn(Change):
    """New column, two-way trigger, backfill and twins in expand; trigger, old column and old names go in contract."""

    kind: ClassVar[str] = "rename_column"
    rank: ClassVar[int] = 10

    old: str
    have: Column
    want: Column
    twins: tuple[Twin, ...]

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for table, renames in sorted(differences.renames.items()):
            before, green = differences.heads.tables[table], differences.green.tables[table]
            twins = _twins(differences, before, differences.renamed.tables[table], green)
            for new, old in renames.items():
                for what in ("comment", "default", "not null"):
                    differences.take(differences.find(what, table, new))
                # a twin that several renamed columns share is built once, with the first of them
                mine = tuple(t for t, columns in twins if new == next(n for n in renames if n in columns))
                out.append(cls(table=table, column=new, old=old, have=before.columns[old], want=green.columns[new], twins=mine))
        return out

    @property
    def _name(self) -> str:
        assert self.table and self.column
        return trigger_name(self.table, self.column)

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        bare = replace(self.want, default=None, not_null=False, serial=None)
        sync = SynchronizeColumns(
            self.table, self._name, add={self.column: bare.definition}, forward={self.column: ident(self.old)},
            backward={self.old: ident(self.column)}, comments={self.column: self.want.comment} if self.want.comment else {},
        )
        steps = [
            Planned(
                stage=Stage.SYNCHRONIZE, step=sync,
                because=(f"{self.old} -> {self.column}: both stay, each follows the other. ACCESS EXCLUSIVE for an instant.",),
            ),
            Planned(
                stage=Stage.BACKFILL, step=BackfillRows(self.table, follow={self.column: ident(self.old)}),
                because=(f"{self.column}: rows that were there, in short batches in key order; resumes where it stopped.",),
            ),
        ]
        for twin in self.twins:
            steps += self._twin(twin)
        return steps

    def _twin(self, twin: Twin) -> list[Planned]:
        assert self.table
        if twin.constraint and not twin.is_unique_constraint:
            step = AddConstraint(self.table, twin.built, twin.constraint.definition)
            why = f"{twin.final}: as on {self.old}. Added NOT VALID for an instant, validated while reads and writes go on."
            return [Planned(stage=Stage.CONSTRAINTS, step=step, because=(why,))]
        assert twin.index
        build = BuildIndex(self.table, twin.built, concurrently(twin.index.named(twin.built)))
        why = f"{twin.final}: as on {self.old}, built after the backfill. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        steps = [Planned(stage=Stage.INDEXES, step=build, because=(why,))]
        if twin.is_unique_constraint and twin.built == twin.final:
            steps.append(self._adopt(twin, Stage.CONSTRAINTS))
        return steps

    def _adopt(self, twin: Twin, stage: Stage) -> Planned:
        assert self.table and twin.constraint
        _, deferrable, rest = twin.constraint.definition.partition(" DEFERRABLE")
        step = AdoptIndex(self.table, twin.final, twin.built, deferrable + rest)
        return Planned(stage=stage, step=step, because=(f"{twin.final}: the constraint takes that index. ACCESS EXCLUSIVE for an instant, no scan.",))

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        alter = [compose("ALTER COLUMN {c:i} SET DEFAULT {d:q}", c=self.column, d=self.want.default)] if self.want.default is not None else []
        moved = [t for t in self.twins if t.built != t.final]
        stop = StopSynchronizing(
            self.table, self._name, drop=[self.old], alter=alter,
            constraints={t.built: t.final for t in moved if t.constraint and not t.is_unique_constraint},
            indexes={t.built: t.final for t in moved if not t.constraint},
        )
        steps = [
            Planned(
                stage=Stage.SWAP, step=stop,
                because=(f"{self.old}: trigger and column go together, the twins on {self.column} take its names. ACCESS EXCLUSIVE for an instant.",),
            )
        ]
        if self.want.not_null:
            steps.append(
                Planned(
                    stage=Stage.REQUIRE, step=RequireNotNull(self.table, [self.column]),
                    because=(f"{self.column}: NOT NULL, proved by a CHECK that is validated while reads and writes go on.",),
                )
            )
        return steps + [self._adopt(t, Stage.AFTER) for t in moved if t.is_unique_constraint]


def _twins(differences: Differences, before: Table, renamed: Table, green: Table) -> list[tuple[Twin, set[str]]]:
    """What the rename of columns changes in this table's indexes and constraints: found by trying it, not by reading their text."""
    taken = {n for t in differences.heads.tables.values() for n in (*t.indexes, *t.constraints, t.name)}
    out = []
    originals = {c.oid: c for c in before.constraints.values()}
    for constraint in renamed.constraints.values():
        if originals[constraint.oid].definition == constraint.definition:
            continue
        if constraint.kind in ("p", "x"):
            raise _unsupported(before.key, f"{constraint.name} ({constraint.definition})")
        final = _counterpart_constraint(differences, renamed, green, constraint)
        if final is not None:
            built = _built(before.key, final.name, taken)
            index = green.indexes.get(final.name) if final.kind == "u" else None
            out.append((Twin(built=built, final=final.name, constraint=final, index=index), set(final.columns)))
    indexes = {i.oid: i for i in before.indexes.values()}
    for index in renamed.indexes.values():
        if index.constraint or indexes[index.oid].definition == index.definition:
            continue
        wanted = _counterpart_index(differences, renamed, green, index)
        if wanted is not None:
            columns = set(wanted.columns) or set(differences.renames[before.key])
            if not columns & set(differences.renames[before.key]):
                columns = set(differences.renames[before.key])  # only its predicate or expression names the column
            out.append((Twin(built=_built(before.key, wanted.name, taken), final=wanted.name, index=wanted), columns))
    for other in differences.renamed.tables.values():
        for constraint in other.constraints.values():
            was = next((c for c in differences.heads.tables[other.key].constraints.values() if c.oid == constraint.oid), None)
            if other.key != before.key and was and was.definition != constraint.definition and constraint.references == before.key:
                raise _unsupported(before.key, f"the foreign key {constraint.name} of {other.key} that points to it")
    return out


def _counterpart_constraint(differences: Differences, renamed: Table, green: Table, constraint: Constraint) -> Constraint | None:
    """Green's constraint of the same definition: of the same name if there is one, else the one that nobody else matches."""
    same = green.constraints.get(constraint.name)
    if same and (same.kind, same.definition) == (constraint.kind, constraint.definition):
        return same
    differences.take(differences.find("constraint", renamed.key, constraint.name) if not same else None)
    for name, candidate in green.constraints.items():
        if name not in renamed.constraints and (candidate.kind, candidate.definition) == (constraint.kind, constraint.definition):
            differences.take(differences.find("constraint", renamed.key, name))
            return candidate
    return None


def _counterpart_index(differences: Differences, renamed: Table, green: Table, index: Index) -> Index | None:
    same = green.indexes.get(index.name)
    if same and same.nameless == index.nameless:
        return same
    differences.take(differences.find("index", renamed.key, index.name) if not same else None)
    for name, candidate in green.indexes.items():
        if name not in renamed.indexes and candidate.nameless == index.nameless and not candidate.constraint:
            differences.take(differences.find("index", renamed.key, name))
            return candidate
    return None


def _built(table: str, final: str, taken: set[str]) -> str:
    return object_name("twin", table, final) if final in taken else final


def _unsupported(table: str, what: str) -> Refused:
    return Refused(
        f"a column of {table} cannot be renamed yet, because of {what}",
        why="Its twin would have to exist beside it, and bgmigrate does not build that kind of twin.",
        next="Keep the database's name and rename the attribute only: new_name = mapped_column('old_name').",
        code="BGM901",
    )
