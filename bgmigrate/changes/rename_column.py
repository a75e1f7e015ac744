"""A column under a new name, with everything that hangs on it.

Alembic's maintainers' word is that a rolling upgrade never renames; pgroll hides the column behind a view for each version. Ours gives green
a real column of its own with twins of every index and constraint, keeps both in step, and lets the twins take the names when blue is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column, Constraint, Index, Table
from bgmigrate.changes.base import Change, Planned, Stage
from bgmigrate.changes.difference import Differences, What
from bgmigrate.changes.server_default import set_default
from bgmigrate.changes.twins import NoTwin, Twin, changed_by_rename, constraint_names, index_names, twin_of
from bgmigrate.errors import Refused
from bgmigrate.naming import ident
from bgmigrate.ops import BackfillRows, DropNotNull, StopSynchronizing, SynchronizeColumns


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
            twins = _twins(differences, table)
            for new, old in renames.items():
                for what in ("comment", "default"):
                    differences.take(differences.find(what, table, new))
                if before.columns[old].not_null:  # a NOT NULL that blue does not know stays refused: blue may write NULLs
                    differences.take(differences.find("not null", table, new))
                # a twin that several renamed columns share is built once, with the first of them
                mine = tuple(t for t, columns in twins if new == next(n for n in renames if n in columns))
                out.append(cls(table=table, column=new, old=old, have=before.columns[old], want=green.columns[new], twins=mine))
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        bare = replace(self.want, default=None, not_null=False, serial=None)
        sync = SynchronizeColumns(
            self.table, self.sync_name, add={self.column: bare.definition}, forward={self.column: ident(self.old)},
            backward={self.old: ident(self.column)}, comments={self.column: self.want.comment} if self.want.comment else {},
        )
        steps = [
            Planned(
                stage=Stage.SYNCHRONIZE, step=sync,
                because=(f"{self.old} -> {self.column}: both stay, each follows the other. ACCESS EXCLUSIVE for an instant.",),
            ),
            self.filled(BackfillRows(self.table, follow={self.column: ident(self.old)})),
        ]
        for twin in self.twins:
            steps += self._twin(twin)
        if self.have.not_null and not self.want.not_null:
            why = f"{self.old}: green may write NULL into {self.column}. ACCESS EXCLUSIVE for an instant."
            steps.append(Planned(stage=Stage.LOOSEN, step=DropNotNull(self.table, [self.old]), because=(why,)))
        return steps

    def _twin(self, twin: Twin) -> list[Planned]:
        if twin.constraint and not twin.is_unique:
            why = f"{twin.final}: as on {self.old}. Added NOT VALID for an instant, validated while reads and writes go on."
            return [Planned(stage=Stage.CONSTRAINTS, step=twin.build(), because=(why,))]
        why = f"{twin.final}: as on {self.old}, built after the backfill. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        steps = [Planned(stage=Stage.INDEXES, step=twin.build(), because=(why,))]
        return steps + ([self._adopt(twin, Stage.CONSTRAINTS)] if twin.is_unique and not twin.moves else [])

    def _adopt(self, twin: Twin, stage: Stage) -> Planned:
        why = f"{twin.final}: the constraint takes that index. ACCESS EXCLUSIVE for an instant, no scan."
        return Planned(stage=stage, step=twin.adopt(), because=(why,))

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        stop = StopSynchronizing(
            self.table, self.sync_name, drop=[self.old], alter=set_default(self.column, self.want.default), constraints=constraint_names(self.twins),
            indexes=index_names(self.twins),
        )
        steps = [
            Planned(
                stage=Stage.SWAP, step=stop,
                because=(f"{self.old}: trigger and column go together, the twins on {self.column} take its names. ACCESS EXCLUSIVE for an instant.",),
            )
        ]
        if self.want.not_null:
            steps.append(self.required())
        return steps + [self._adopt(t, Stage.AFTER) for t in self.twins if t.is_unique and t.moves]


def _twins(differences: Differences, table: str) -> list[tuple[Twin, set[str]]]:
    """The twins of what hangs on a table's renamed columns and is in green as well, each with the columns that it is about."""
    green, renamed, new = differences.green.tables[table], differences.renamed.tables[table], set(differences.renames[table])
    taken = {n for t in differences.heads.tables.values() for n in (*t.indexes, *t.constraints, t.name)}
    out = []
    try:
        for thing in changed_by_rename(differences.heads, differences.renamed, table):
            final = _counterpart(differences, renamed, green, thing)
            if final is not None:
                # an index of which only the predicate or an expression names the column is built with the first of them
                out.append((twin_of(green, final, taken), set(final.columns) & new or new))
    except NoTwin as error:
        raise Refused(
            f"a column of {table} cannot be renamed yet, because of {error}",
            why="Its twin would have to exist beside it, and bgmigrate cannot build it.",
            next="Keep the database's name and rename the attribute only: new_name = mapped_column('old_name').", code="BGM901",
        ) from None
    return out


def _counterpart(differences: Differences, renamed: Table, green: Table, thing: Constraint | Index) -> Constraint | Index | None:
    """The same thing in green: under its own name, else under one that nothing else of the table has; None where green has dropped it."""
    here: Mapping[str, Constraint | Index] = renamed.constraints if isinstance(thing, Constraint) else renamed.indexes
    there: Mapping[str, Constraint | Index] = green.constraints if isinstance(thing, Constraint) else green.indexes
    what: What = "constraint" if isinstance(thing, Constraint) else "index"
    if thing.name in there:
        return there[thing.name] if _reads(there[thing.name]) == _reads(thing) else None
    differences.take(differences.find(what, renamed.key, thing.name))
    for name, candidate in there.items():
        if name not in here and _reads(candidate) == _reads(thing):
            differences.take(differences.find(what, renamed.key, name))
            return candidate
    return None


def _reads(thing: Constraint | Index) -> tuple[object, ...]:
    return (thing.kind, thing.definition) if isinstance(thing, Constraint) else (thing.nameless, thing.constraint)
