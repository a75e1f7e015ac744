"""Making the new table's rows for old rows that were there before, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bgmigrate.naming import ident, split
from bgmigrate.ops.backfill import fill
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.move import move_of
from bgmigrate.ops.move_rules import Moved
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load


@dataclass(frozen=True, kw_only=True)
class Insertion:
    """The INSERT of one batch: bounded by a range of the old table's key, making only rows that are not there."""

    move: Moved

    @property
    def table(self) -> str:
        """The table whose rows are visited."""
        return self.move.old

    @property
    def columns(self) -> tuple[str, ...]:
        """None of that table's is written."""
        return ()

    def statement(self, within: str) -> str:
        """The INSERT for old rows within a condition."""
        m, o = self.move, split(self.move.old)[1]
        rows = [
            compose("SELECT {v:q} FROM bgm_rows AS {o:i} WHERE ({w:q})", v=[f"({e})" for e in p.forward.values()], o=o, w=p.when) for p in m.parts
        ]
        return load(
            "move_rows", name=m.name(), old=m.old, new=m.new, o=o, within=within, todo=" OR ".join(self._missing(o)), order=list(m.link.values()),
            columns=list(m.parts[0].forward), rows="\nUNION ALL ".join(rows), key=list(m.key),
        )

    def _missing(self, old: str) -> list[str]:
        absent = "({w:q}) AND NOT EXISTS (SELECT FROM {n:t} AS bgm_new WHERE {m:q})"
        return [f"({compose(absent, w=p.when, n=self.move.new, m=self.move.mine(p, 'bgm_new', ident(old)))})" for p in self.move.parts]


@operation("backfill_table")
@dataclass
class BackfillTable(Step):
    """Make the new table's rows in short batches in the old one's key order; the watermark commits with its batch, so a killed run resumes there.

    Rows that a trigger has made already are newer, and stay. The old rows are locked for one batch only.
    """

    old: str
    new: str
    key: list[str]
    parts: list[dict[str, Any]]

    def run(self, on: Runtime) -> None:
        move = move_of(None if on.offline else on.connection, self.old, self.new, self.key, self.parts, {})
        fill(on, Insertion(move=move), self.new)
