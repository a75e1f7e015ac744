"""A unique constraint that green adds to a table of both versions.

Strong_migrations and squawk build its index concurrently and stop there: blue's duplicates are errors from that moment on. Ours counts the
duplicates first (NULLS NOT DISTINCT as well), and adds the constraint when blue is gone, or in expand where blue is known to obey it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint, Table
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.keys import built, deferral
from bgmigrate.changes.satisfied import in_expand
from bgmigrate.ops import AdoptIndex


@dataclass(frozen=True, kw_only=True)
class AddUnique(Change):
    """CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT USING INDEX, in contract; in expand where blue obeys it."""

    kind: ClassVar[str] = "add_unique"
    rank: ClassVar[int] = 59
    page: ClassVar[Page] = Page(
        blue="Writes as before, duplicates too; unless it is known to write none, and then the constraint holds from expand on.",
        green="Finds no constraint in the database until contract: nothing refuses a duplicate, and ON CONFLICT on it fails.",
        wrong=(
            "Duplicates: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses; with their number and five keys.",
            "Where blue surely writes none, the table's hint `blue_satisfies` lets expand add it.",
        ),
    )

    place: Table
    want: Constraint
    demand: Demand | None
    at_once: bool
    index: str | None  # that the migrations' schema has already, and that green has no more

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None and d.want.kind == "u" and d.table:
                differences.take(d)
                table = differences.green.tables[d.table]
                index, early = _there(differences, table, d.want), in_expand(differences, d.table, d.want)
                demand = of_constraint(differences, table, d.want) if index is None else None
                out.append(cls(table=d.table, place=table, want=d.want, demand=demand, at_once=early, index=index))
        return out

    def _add(self, *stages: Stage) -> list[Planned]:
        assert self.table
        if self.index is None:
            return built(self.place, self.want, self.want.name, *stages)
        why = f"{self.want.name}: the constraint takes the unique index {self.index}. ACCESS EXCLUSIVE for an instant, no scan."
        return [Planned(stage=stages[-1], step=AdoptIndex(self.table, self.want.name, self.index, deferral(self.want)), because=(why,))]

    def expand(self) -> list[Planned]:
        steps = asked(self.demand, early=True)
        return [*steps, *self._add(Stage.INDEXES, Stage.CONSTRAINTS)] if self.at_once and self.index is None else steps

    def contract(self) -> list[Planned]:
        return [] if self.at_once and self.index is None else [*asked(self.demand), *self._add(Stage.AFTER)]


def _there(differences: Differences, table: Table, want: Constraint) -> str | None:
    """The name of a unique index that green has only as this constraint's."""
    if table.kind == "p":
        return None  # ADD CONSTRAINT USING INDEX is not possible there
    wanted = table.indexes[want.name]
    for d in differences.all("index", table=table.key):
        if d.want is None and d.have.nameless == wanted.nameless and not d.have.partial and not d.have.expression:
            differences.take(d)
            return str(d.name)
    return None
