"""An index that green does not need any more. It stays for as long as blue's queries may, then goes concurrently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Index
from bgmigrate.changes.base import Change, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import RemoveIndex


@dataclass(frozen=True, kw_only=True)
class DropIndex(Change):
    """DROP INDEX CONCURRENTLY in contract."""

    kind: ClassVar[str] = "drop_index"
    rank: ClassVar[int] = 60

    have: Index

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("index"):
            if d.want is None:
                differences.take(d)
                out.append(cls(table=d.table, have=d.have))
        return out

    def contract(self) -> list[Planned]:
        assert self.table
        return [
            Planned(
                stage=Stage.REQUIRE, step=RemoveIndex(self.table, self.have.name),
                because=(f"{self.have.name}: only blue needed it. SHARE UPDATE EXCLUSIVE, reads and writes go on.",),
            )
        ]
