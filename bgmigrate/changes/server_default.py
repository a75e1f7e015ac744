"""A server default that is set, changed or dropped on a column that both versions have.

One column has one default, whoever writes. Set in expand where blue's column has none (blue's model gives every value itself); changed or
dropped only when blue is gone, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import AlterInCatalog
from bgmigrate.sql import compose


def set_default(column: str, default: str | None) -> list[str]:
    """The ALTER TABLE actions that give a column without a default its own; none where it has none."""
    return [] if default is None else [compose("ALTER COLUMN {c:i} SET DEFAULT {d:q}", c=column, d=default)]


@dataclass(frozen=True, kw_only=True)
class ServerDefault(Change):
    """SET DEFAULT in expand, or SET/DROP DEFAULT in contract: the catalog alone."""

    kind: ClassVar[str] = "server_default"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Where its column has no default, blue gives every value itself and does not notice the new one. Where it has one, that one "
             "holds until contract, for green's rows too.",
        green="Leaves the column out and gets its own default where blue had none, else blue's until contract.",
        wrong=(
            "Two versions with two defaults on one column (BGM209): until contract green's INSERTs that leave the column out get blue's.",
            ("A default that is dropped in contract: an INSERT of green's that leaves the column out gets NULL from then on, or fails "
             "where it is NOT NULL."),
        ),
    )

    have: str | None
    want: str | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("default"):
            assert d.table
            have, want = differences.sides(d.table, d.name)
            if not (have.serial or want.serial):
                differences.take(d)
                out.append(cls(table=d.table, column=d.name, have=d.have, want=d.want))
        return out

    def _set(self, value: str | None) -> str:
        assert self.column
        return next(iter(set_default(self.column, value)), compose("ALTER COLUMN {c:i} DROP DEFAULT", c=self.column))

    def expand(self) -> list[Planned]:
        if self.have is not None:
            return []
        assert self.table
        return [
            Planned(
                stage=Stage.CATALOG, step=AlterInCatalog(self.table, [self._set(self.want)], [self._set(self.have)]),
                because=(f"{self.column}: blue's column has no default. ACCESS EXCLUSIVE for an instant, no row is touched.",),
            )
        ]

    def contract(self) -> list[Planned]:
        if self.have is None:
            return []
        assert self.table
        return [
            Planned(
                stage=Stage.SWAP, step=AlterInCatalog(self.table, [self._set(self.want)]),
                because=(f"{self.column}: blue relied on the old default. ACCESS EXCLUSIVE for an instant, no row is touched.",),
            )
        ]

    def warnings(self) -> list[Finding]:
        if self.have is None:
            return []
        return [
            Finding(
                code="BGM209", severity="warning", table=self.table, column=self.column,
                what=f"until contract, {self.table}.{self.column} defaults to blue's {self.have} for green too, not to {self.want or 'nothing'}",
                why="A column has one default, whichever version writes.", next="Let green give the value itself if that matters.",
            )
        ]
