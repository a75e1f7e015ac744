"""A comment on a constraint.

Alembic does not compare them. Ours does, and writes them again where a constraint is built anew, by whatever change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.changes.satisfied import referable
from bgmigrate.ops import CommentOnConstraints


@dataclass(frozen=True, kw_only=True)
class ConstraintComment(Change):
    """COMMENT ON CONSTRAINT in expand; in contract where the constraint is built anew."""

    kind: ClassVar[str] = "constraint_comment"
    rank: ClassVar[int] = 70
    page: ClassVar[Page] = Page(
        blue="Reads and writes as ever; nothing in its statements depends on a comment.",
        green="Reads and writes as ever.",
        wrong=("Whoever reads the comment finds green's as soon as expand is done; a constraint that is built anew has none until contract.",),
    )

    name: str
    have: str | None
    want: str | None
    at_once: bool  # is the constraint there for good when expand is done: the same as before, or a new table's?
    back: bool = False  # does rollback give the old one back?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint comment"):
            differences.take(d)
            heads, want = differences.heads.tables.get(d.table or ""), differences.green.tables[d.table or ""].constraints.get(d.name)
            if heads is None:
                at_once = want is not None and (want.kind != "f" or referable(differences, want))
            else:
                at_once = want is None or not _anew(differences, heads.key, want)
            out.append(cls(table=d.table, name=d.name, have=d.have, want=d.want, at_once=at_once, back=heads is not None))
        told = {(c.table, c.name) for c in out}
        return out + [
            cls(table=table, name=c.name, have=None, want=c.comment, at_once=False)
            for table, c in _rebuilt(differences) if (table, c.name) not in told
        ]

    def _comment(self, stage: Stage) -> list[Planned]:
        assert self.table
        step = CommentOnConstraints(self.table, {self.name: self.want}, {self.name: self.have} if self.back else {})
        why = f"Comment on {self.name}: SHARE UPDATE EXCLUSIVE for an instant, no row is touched."
        return [Planned(stage=stage, step=step, because=(why,))]

    def expand(self) -> list[Planned]:
        return self._comment(Stage.CATALOG) if self.at_once else []

    def contract(self) -> list[Planned]:
        return [] if self.at_once else self._comment(Stage.LAST)


def _rebuilt(differences: Differences) -> Iterator[tuple[str, Constraint]]:
    """Those with a comment that are built anew under their own names."""
    for table in differences.green.tables.values():
        if table.key in differences.heads.tables:
            yield from ((table.key, c) for c in table.constraints.values() if c.comment is not None and _anew(differences, table.key, c))


def _anew(differences: Differences, table: str, want: Constraint) -> bool:
    """Is the constraint of that name another one afterwards?"""
    have = differences.heads.tables[table].constraints.get(want.name) if table in differences.heads.tables else None
    moved = {(m.table, name) for m in differences.moves for name in (m.old, m.final)}
    return (
        have is None or have.definition != want.definition or any((table, c) in moved for c in want.columns)
        or any(t == want.references for t, _ in moved)
    )
