"""A trigger that the models make by DDL of their own.

Alembic does not look at triggers. Ours makes one that green relies on before green goes live, after the backfill so that it fires for no row
of it, says that it fires for blue's writes too, and lets verify try them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Thing
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import Attach, Detach


@dataclass(frozen=True, kw_only=True)
class Trigger(Change):
    """CREATE TRIGGER in expand; CREATE OR REPLACE, and DROP, in contract."""

    kind: ClassVar[str] = "trigger"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="A new trigger fires for blue's writes from expand on, although blue does not know it: verify runs them against it. Triggers that"
             " change or go stay as they are until blue is gone.",
        green="Finds its new triggers when it goes live. One that both versions have does what blue's does until contract.",
        wrong=(
            "A new trigger that raises an error, or waits, does so in blue's face. Verify finds what it tries; more only the application knows.",
            "A trigger and what it needs are dropped in one release with a column that it names in UPDATE OF: refused, take two.",
        ),
    )

    name: str
    have: Thing | None
    want: Thing | None
    shared: bool  # does blue know the table?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("trigger"):
            differences.take(d)
            out.append(cls(table=d.table, name=d.name, have=d.have, want=d.want, shared=d.table in differences.heads.tables))
        return out

    @property
    def subject(self) -> str:
        return f"{self.table}.{self.name}"

    def _create(self, stage: Stage, why: str) -> list[Planned]:
        assert self.table and self.want
        step = Attach(
            "trigger", self.table, self.name, self.want.definition, before_row="before each row" in self.want.traits,
            state=self.want.state or (self.have and self.have.state and "ENABLE") or None,
        )
        return [Planned(stage=stage, step=step, because=(f"{self.name}: {why}. SHARE ROW EXCLUSIVE for an instant.",))]

    def expand(self) -> list[Planned]:
        if self.have or not self.want:
            return []
        return self._create(Stage.CATALOG, "green relies on it, and it fires for blue's writes too" if self.shared else "on a table of green's")

    def contract(self) -> list[Planned]:
        assert self.table
        if self.want is None:
            why = f"{self.name}: only blue relied on it. ACCESS EXCLUSIVE for an instant."
            return [Planned(stage=Stage.REQUIRE, step=Detach("trigger", self.table, self.name), because=(why,))]
        return self._create(Stage.REQUIRE, "as green has it") if self.have else []

    def warnings(self) -> list[Finding]:
        if not self.shared:
            return []
        if self.have is None:
            what, then = "fires for blue's writes too, from expand on", "Let verify try blue's statements against it, with values that matter to it."
        elif self.want:
            what, then = "fires for green's writes as blue has it, until contract", "Give green's a name of its own if that matters."
        else:
            what, then = "fires for green's writes too, until contract", "Nothing, if green can take what it does."
        return [
            Finding(
                code="BGM123", severity="warning", table=self.table, what=f"the trigger {self.name} of {self.table} {what}",
                why="A trigger fires whoever writes.", next=then,
            )
        ]
