"""An enum type with more values, the old ones in their old order.

Alembic's autogenerate does not see it, and PostgreSQL cannot take it back. Ours puts each value in its place without locking a table, says
which columns the old version will fail to load, and lets a model promise not to write the value yet (`never_writes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from bgmigrate.catalog import Schema
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.naming import qualified
from bgmigrate.ops import ExtendEnum


@dataclass(frozen=True, kw_only=True)
class EnumAddValue(Change):
    """ALTER TYPE ... ADD VALUE in expand, for each value in its own transaction. Nothing to contract."""

    kind: ClassVar[str] = "enum_add_value"
    rank: ClassVar[int] = 5
    page: ClassVar[Page] = Page(
        blue="Writes the values that it knows. A row that holds a new one it cannot load: SQLAlchemy's Enum raises LookupError for the "
             "whole row.",
        green="May write the new values at once, and should promise not to (`never_writes`) in columns that blue reads, until blue is gone.",
        wrong=(
            ("Green writes a value that blue does not know into a column that blue reads (BGM211): verify tries it, unless green "
             "promises not to."),
            ("Rollback cannot take a value back, for PostgreSQL cannot: it stays, and rollback says so and names the rows that hold it. "
             "Unused, it harms nobody."),
            "The values stand in green's order; a value that blue's own model lacks sorts among blue's as green has it.",
        ),
    )

    type: str
    labels: tuple[str, ...]
    added: tuple[str, ...]
    columns: tuple[tuple[str, str, tuple[str, ...]], ...]  # that have the type: table, column, the added values that green promises not to write yet

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("user type"):
            if d.have and d.want and d.have.kind == d.want.kind == "e" and grows(d.have.labels, d.want.labels):
                differences.take(d)
                added = tuple(v for v in d.want.labels if v not in d.have.labels)
                columns = tuple(
                    (t, c, tuple(v for v in added if v in differences.hints.columns.get((t, c), {}).get("never_writes", ())))
                    for t, c in columns_of(differences.heads, d.name)
                )
                out.append(cls(table=None, type=d.name, labels=d.want.labels, added=added, columns=columns))
        return out

    @property
    def subject(self) -> str:
        return self.type

    def as_json(self) -> dict[str, Any]:
        """With the type and the columns that have it."""
        return {**super().as_json(), "type": self.type, "columns": [f"{t}.{c}" for t, c, _ in self.columns]}

    def expand(self) -> list[Planned]:
        out = []
        for value in self.added:
            place = self.labels.index(value)
            # green's labels in turn: the one before it is there already; the first of all stands before the first that was there
            after = self.labels[place - 1] if place else None
            before = None if place else next(v for v in self.labels if v not in self.added)
            why = f"{self.type}: one more value, in a transaction of its own. No table is locked, and rollback cannot take it back."
            out.append(Planned(stage=Stage.TYPES, step=ExtendEnum(self.type, value, after=after, before=before), because=(why,)))
        return out

    def warnings(self) -> list[Finding]:
        out = []
        for table, column, later in self.columns:
            if now := [v for v in self.added if v not in later]:
                values = ", ".join(map(repr, now))
                out.append(Finding(
                    code="BGM211", severity="warning", table=table, column=column,
                    what=f"the old version cannot load a row of {table} once {column} ({self.type}) holds {values}",
                    why="SQLAlchemy's Enum raises LookupError for a value that its model does not list; the whole row fails to load.",
                    next=f'Let the new version write it one release later, and promise so: info={{"bgmigrate": {{"never_writes": {list(now)!r}}}}}.'
                    " Without it verify tries the value.",
                ))
        return out


def grows(have: Sequence[str], want: Sequence[str]) -> bool:
    """Are these the same labels in the same order, with others between them?"""
    return bool(have) and set(have) < set(want) and tuple(v for v in want if v in have) == tuple(have)


def columns_of(schema: Schema, type_: str) -> Iterator[tuple[str, str]]:
    """The columns that have an enum type or an array of it."""
    names = {n + array for n in (qualified(type_), qualified(f"public.{type_}")) for array in ("", "[]")}
    for table in schema.tables.values():
        yield from ((table.key, c.name) for c in table.columns.values() if c.type in names)
