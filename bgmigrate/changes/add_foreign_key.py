"""A foreign key that green adds to a table of both versions.

Every linter knows NOT VALID, which still binds blue's writes, and its deletes of the other table, at once. Ours counts the orphans first, and adds
the key when blue is gone, or in expand where blue is known to obey it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.beside import added
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.satisfied import in_expand, referable
from bgmigrate.findings import Finding
from bgmigrate.sql.foreign_keys import FOLLOWS, ForeignKey


@dataclass(frozen=True, kw_only=True)
class AddForeignKey(Change):
    """ADD FOREIGN KEY ... NOT VALID, then VALIDATE, in contract; in expand where blue obeys it and its deletes still go through."""

    kind: ClassVar[str] = "add_foreign_key"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Writes as before, also rows that point to nothing; its deletes of the other table go through.",
        green="Finds no foreign key in the database until contract: nothing refuses an orphan, and ON DELETE does nothing.",
        wrong=(
            "Orphans: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses; with their number and five keys.",
            "Until contract a delete of the other table leaves orphans, whatever ON DELETE green's model has: plan warns.",
            "Where blue surely obeys it, the table's hint `blue_satisfies` lets expand add it.",
            "On a new column that blue leaves NULL it comes in expand when its actions never refuse a write of the other table.",
        ),
    )

    want: Constraint
    demand: Demand | None
    at_once: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None and d.want.kind == "f" and d.table:
                differences.take(d)
                demand = of_constraint(differences, differences.green.tables[d.table], d.want)
                out.append(cls(table=d.table, want=d.want, demand=demand, at_once=obeyed(differences, d.table, d.want)))
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        return [*asked(self.demand, early=True), *([added(self.table, self.want, Stage.CONSTRAINTS)] if self.at_once else [])]

    def contract(self) -> list[Planned]:
        assert self.table
        return [] if self.at_once else [*asked(self.demand), added(self.table, self.want, Stage.REFER)]

    def warnings(self) -> list[Finding]:
        key = ForeignKey.parse(self.want.definition)
        if self.at_once or key is None or key.on_delete.partition(" (")[0] not in FOLLOWS:
            return []
        return [
            Finding(
                code="BGM210", severity="warning", table=self.table,
                what=f"until contract a delete of {self.want.references} does nothing to the rows of {self.table} that point to it",
                why=f"{self.want.name} (ON DELETE {key.on_delete}) is added when blue is gone, for even NOT VALID it would bind blue's writes.",
                next=f"Let green not rely on it before contract (no passive_deletes), or say that blue obeys it, in the table's info: "
                f'{{"bgmigrate": {{"blue_satisfies": ["{self.want.name}"]}}}}.',
            )
        ]


def obeyed(differences: Differences, table: str, want: Constraint) -> bool:
    """May it hold from expand on: for blue obeys it, or does not know its columns, and the key that it points to is there?"""
    key = ForeignKey.parse(want.definition)
    if key is None or not referable(differences, want):
        return False
    return (key.never_blocks and _left_null(differences, table, want)) or in_expand(differences, table, want)


def _left_null(differences: Differences, table: str, want: Constraint) -> bool:
    """Are its columns all new, with nothing that would give them a value in blue's rows?"""
    heads, green = differences.heads.tables[table], differences.green.tables[table]
    known = {*heads.columns, *differences.renames.get(table, {})}
    columns = [green.columns[c] for c in want.columns]
    return all(
        c.name not in known and not (c.not_null or c.default or c.identity or c.generated) and (table, c.name) not in differences.hints.forward
        for c in columns
    )
