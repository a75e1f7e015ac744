"""A check of the same name with another text, which Alembic does not compare.

Ours lets PostgreSQL itself prove which of the two is the stricter one, and so keeps the rows under a rule for as long as both versions obey it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.beside import added, exchanged, given_back
from bgmigrate.changes.demands import Demand, asked, of_constraint
from bgmigrate.changes.difference import Difference, Differences
from bgmigrate.changes.satisfied import in_expand
from bgmigrate.ops import RemoveConstraint
from bgmigrate.sql.violations import check_text

# What can be true or false of a NULL; elsewhere NULL gives NULL, which every check lets pass.
_OF_NULL = re.compile(r"\b(?:is|coalesce|case|nullif|distinct)\b", re.I)


@dataclass(frozen=True, kw_only=True)
class ChangeCheck(Change):
    """`tighter`: exchanged in contract. `looser`: exchanged in expand. `other`: the old one is dropped in expand, the new one added in contract."""

    kind: ClassVar[str] = "change_check"
    rank: ClassVar[int] = 58
    page: ClassVar[Page] = Page(
        blue="Writes as before. Where PostgreSQL cannot prove that the new check is the stricter one, the old one is gone from expand on.",
        green="Writes what its own check allows; the database enforces it from contract on, or from expand on where blue obeys it as well.",
        wrong=(
            "Rows that break the new check: plan warns, expand refuses (unless `on_violation` is \"later\"), contract refuses.",
            "Neither check holds between expand and contract where neither is proved to be the stricter one.",
            "Rollback refuses while rows break the old check, with their number and five keys.",
        ),
    )

    have: Constraint
    want: Constraint
    way: Literal["tighter", "looser", "other"]
    demand: Demand | None
    back: Demand | None
    goes: bool  # with a column whose type changes under the same name, when contract drops that

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("constraint"):
            if d.have is None or d.want is None or {d.have.kind, d.want.kind} != {"c"} or d.have.definition == d.want.definition:
                continue
            differences.take(d)
            heads, green = differences.heads.tables[d.table or ""], differences.green.tables[d.table or ""]
            out.append(
                cls(
                    table=d.table, have=d.have, want=d.want, way=_way(differences, d), demand=of_constraint(differences, green, d.want),
                    back=of_constraint(differences, heads, d.have),
                    goes=any(m.table == d.table and m.final in d.want.columns for m in differences.moves),
                )
            )
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        steps = asked(self.demand, early=True)
        if self.way == "looser":
            steps += exchanged(self.table, self.have, self.want, Stage.CONSTRAINTS, self.back)
        elif self.way == "other":
            why = f"{self.have.name}: green's values need not obey the old text. ACCESS EXCLUSIVE for an instant, no row is touched."
            remove = RemoveConstraint(self.table, self.have.name)
            steps.append(Planned(stage=Stage.LOOSEN, step=remove, because=(why,), undo=given_back(self.table, self.have, self.back)))
        return steps

    def contract(self) -> list[Planned]:
        assert self.table
        if self.way == "looser" and not self.goes:
            return []
        if self.way == "tighter":
            return [*asked(self.demand), *exchanged(self.table, self.have, self.want, Stage.AFTER, self.back)]
        return [*asked(self.demand), added(self.table, self.want, Stage.AFTER)]


def _way(differences: Differences, d: Difference) -> Literal["tighter", "looser", "other"]:
    assert d.table
    if in_expand(differences, d.table, d.want):
        return "looser"
    old, new = check_text(d.have.definition), check_text(d.want.definition)
    if old is None or new is None or _OF_NULL.search(old) or _OF_NULL.search(new):
        return "other"
    if differences.on_heads.implies(d.table, new, old):
        return "tighter"
    return "looser" if d.have.validated and differences.on_heads.implies(d.table, old, new) else "other"
