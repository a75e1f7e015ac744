"""A comment on a constraint. Alembic does not compare them, and what is built anew loses its comment; ours says it again on what took the name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import CommentOnConstraints


@dataclass(frozen=True, kw_only=True)
class ConstraintComment(Change):
    """COMMENT ON CONSTRAINT in expand; in contract on one that is not there, under its name and as green has it, before."""

    kind: ClassVar[str] = "constraint_comment"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Reads and writes as ever; nothing in its statements depends on a comment.",
        green="The same.",
        wrong=("The comment on a constraint that contract adds or makes anew is there when contract is done, not before.",),
    )

    name: str
    have: str | None
    want: str | None
    new: bool  # is the table green's alone?
    early: bool  # is the constraint there before contract, as it is to stay?

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint comment"):
            assert d.table
            differences.take(d)
            want = differences.green.tables[d.table].constraints[d.name]
            out.append(cls._of(differences, d.table, want, d.have))
        said = {(c.table, c.name) for c in out}
        for table, constraint in _built_anew(differences):
            if (table, constraint.name) not in said:
                out.append(cls._of(differences, table, constraint, None))
        return out

    @classmethod
    def _of(cls, differences: Differences, table: str, want: Constraint, have: str | None) -> Self:
        before = differences.renamed.tables.get(table)
        there = before.constraints.get(want.name) if before else None
        stays = there is not None and there.definition == want.definition and want.name not in {c.name for _, c in _built_anew(differences)}
        return cls(table=table, name=want.name, have=have, want=want.comment, new=before is None, early=stays or before is None)

    @property
    def subject(self) -> str:
        return f"{self.table}.{self.name}"

    def _say(self, stage: Stage) -> list[Planned]:
        assert self.table
        step = CommentOnConstraints(self.table, {self.name: self.want}, {self.name: self.have})
        why = f"Comment on {self.name}: SHARE UPDATE EXCLUSIVE for an instant, no row is touched."
        return [Planned(stage=stage, step=step, because=(why,), undo=() if self.new else None)]  # that of a new table goes with it

    def expand(self) -> list[Planned]:
        return self._say(Stage.CATALOG) if self.early else []

    def contract(self) -> list[Planned]:
        return [] if self.early else self._say(Stage.COMMENTS)


def _built_anew(differences: Differences) -> Iterator[tuple[str, Constraint]]:
    """Constraints with a comment that become others, or get a twin because a column of theirs gets a successor."""
    for table in differences.green.tables.values():
        before = differences.renamed.tables.get(table.key)
        for c in table.constraints.values():
            if c.comment and before and c.name in before.constraints and before.constraints[c.name].definition != c.definition:
                yield table.key, c
    for move in differences.moves:
        for table in differences.green.tables.values():
            for c in table.constraints.values():
                if c.comment and ((table.key == move.table and move.final in c.columns) or c.references == move.table):
                    yield table.key, c
