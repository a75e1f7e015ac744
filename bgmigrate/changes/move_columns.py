"""Columns that become rows of another table: one row at most for each old one, or one for each group of columns that is repeated.

Elsewhere the application writes both places for a release or two, and a script copies the rest. Ours keeps both tables in step by triggers,
in both directions where a `backward` is given, fills the new one in batches, and refuses contract while they disagree in any row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from bgmigrate.catalog import Column, Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.create_table import CreateTable
from bgmigrate.changes.difference import Difference, Differences
from bgmigrate.changes.move_hint import parts
from bgmigrate.changes.move_key import key_of, obstacles
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.naming import ident
from bgmigrate.ops import (
    AddConstraint,
    BackfillTable,
    DropNotNull,
    RequireMovable,
    RequireReadBack,
    RequireRows,
    StopSynchronizingTables,
    SynchronizeTables,
)
from bgmigrate.ops.move_rules import copied
from bgmigrate.ops.sync_function import WIDER
from bgmigrate.sql.references import references


@dataclass(frozen=True, kw_only=True)
class MoveColumns(Change):
    """New table, triggers on both and a backfill in expand; the triggers and the old columns go in contract."""

    kind: ClassVar[str] = "move_columns"
    rank: ClassVar[int] = 15
    page: ClassVar[Page] = Page(
        blue="Reads and writes its columns. What green writes into the new table is in them when green's statement ends; without a row there "
        "they hold NULL, or their constant default.",
        green="Reads and writes the new table. What blue updates is there when blue's statement ends, what blue inserts when its transaction does.",
        wrong=(
            "A value that the new table cannot take is no error for blue: green has no row, the row counts as divergent, and contract refuses.",
            "Blue's transaction and green's that write the same row at once can block each other: green's fails with 40P01, and may be run again.",
            "Without `when`, every old row gets a new one when its transaction ends: green must insert both in one transaction.",
            "Until contract a DELETE in the old table, whichever version's, takes the rows of the new one along. TRUNCATE is not followed.",
            "Where blue changes a row's key (or its partition), its new row is made anew, without what only green knew of it.",
        ),
    )

    have: Table  # the old table
    create: CreateTable
    key: tuple[str, ...]
    parts: tuple[dict[str, Any], ...]
    early: frozenset[str]  # foreign keys whose targets are there already
    gone: tuple[Column, ...]  # the old table's columns that `backward` gives

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], list[Finding]()
        for d in differences.all("table"):
            said = differences.hints.tables.get(d.name, {})
            if d.have is not None or d.want.persistence != "p" or "moved_from" not in said:
                continue
            found = _read(differences, d, str(said["moved_from"]))
            if not isinstance(found, tuple):
                differences.take(d)
                refusals += found
                continue
            old, given = found
            names = {c for p in given for c in p.get("backward", {})}
            columns = tuple(c for c in old.columns.values() if c.name in names)
            create = CreateTable.of(differences, d)
            key = key_of(d.want, old, given)
            assert not isinstance(key, str)
            early = frozenset(n for n, c in d.want.constraints.items() if c.kind == "f" and (d.name, n) not in differences.redefined)
            out.append(cls(table=d.name, have=old, create=create, key=key, parts=tuple(given), early=early, gone=columns))
            differences.take(d)
            for column in columns:
                differences.take(differences.find("column", old.key, column.name))
            for thing in differences.all("constraint", "index", table=old.key):
                if thing.want is None and names & {*thing.have.columns}:
                    differences.take(thing)  # goes with its column
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    @property
    def source(self) -> str:
        """The old table."""
        return self.have.key

    @property
    def touched(self) -> set[tuple[str, str]]:
        """The old columns, for an earlier release may still keep them in step."""
        return {(self.source, c.name) for c in self.gone}

    @property
    def without(self) -> dict[str, str]:
        """What the old columns hold without a new row, where it is not NULL."""
        return {c.name: c.default for c in self.gone if _constant(c)}  # type: ignore[misc]

    @property
    def loosened(self) -> list[str]:
        """The old columns that must take a NULL from green."""
        nullable = {n for n, c in self.create.want.columns.items() if not c.not_null}
        copies = {o for p in self.parts for o, sql in p.get("backward", {}).items() if copied(sql, nullable)}
        return [c.name for c in self.gone if c.not_null and (c.name in copies or not _constant(c))]

    def as_json(self) -> dict[str, Any]:
        """With the old table."""
        return {**super().as_json(), "moved_from": self.source, "columns": [c.name for c in self.gone]}

    def expand(self) -> list[Planned]:
        assert self.table
        each = list(self.parts)
        sync = SynchronizeTables(self.source, self.table, list(self.key), each, self.without)
        fill = BackfillTable(self.source, self.table, list(self.key), each)
        readable = RequireReadBack(self.source, self.table, list(self.key), each, self.without)
        both = "each follows the other" if self.gone else f"{self.table} follows"
        steps = [
            *self._unused(), *self._demands(), *self._created(),
            Planned(
                stage=Stage.SYNCHRONIZE, step=sync,
                because=(f"{self.source} -> {self.table}: {both}, by triggers. SHARE ROW EXCLUSIVE on both for an instant.",),
            ),
            Planned(
                stage=Stage.BACKFILL, step=fill, undo=(readable,),
                because=(f"{self.table}: a row for each of {self.source} that was there, in short batches in key order; resumes where it stopped.",),
            ),
        ]
        if self.loosened:
            why = f"{', '.join(self.loosened)}: green inserts into {self.source} before {self.table}. ACCESS EXCLUSIVE for an instant."
            steps.append(Planned(stage=Stage.LOOSEN, step=DropNotNull(self.source, self.loosened), because=(why,)))
        return steps

    def contract(self) -> list[Planned]:
        assert self.table
        stop = StopSynchronizingTables(self.source, self.table, [c.name for c in self.gone])
        why = f"{self.source} -> {self.table}: triggers and old columns go together. ACCESS EXCLUSIVE on both for an instant."
        return [*self._unused(), Planned(stage=Stage.SWAP, step=stop, because=(why,)), *self.create.contract()]

    def _created(self) -> list[Planned]:
        """The table; its foreign keys before a trigger writes it: blue, who holds the old table, would wait for the new one, and we for the old."""
        steps = self.create.expand()
        return [replace(p, stage=Stage.LOOSEN) if isinstance(p.step, AddConstraint) and p.step.name in self.early else p for p in steps]

    def _demands(self) -> list[Planned]:
        """What the rows that are there must be like, where a value may be none for its new column."""
        assert self.table
        steps = []
        for part in self.parts:
            asked = {c: self.create.want.columns[c] for c, sql in part["forward"].items() if not self._certain(part, c, sql)}
            if asked:
                step = RequireRows(
                    self.source, self.table, {c: part["forward"][c] for c in asked}, {n: c.type for n, c in asked.items()},
                    [n for n, c in asked.items() if c.not_null], part.get("when", "true"),
                )
                why = f"{', '.join(asked)}: every row that is there must have a value that {self.table} can take. Reads the table; locks nothing."
                steps.append(Planned(stage=Stage.DEMAND, step=step, because=(why,)))
        return steps

    def _certain(self, part: dict[str, Any], column: str, expression: str) -> bool:
        """Has every row a value, because it is a constant, or a copy into a column that takes as much?"""
        want, source = self.create.want.columns[column], copied(expression, self.have.columns)
        if source is None:
            return not references(expression, self.have.columns)
        have = self.have.columns[source]
        given = have.not_null or not want.not_null or part.get("when", "").strip() == f"{ident(source)} IS NOT NULL"
        wider = (*WIDER.get(have.type, ()), *(("text",) if have.type.startswith("character varying") else ()))
        return given and want.type in (have.type, *wider)

    def _unused(self) -> list[Planned]:
        why = "no view, policy or function may use them, for nothing takes their places. Locks nothing."
        names = [c.name for c in self.gone]
        step = RequireMovable(self.source, names, gone=True)
        return [Planned(stage=Stage.DEMAND, step=step, because=tuple(f"{n}: {why}" for n in names))] if names else []

    def warnings(self) -> list[Finding]:
        out = [
            Finding(
                code="BGM805", severity="warning", table=self.source, column=column,
                what=f"blue reads NULL in {self.source}.{column} where {self.table} has no row, and its model says NOT NULL",
                why=f"Green may insert into {self.source} before {self.table}, and delete rows of {self.table}.",
                next="Nothing, if green writes both in one transaction and deletes neither alone; else let blue take None first.",
            )
            for column in self.loosened
        ]
        if not self.gone:
            out.append(Finding(
                code="BGM803", severity="warning", table=self.table, what=f"what green writes into {self.table} is not read by blue",
                why=f"The hint on {self.table} has no `backward`.", next=f"Give it one, if blue is to read in {self.source} what green writes.",
            ))
        if any("when" not in p for p in self.parts):
            out.append(Finding(
                code="BGM801", severity="warning", table=self.table,
                what=f"green's INSERT into {self.table} fails where an earlier transaction inserted the row of {self.source} alone",
                why=f"Every row of {self.source} has one in {self.table}: a trigger has made it when that transaction ended.",
                next="Let green insert both in one transaction; or give the hint a `when` that is false for a row that green inserts.",
            ))
        return out


def _constant(column: Column) -> bool:
    return column.default is not None and "(" not in column.default and not column.generated


def _read(differences: Differences, d: Difference, source: str) -> tuple[Table, list[dict[str, Any]]] | list[Finding]:
    """The old table and the hint's parts, or everything that stands in the way."""
    given = parts(d.name, differences.hints.tables[d.name])
    old, stays = differences.heads.tables.get(source), differences.green.tables.get(source)
    if old is None or stays is None:
        which = "the migrations do not give" if old is None else "green does not have"
        return [Finding(
            code="BGM901", table=d.name, what=f"the hint on {d.name} moves columns from {source}, which {which}",
            why="Columns move between tables that both versions have." if old else "There is nothing to take the rows from.",
            next=f"Keep {source} in this release, and drop it in the next." if old else f"Correct `moved_from` on {d.name}.",
        )]
    for name in d.want.columns:
        model = differences.model(d.name, name)
        if model and model.default and model.default.get("kind") == "scalar":  # what green's own INSERT would fill in
            given = [{**p, "forward": {**p["forward"], name: p["forward"].get(name, model.default["sql"])}} for p in given]
    return obstacles(d.want, old, stays, given) or (old, given)
