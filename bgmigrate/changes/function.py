"""A function or procedure that the models make by DDL of their own (`event.listen(metadata, "after_create", DDL("CREATE FUNCTION …"))`).

Alembic does not look at functions; libraries that do replace them at once. Ours makes a new one before anything calls it, and changes one that
blue's statements may run only when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Thing
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import BuildFunction, DropFunctions


@dataclass(frozen=True, kw_only=True)
class Function(Change):
    """CREATE in expand; CREATE OR REPLACE in contract, in expand where nothing of blue's can call it; DROP in contract."""

    kind: ClassVar[str] = "function"
    rank: ClassVar[int] = 10
    page: ClassVar[Page] = Page(
        blue="Calls what it called before, with the old body, until it is gone. It does not know new functions.",
        green="Calls new functions from expand on. One that both versions have does what blue's does until contract.",
        wrong=(
            "What an index, a stored generated column or a CHECK keeps of a function's results is not computed again when its body changes.",
            "A function whose arguments' names or whose result change under the same name is refused: give it another name.",
            "Functions that only hand-written migrations make are theirs: none of them is dropped or changed.",
        ),
    )

    name: str
    have: Thing | None
    want: Thing | None
    called: bool  # may blue's statements run it?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d in differences.all("function"):
            differences.take(d)
            if d.have and d.want and (said := differences.on_heads.refuses("SET LOCAL check_function_bodies = off", d.want.definition)):
                refusals.append(_refused(d, said))
            triggers = [t for t in differences.heads.things.values() if t.calls == d.name]
            only_triggers = d.have is not None and "returns trigger" in d.have.traits
            out.append(cls(table=None, name=d.name, have=d.have, want=d.want, called=bool(triggers) or not only_triggers))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    @property
    def subject(self) -> str:
        return self.name

    def _build(self, stage: Stage, why: str) -> list[Planned]:
        assert self.want
        build = BuildFunction(self.want.sql, lines(self.want), lines(self.have) if self.have else [])
        return [Planned(stage=stage, step=build, because=(f"{self.name}: {why}. No table is locked.",))]

    def expand(self) -> list[Planned]:
        if self.want and not self.have:
            return self._build(Stage.CONSTRAINTS if "needs tables" in self.want.traits else Stage.TYPES, "before anything calls it")
        if self.want and not self.called:
            return self._build(Stage.TYPES, "no trigger of blue's calls it")
        return []

    def contract(self) -> list[Planned]:
        if self.want is None:
            assert self.have
            why = f"{self.name}: only blue called it. No table is locked."
            return [Planned(stage=Stage.LAST, step=DropFunctions([self.have.sql]), because=(why,))]
        return self._build(Stage.REQUIRE, "as green has it, now that blue does not call it") if self.have and self.called else []

    def warnings(self) -> list[Finding]:
        if not (self.have and self.want and self.called):
            return []
        return [
            Finding(
                code="BGM123", severity="warning", what=f"until contract, the function {self.name} does for green what it does for blue",
                why="A function has one body, whichever version calls it.", next="Give green's a name of its own if that matters.",
            )
        ]


def lines(thing: Thing) -> list[str]:
    """Its statement, line by line, as a revision shows it."""
    return thing.definition.split("\n")


def _refused(d: Difference, said: str) -> Finding:
    return Finding(
        code="BGM123", what=f"the function {d.name} cannot be replaced in place: {said}",
        why="Dropped and made anew it would take with it what calls it.",
        next="Give the new function another name, and let the old one go in this release.",
    )
