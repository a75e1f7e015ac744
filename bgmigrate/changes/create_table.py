"""A table that only green knows.

Alembic writes CREATE TABLE with its foreign keys in one statement, which locks the referenced tables against writes. Ours creates it alone,
then adds each foreign key NOT VALID and validates it, so the tables in use are locked for an instant only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.catalog import Column, Constraint, Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences
from bgmigrate.changes.satisfied import referable
from bgmigrate.ops import AddConstraint, BuildTable, assigned

_SERIAL = {"integer": "serial", "bigint": "bigserial", "smallint": "smallserial"}


@dataclass(frozen=True, kw_only=True)
class CreateTable(Change):
    """CREATE TABLE in expand; for contract only foreign keys are left that point to keys which are not there before."""

    kind: ClassVar[str] = "create_table"
    rank: ClassVar[int] = 20
    page: ClassVar[Page] = Page(
        blue="Does not know the table. Its deletes and key changes in a table that the new one refers to obey the new foreign key from "
             "expand on.",
        green="Finds the table empty, and is the only one that writes it.",
        wrong=(
            ("A foreign key without ON DELETE makes blue's DELETE of a referenced row fail once green has written a row that refers to "
             "it: give it an ON DELETE rule if blue deletes."),
            ("Adding a foreign key waits for the writers of both tables, and others wait behind it: for an instant, and again within "
             "the lock budget."),
            "A foreign key to a key that is new as well, and waits for contract, waits with it.",
            "Rollback drops the table with whatever green has written into it.",
        ),
    )

    want: Table
    later: tuple[Constraint, ...] = ()  # foreign keys, as green has them

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("table"):
            if d.have is None and d.want.persistence == "p":
                differences.take(d)
                out.append(cls.of(differences, d))
        return out

    @classmethod
    def of(cls, differences: Differences, d: Difference) -> Self:
        """The change for one new table."""
        # a foreign key to a column whose successor has another name until contract points to that
        known = {n: replace(c, definition=differences.redefined.get((d.name, n), c.definition)) for n, c in d.want.constraints.items()}
        later = tuple(
            c for n, c in d.want.constraints.items()
            if c.kind == "f" and (d.name, n) not in differences.redefined and not referable(differences, c)
        )
        return cls(table=d.table, want=replace(d.want, constraints=known), later=later)

    def expand(self) -> list[Planned]:
        t = self.want
        foreign = [c for c in t.constraints.values() if c.kind == "f" and c not in self.later]
        build = BuildTable(
            t.key,
            columns={c.name: _definition(t, c) for c in t.columns.values()},
            constraints={c.name: c.definition for c in t.constraints.values() if c.kind != "f"},
            indexes=[i.definition for i in t.indexes.values() if not i.constraint],
            options=_options(t),
            comment=t.comment,
            comments={c.name: c.comment for c in t.columns.values() if c.comment},
        )
        steps = [Planned(stage=Stage.TABLES, step=build, because=(f"Table {t.key}: only green knows it. No table in use is locked.",))]
        return steps + [self._refer(c, Stage.CONSTRAINTS) for c in foreign]

    def _refer(self, c: Constraint, stage: Stage) -> Planned:
        why = f"{self.want.key} -> {c.references}: SHARE ROW EXCLUSIVE on both for an instant; validated while reads and writes go on."
        return Planned(stage=stage, step=AddConstraint(self.want.key, c.name, c.definition), because=(why,))

    def contract(self) -> list[Planned]:
        return [self._refer(c, Stage.REFER) for c in self.later]


def _options(table: Table) -> str:
    parts = [f"PARTITION BY {table.partition_by}"] if table.partition_by else []
    return " ".join([*parts, f"WITH ({assigned(table.options)})"] if table.options else parts)


def _definition(table: Table, column: Column) -> str:
    """A serial column is written as one, so that it owns its sequence."""
    if column.serial and column.type in _SERIAL and column.serial == f"{table.name}_{column.name}_seq":
        return replace(column, type=_SERIAL[column.type], default=None).definition
    return column.definition
