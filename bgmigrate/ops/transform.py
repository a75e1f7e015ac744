"""What `op.backfill(…, transform="module:function")` does: try the function, set the trigger, run the pass, catch up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from bgmigrate.backfill.catch_up import catch_up
from bgmigrate.backfill.compare_and_set import there
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.keys import Key, key_of
from bgmigrate.backfill.loop import refuse_failures, run
from bgmigrate.backfill.transform import Transform, refused
from bgmigrate.database import Connection
from bgmigrate.journal import backfills, environments, synchronizations
from bgmigrate.ops.columns import COLUMNS
from bgmigrate.ops.deferred import BackfillDeferred
from bgmigrate.ops.heirs import family
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.sync import other_triggers
from bgmigrate.ops.transformed import marking, name_of
from bgmigrate.sql import compose

SAMPLE = 5  # rows that the function is tried on


@dataclass(frozen=True, kw_only=True)
class Making:
    """A batch whose values are made outside of SQL. `statement`: none runs, for the job has a transform."""

    table: str
    transform: Transform

    @property
    def columns(self) -> Sequence[str]:
        """The columns that are written."""
        return self.transform.writes

    def statement(self, within: str) -> str:
        """Nothing."""
        return ""


def transform_rows(on: Runtime, table: str, function: str, reads: Sequence[str], writes: Sequence[str]) -> None:
    """Give rows the values that a function makes. Raises Refused (BGM928) before anything changes, where it cannot be used.

    On a scratch database there is no row to make values of, and no writer to mark one.
    """
    if on.print:
        raise refused(
            f"the backfill of {table} by {function} cannot be printed as SQL", "Its values are made by Python, row by row, in this process.",
            "bgmigrate expand, without --sql.",
        )
    key, transform = _understood(on, table, function, reads, writes)
    if on.scratch:
        return
    transform.try_out(_sample(on, table, key, transform))
    name = ",".join(writes)
    with on.connection.transaction():
        state = backfills.open(on.connection, revision=on.revision, table=table, name=name)
    live = environments.live_environment(on.connection, on.settings.service)
    every = other_triggers(on, table)

    def record(c: Connection, _: object) -> None:
        spec = {"transform": {"function": function, "reads": list(reads), "writes": list(writes), "backfill": state.id}}
        trigger = name_of(table, transform)
        synchronizations.record(c, revision=on.revision, table=table, trigger=trigger, function=trigger, spec=spec)

    on.strong(
        family(on, table), *marking(on, table, key, transform, state.id, "blue" if live == "green" else "green", every),
        lock="SHARE ROW EXCLUSIVE", after=record,
    )
    if on.attributes.get("bgmigrate.defer_backfill"):
        raise BackfillDeferred(f"the backfill of {table} is left to `bgmigrate backfill`", next="bgmigrate backfill")
    batch = Making(table=table, transform=transform)
    done = run(on.connection, on.url, state, batch, budget=on.settings.expand, progress=on.progress)
    caught = catch_up(on.url, state.id, Job.of(on.connection, batch), budget=on.settings.expand, progress=on.progress)
    refuse_failures(on.connection, state)
    left = f"; {caught.left:,} more were written since: bgmigrate backfill" if caught.left else ""
    on.progress.step(f"  backfill {table}: {done.rows + caught.rows:,} rows by {function}{left}")


def try_transform(on: Runtime, table: str, function: str, reads: Sequence[str], writes: Sequence[str]) -> None:
    """Try a function on a few rows before its revision begins; its columns, or its table, may be made by that very revision.

    Raises Refused (BGM928).
    """
    if on.has("SELECT 1 WHERE to_regclass(%s) IS NOT NULL", compose("{t:t}", t=table)):
        columns = dict(on.fetch(COLUMNS, compose("{t:t}", t=table)))
        key, transform = _understood(on, table, function, reads, writes, begun=False)
        transform.try_out(_sample(on, table, key, transform) if {*reads} <= columns.keys() else [])
    else:
        Transform(function=function, reads=tuple(reads), writes=tuple(writes), types=(), key=()).load()


def _sample(on: Runtime, table: str, key: Key, transform: Transform) -> list[dict[str, Any]]:
    """A few rows as the function will be given them."""
    given = list(dict.fromkeys((*key.columns, *transform.reads)))
    query = compose(
        "SELECT {g:i} FROM {t:t} WHERE {w:q} LIMIT {n:l}", g=given, t=table, w=there(transform.reads, key.columns), n=SAMPLE
    )
    with on.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def _understood(
    on: Runtime, table: str, function: str, reads: Sequence[str], writes: Sequence[str], *, begun: bool = True
) -> tuple[Key, Transform]:
    """`begun`: have the revision's steps before it been run, so that its columns must be there?"""
    types = dict(on.fetch(COLUMNS, compose("{t:t}", t=table)))
    why = "Nothing was changed."
    mend = "Correct the arguments of op.backfill in the revision, then run the same command again."
    if not reads or not writes:
        raise refused(f"the transform {function} of {table} does not say what it reads and writes", why, f"Give reads=[…] and writes=[…]. {mend}")
    if begun and (missing := [c for c in (*reads, *writes) if c not in types]):
        raise refused(f"{table} has no column {', '.join(missing)}, which {function} is to read or write", why, mend)
    key = key_of(on.connection, table)
    if key is None:
        raise refused(
            f"{table} has no key, so no row can be told from another when {function} has made its value", why,
            f"Give {table} a primary key, or a unique one over NOT NULL columns, in an earlier release.",
        )
    if both := {*writes} & {*reads, *key.columns}:
        raise refused(
            f"{function} writes {', '.join(sorted(both))} of {table}, which it reads", "A row that is done could not be told from one that is not, "
            f"and the live version would meet values that it does not know. {why}", "Let it write a new column.",
        )
    return key, Transform(function=function, reads=tuple(reads), writes=tuple(writes), types=tuple(types.get(w, "") for w in writes), key=key.columns)
