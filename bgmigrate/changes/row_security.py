"""Row level security that the models set up by DDL of their own: policies, and whether a table has them in force.

Alembic does not look at it. A policy decides what a statement sees and may write, so ours leaves blue's in force until blue is gone; only one
that lets more through, where policies are in force already, comes with expand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Thing
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import AlterInCatalog, Attach, Detach


@dataclass(frozen=True, kw_only=True)
class RowSecurity(Change):
    """CREATE POLICY that lets more through, and all of a new table, in expand; the rest, and ENABLE, FORCE and DISABLE, in contract."""

    kind: ClassVar[str] = "row_security"
    rank: ClassVar[int] = 60
    page: ClassVar[Page] = Page(
        blue="Sees and writes the rows that its own policies let through; a new permissive policy may let more through from expand on.",
        green="Its permissive policies are there when it goes live, where policies are in force already. Everything else holds from contract on.",
        wrong=(
            "Until contract a table that green wants protected is as open as blue has it.",
            "A table's owner and superusers are bound by no policy unless it is forced.",
        ),
    )

    policy: str  # "" where it is about the table as a whole
    have: Thing | tuple[bool, bool] | None
    want: Thing | tuple[bool, bool] | None
    early: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("policy", "row security"):
            differences.take(d)
            table = differences.heads.tables.get(d.table or "")
            lets_more = d.what == "policy" and d.have is None and "restrictive" not in d.want.traits
            out.append(cls(
                table=d.table, policy=d.name, have=d.have, want=d.want,
                early=table is None or (lets_more and table.row_security[0] and differences.green.tables[table.key].row_security[0]),
            ))
        return out

    @property
    def subject(self) -> str:
        return ".".join(filter(None, (self.table, self.policy)))

    def _step(self, stage: Stage) -> Planned:
        assert self.table
        lock = "ACCESS EXCLUSIVE for an instant, no row is touched."
        if isinstance(self.want, Thing):
            step = Attach("policy", self.table, self.policy, self.want.definition)
            return Planned(stage=stage, step=step, because=(f"Policy {self.policy}: what green's statements see and may write. {lock}",))
        if self.want is None:
            return Planned(stage=stage, step=Detach("policy", self.table, self.policy), because=(f"Policy {self.policy}: only blue had it. {lock}",))
        enabled, forced = self.want
        actions = [f"{'ENABLE' if enabled else 'DISABLE'} ROW LEVEL SECURITY", f"{'FORCE' if forced else 'NO FORCE'} ROW LEVEL SECURITY"]
        why = f"Row level security of {self.table}: as green has it. {lock}"
        return Planned(stage=stage, step=AlterInCatalog(self.table, actions), because=(why,))

    def expand(self) -> list[Planned]:
        return [self._step(Stage.CATALOG)] if self.early else []

    def contract(self) -> list[Planned]:
        return [] if self.early else [self._step(Stage.AFTER)]

    def warnings(self) -> list[Finding]:
        if self.early:
            return []
        subject = f"the policy {self.policy}" if self.policy else "row level security"
        return [
            Finding(
                code="BGM123", severity="warning", table=self.table,
                what=f"until contract, {subject} of {self.table} is as blue has it, for green too",
                why="Policies bind whoever runs the statement; in force earlier they could hide rows from blue, or refuse its writes.",
                next="Let green filter and check by itself meanwhile, where it must not see or write more.",
            )
        ]
