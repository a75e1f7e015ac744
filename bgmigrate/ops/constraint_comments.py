"""Comments on constraints, which go with a constraint that is built anew."""

from __future__ import annotations

from dataclasses import dataclass, field

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.constraints import STATE
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


@operation("comment_on_constraints")
@dataclass
class CommentOnConstraints(Step):
    """COMMENT ON CONSTRAINT for those of a table that are there. SHARE UPDATE EXCLUSIVE for an instant: reads and writes go on."""

    table: str
    comments: dict[str, str | None]
    was: dict[str, str | None] = field(default_factory=dict, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        there = {n: m for n, m in self.comments.items() if on.offline or on.has(STATE, compose("{t:t}", t=self.table), n)}
        if there:
            on.strong([self.table], *(compose("COMMENT ON CONSTRAINT {n:i} ON {t:t} IS {m:l}", n=n, t=self.table, m=m) for n, m in there.items()))

    def undo(self) -> Step | None:
        return CommentOnConstraints(self.table, self.was) if self.was else None

    def merge(self, other: Step) -> CommentOnConstraints | None:
        if isinstance(other, CommentOnConstraints) and other.table == self.table:
            return CommentOnConstraints(self.table, self.comments | other.comments, self.was | other.was)
        return None
