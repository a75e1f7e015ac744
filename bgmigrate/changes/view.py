"""A view that the models make by DDL of their own.

Alembic does not look at views; libraries that do drop and create them at once. Ours makes a new one in expand, keeps blue's until blue is gone,
and then replaces it with the grants that it has. A materialized view is refused by name: it has rows of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Thing
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.function import lines
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import BuildView, DropViews


@dataclass(frozen=True, kw_only=True)
class View(Change):
    """CREATE VIEW in expand; CREATE OR REPLACE, and DROP, in contract."""

    kind: ClassVar[str] = "view"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Reads its views as they were until it is gone.",
        green="Reads new views from expand on. One that both versions have reads what blue's reads until contract.",
        wrong=(
            "A view with other columns is dropped and made anew: contract refuses while another view reads it.",
            "A view over a column that the same release drops keeps that release from being expanded: change the view one release earlier.",
            "Views that only hand-written migrations make are theirs: none of them is dropped or changed.",
        ),
    )

    name: str
    have: Thing | None
    want: Thing | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d in differences.all("view"):
            differences.take(d)
            out.append(cls(table=None, name=d.name, have=d.have, want=d.want))
        for d in differences.all("materialized view"):
            differences.take(d)
            refusals.append(_materialized(d.name))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    @property
    def subject(self) -> str:
        return self.name

    def _build(self, stage: Stage, why: str) -> list[Planned]:
        assert self.want
        step = BuildView(self.want.sql, lines(self.want))
        return [Planned(stage=stage, step=step, because=(f"{self.name}: {why}. Only who reads the view waits, for an instant.",))]

    def expand(self) -> list[Planned]:
        return self._build(Stage.VIEWS, "over what both versions have") if self.want and not self.have else []

    def contract(self) -> list[Planned]:
        if self.want is None:
            assert self.have
            why = f"{self.name}: only blue read it. ACCESS EXCLUSIVE on the view alone."
            return [Planned(stage=Stage.REQUIRE, step=DropViews([self.have.sql]), because=(why,))]
        return self._build(Stage.REQUIRE, "as green has it") if self.have else []

    def warnings(self) -> list[Finding]:
        if not (self.have and self.want):
            return []
        return [
            Finding(
                code="BGM123", severity="warning", what=f"until contract, the view {self.name} reads for green what it reads for blue",
                why="A view has one definition, whichever version reads it.", next="Give green's a name of its own if that matters.",
            )
        ]


def _materialized(name: str) -> Finding:
    return Finding(
        code="BGM901", what=f"bgmigrate does not make or change materialized views: {name}",
        why="It would be empty, or every reader would wait, for as long as its query takes.",
        next="Make it in a revision of your own (alembic revision --head expand@head), and leave it out of the models' DDL.",
    )
