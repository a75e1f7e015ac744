"""A table under a new name, with everything that PostgreSQL named after it.

Alembic renames at once, and blue fails; pgroll gives each version a schema of views. Ours shows green the same rows by one simple view under
the new name, with the table's grants, and lets the table take the name when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from bgmigrate.catalog import Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import FollowTable, RenameTable, ShowTable


@dataclass(frozen=True, kw_only=True)
class RenamedTable(Change):
    """A view in expand; in contract it goes, and the table, its sequences, indexes and constraints take the names."""

    kind: ClassVar[str] = "rename_table"
    rank: ClassVar[int] = 1
    page: ClassVar[Page] = Page(
        blue="Blue goes on with the table under its old name. What green writes through the view is in it.",
        green="Green reads and writes the same rows through a view under the new name, with the table's own grants and row security.",
        wrong=(
            "COPY FROM, TRUNCATE, ON CONFLICT ON CONSTRAINT and new foreign keys do not work on a view: green must do without before contract.",
            "Functions whose text has the old name fail once the table has the new one: PostgreSQL does not look into them.",
        ),
    )

    to: str
    columns: tuple[str, ...]
    constraints: tuple[tuple[str, str], ...]
    indexes: tuple[tuple[str, str], ...]

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for old, new in sorted(differences.tables.items()):
            heads, green = differences.heads.tables[old], differences.green.tables[old]
            given = differences.target.tables[old].names if old in differences.target.tables else ()
            out.append(cls(
                table=old, to=new, columns=tuple(green.columns), constraints=_made(_constraints(heads), _constraints(green), given),
                indexes=_made(_indexes(heads), _indexes(green), given),
            ))
        return out

    def as_json(self) -> dict[str, Any]:
        """With the new name."""
        return {**super().as_json(), "to": self.to}

    @property
    def subject(self) -> str:
        return f"{self.table} to {self.to}"

    def expand(self) -> list[Planned]:
        assert self.table
        why = f"{self.to}: the rows of {self.table} under the new name, for reads and writes, with its grants. No lock but ACCESS SHARE."
        return [Planned(stage=Stage.VIEWS, step=ShowTable(self.table, self.to, list(self.columns)), because=(why,))]

    def contract(self) -> list[Planned]:
        assert self.table
        done = f"{self.table}: where a killed run has given it its new name, nothing is left to do."
        why = f"{self.table}: takes the view's name, with what PostgreSQL had named after it. ACCESS EXCLUSIVE for an instant."
        rename = RenameTable(self.table, self.to, constraints=dict(self.constraints), indexes=dict(self.indexes))
        return [
            Planned(stage=Stage.FOLLOW, step=FollowTable(self.table, self.to), because=(done,)),
            Planned(stage=Stage.LAST, step=rename, because=(why,)),
        ]

    def warnings(self) -> list[Finding]:
        return [
            Finding(
                code="BGM202", severity="warning", table=self.table,
                what=f"until contract, {self.to} is a view: COPY FROM, TRUNCATE, ON CONFLICT ON CONSTRAINT and foreign keys to it do not work",
                why="PostgreSQL passes only plain statements through a view.", next="Let green do without these until contract has been applied.",
            )
        ]


def _constraints(table: Table) -> dict[str, Any]:
    return {n: (c.kind, c.definition) for n, c in table.constraints.items()}


def _indexes(table: Table) -> dict[str, Any]:
    return {n: i.nameless for n, i in table.indexes.items() if not i.constraint}


def _made(have: dict[str, Any], want: dict[str, Any], given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Names that PostgreSQL made up, paired by what they name: those that a model gives are changes of their own."""
    left = {n: text for n, text in have.items() if n not in want}
    out = []
    for name, text in want.items():
        twin = next((n for n, t in left.items() if t == text), None) if name not in have and name not in given else None
        if twin is not None:
            del left[twin]
            out.append((twin, name))
    return tuple(out)
