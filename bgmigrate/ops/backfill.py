"""Writing the new columns of rows that were there before, in batches."""

from __future__ import annotations

from dataclasses import dataclass, field

from bgmigrate.backfill.batch import Batch, Rewrite
from bgmigrate.backfill.loop import run
from bgmigrate.errors import BgmigrateError
from bgmigrate.journal import backfills
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import COLUMNS
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


class BackfillDeferred(BgmigrateError):
    """Expand was asked to stop before the backfill: what comes after it (indexes, constraints) needs its rows."""


def fill(on: Runtime, batch: Batch, name: str) -> None:
    """Run a batch over its whole table: printed as one statement offline, one statement on a scratch database, else in short ones by the loop.

    `name`: what the journal calls this backfill of the table. Raises BackfillDeferred when it is left for later.
    """
    if on.print:
        on.print(batch.statement("true"))
        return
    if on.scratch:
        on.connection.execute(batch.statement("true").encode())
        return
    with on.connection.transaction():
        state = backfills.open(on.connection, revision=on.revision, table=batch.table, name=name)
    if on.attributes.get("bgmigrate.defer_backfill"):
        raise BackfillDeferred(f"the backfill of {batch.table} is left to `bgmigrate backfill`", next="bgmigrate backfill")
    done = run(on.connection, state, batch, budget=on.settings.expand, progress=on.progress)
    if done.rows:
        rate = f", {done.rows / done.seconds:,.0f} rows/s" if done.seconds else ""
        on.progress.step(f"  backfill {batch.table}: {done.rows:,} rows in {done.batches} batches{rate}")


@operation("backfill")
@dataclass
class BackfillRows(Step):
    """Rewrite existing rows in short batches in key order; the watermark commits with its batch, so a killed run resumes there.

    `missing`: columns written where they are NULL; `follow`: columns written where they differ. Rows are locked for one batch only.
    """

    table: str
    missing: dict[str, str] = field(default_factory=dict)
    follow: dict[str, str] = field(default_factory=dict)

    def run(self, on: Runtime) -> None:
        types = dict(on.fetch(COLUMNS, compose("{t:t}", t=self.table)))
        if on.offline:
            types = dict.fromkeys((*self.missing, *self.follow), "")
        rewrite = Rewrite(table=self.table, missing=self.missing, follow=self.follow, types=types)
        fill(on, rewrite, self._name())

    def _name(self) -> str:
        return ",".join((*self.missing, *self.follow))

    def merge(self, other: Step) -> BackfillRows | None:
        if isinstance(other, BackfillRows) and other.table == self.table:
            return BackfillRows(self.table, self.missing | other.missing, self.follow | other.follow)
        return None
