"""An index that green does not need any more. It stays for as long as blue's queries may, then goes concurrently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Index
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import RemoveIndex


@dataclass(frozen=True, kw_only=True)
class DropIndex(Change):
    """DROP INDEX CONCURRENTLY in contract."""

    kind: ClassVar[str] = "drop_index"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Keeps the index, and its queries their plans, until contract.",
        green="Keeps it until contract as well; its writes maintain it.",
        wrong=(
            ("The drop waits for every transaction that uses the table; when that lasts longer than `index_lock_timeout`, contract "
             "gives up (exit 5) with the holders named."),
            "A unique index that green drops still refuses green's duplicates until contract.",
            "A query that needs the index after all is slow only after contract, when a new index takes a build.",
        ),
    )

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
