"""A comment on a table or a column. pgroll copies the column to change one; ours is one statement in the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import CommentOn


@dataclass(frozen=True, kw_only=True)
class Comment(Change):
    """COMMENT ON in expand."""

    kind: ClassVar[str] = "comment"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Reads and writes as ever; nothing in its statements depends on a comment.",
        green="The same.",
        wrong=(
            ("It takes SHARE UPDATE EXCLUSIVE, so it waits for a VACUUM, an ANALYZE or an index build of the same table, and is tried "
             "again within the lock budget."),
        ),
    )

    have: str | None
    want: str | None

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("comment"):
            differences.take(d)
            out.append(cls(table=d.table, column=d.name or None, have=d.have, want=d.want))
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        name = self.column or ""
        return [
            Planned(
                stage=Stage.CATALOG, step=CommentOn(self.table, {name: self.want}, {name: self.have}),
                because=(f"Comment on {name or self.table}: SHARE UPDATE EXCLUSIVE for an instant, no row is touched.",),
            )
        ]
