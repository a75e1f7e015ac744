"""Writing the new columns of rows that were there before, in batches."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from bgmigrate.backfill.batch import Batch, Rewrite
from bgmigrate.backfill.loop import run
from bgmigrate.journal import backfills
from bgmigrate.naming import split
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import COLUMNS
from bgmigrate.ops.deferred import BackfillDeferred
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.sync import sparing
from bgmigrate.ops.sync_function import BACKFILL
from bgmigrate.ops.transform import transform_rows
from bgmigrate.sql import compose, load
from bgmigrate.sql.references import references


def fill(on: Runtime, batch: Batch, name: str, prepare: Sequence[str] = ()) -> None:
    """Run a batch over its whole table: printed as one statement offline, one statement on a scratch database, else in short ones by the loop.

    `name`: what the journal calls this backfill of the table. `prepare`: what each session that runs it begins with.
    Raises BackfillDeferred when it is left for later.
    """
    if on.print:
        on.print(batch.statement("true"))
        return
    if on.scratch:
        for statement in (*prepare, batch.statement("true")):
            on.connection.execute(statement.encode())
        return
    with on.connection.transaction():
        state = backfills.open(on.connection, revision=on.revision, table=batch.table, name=name)
    if on.attributes.get("bgmigrate.defer_backfill"):
        raise BackfillDeferred(f"the backfill of {batch.table} is left to `bgmigrate backfill`", next="bgmigrate backfill")
    done = run(on.connection, on.url, state, batch, prepare=prepare, budget=on.settings.expand, progress=on.progress)
    if done.rows:
        rate = f", {done.rows / done.seconds:,.0f} rows/s" if done.seconds else ""
        on.progress.step(f"  backfill {batch.table}: {done.rows:,} rows in {done.batches} batches{rate}")
    if on.watcher:  # the workers' connections are not followed: a batch of no row shows what locks each of theirs took
        for statement in (*prepare, batch.statement("false"), f"RESET {BACKFILL}"):
            on.connection.execute(statement.encode())


@operation("backfill")
@dataclass
class BackfillRows(Step):
    """Rewrite existing rows in short batches in key order; the watermark commits with its batch, so a killed run resumes there.

    `missing`: columns written where they are NULL; `follow`: columns written where they differ. Rows are locked for one batch only.
    A value that the expression of a `tolerate` column cannot take leaves NULL there, as the trigger does; else the row is refused and named.

    `transform`: instead of expressions, a function in Python (`"shop.transforms:encrypt"`) that is given batches of rows, the columns `reads` of
    each and its key, and returns for each what belongs in the columns `writes`, or None. Its values are written only where the row still is what
    was read; what a version writes later is marked by a trigger, and caught up with. Raises Refused (BGM928) before anything changes.
    """

    table: str
    missing: dict[str, str] = field(default_factory=dict)
    follow: dict[str, str] = field(default_factory=dict)
    tolerate: list[str] = field(default_factory=list)
    transform: str = ""
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)

    def run(self, on: Runtime) -> None:
        if self.transform:
            transform_rows(on, self.table, self.transform, self.reads, self.writes)
            return
        types = dict(on.fetch(COLUMNS, compose("{t:t}", t=self.table)))
        if on.offline:
            types = dict.fromkeys((*self.missing, *self.follow), "")
        prepare: list[str] = []
        missing, follow = (self._contained(on, e, types, prepare) for e in (self.missing, self.follow))
        inputs = {} if on.offline or on.scratch else self._inputs(on, types)
        if not (on.offline or on.scratch):
            prepare += sparing(on, self.table, {**self.missing, **self.follow})
        fill(on, Rewrite(table=self.table, missing=missing, follow=follow, types=types, inputs=inputs), self._name(), prepare)

    def _inputs(self, on: Runtime, types: dict[str, str]) -> dict[str, set[str]]:
        """What the expressions of `missing` read, where they give NULL without it; the server is asked."""
        found: dict[str, set[str]] = {}
        nothing = [compose("NULL::{t:q} AS {c:i}", t=t, c=c) for c, t in types.items()]
        for column, expression in self.missing.items():
            query = compose("SELECT ({e:q}) IS NULL FROM (SELECT {n:q}) AS {t:i}", e=expression, n=nothing, t=split(self.table)[1])
            read = references(expression, types)
            with contextlib.suppress(psycopg.Error):  # it says what is wrong with it when it is used
                if not read & self.follow.keys() and on.fetch(query) == [(bool(read),)]:
                    found[column] = read
        return found

    def _contained(self, on: Runtime, expressions: dict[str, str], types: dict[str, str], prepare: list[str]) -> dict[str, str]:
        """The expressions, those of tolerated columns by way of a function that gives NULL where they fail; a session that `prepare` made has it."""
        out, alias = dict(expressions), split(self.table)[1]
        for column in (c for c in expressions if c in self.tolerate and not on.offline):
            name = f"bgm_value_{len(prepare)}"
            prepare.append(load("try_value", name=name, table=self.table, type=types[column], expression=expressions[column], alias=alias))
            out[column] = compose("pg_temp.{n:i}({a:i})", n=name, a=alias)
        return out

    def _name(self) -> str:
        return ",".join((*self.missing, *self.follow))

    def merge(self, other: Step) -> BackfillRows | None:
        if isinstance(other, BackfillRows) and other.table == self.table and not (self.transform or other.transform):
            return BackfillRows(self.table, self.missing | other.missing, self.follow | other.follow, self.tolerate + other.tolerate)
        return None
