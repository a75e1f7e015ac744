"""A plan proves itself before it is written: carried out on a throw-away database it ends in green's schema, and undone it leaves no trace."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import psycopg

from bgmigrate import catalog
from bgmigrate.catalog import Schema
from bgmigrate.changes import Differences, Planned
from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.ops import Step
from bgmigrate.ops.runtime import Runtime
from bgmigrate.planner.diff import diff
from bgmigrate.planner.propose import Proposal
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot

Row = tuple[Any, ...]


def prove(connection: Connection, differences: Differences, proposal: Proposal, settings: Settings, ignore: set[str]) -> None:
    """Run expand, rollback, expand and contract on the migrations' schema.

    Raises Refused when the server refuses an expression, rollback leaves a trace, or the end is not the target's schema.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS bgmigrate")
    runtime = Runtime(connection, "", settings, Progress(-1), {"bgmigrate.scratch": True})
    before = set(catalog.everything(connection, ignore=ignore))
    _run(runtime, (p.step for p in proposal.expand))
    expanded = set(catalog.everything(connection, ignore=ignore))
    _run(runtime, undone(proposal.expand))
    stays = {thing for p in proposal.expand for thing in p.step.stays()}
    if found := trace(before, expanded, set(catalog.everything(connection, ignore=ignore)), stays):
        raise _wrong("rollback would leave a trace", found)
    _run(runtime, (p.step for p in (*proposal.expand, *proposal.contract)))
    end = catalog.read(connection, ignore=ignore)
    rest = [str(d) for d in diff(only(end, differences.final), differences.final, _target(differences), differences.blue)]
    if rest:
        raise _wrong("it would not end in the target's schema", rest)


def trace(before: set[Row], expanded: set[Row], after: set[Row], stays: Collection[tuple[str, str]]) -> list[str]:
    """What rollback has left or taken, in words; but for what a step says that it cannot take back, where that stands as expand left it."""
    told = {r for r in after & expanded if r[:2] in stays}
    found = before ^ ((after - told) | {r for r in before if r[:2] in {t[:2] for t in told}})
    return list(dict.fromkeys(f"{kind} {name}" for kind, name, _ in sorted(found)))


def undone(planned: Iterable[Planned]) -> list[Step]:
    """What rollback runs: each step's undoing in reverse order, those first that data may forbid, and before them those that only look."""
    groups = [p.undone for p in reversed(list(planned)) if p.undone]
    ordered = [step for group in sorted(groups, key=lambda g: not g[0].may_refuse) for step in group]
    return [step for looks in (True, False) for step in ordered if step.looks is looks]


def _run(runtime: Runtime, steps: Iterable[Step]) -> None:
    for step in steps:
        try:
            step.run(runtime)
        except psycopg.Error as error:
            raise _wrong("the server refuses one of its steps", [f"{step.verb}: {(error.diag.message_primary or str(error)).strip()}"]) from error


def only(schema: Schema, wanted: Schema) -> Schema:
    """Without the tables and types that are none of the models' business."""
    return Schema(
        tables={k: t for k, t in schema.tables.items() if k in wanted.tables}, types={k: t for k, t in schema.types.items() if k in wanted.types},
        sequences=schema.sequences, things=schema.things,
    )


def _target(differences: Differences) -> Snapshot:
    """The target under its own names."""
    return replace(differences.target, tables={differences.named(k): t for k, t in differences.target.tables.items()})


def _wrong(what: str, details: list[str]) -> Refused:
    return Refused(
        f"this plan is refused, because {what}: {'; '.join(details[:5])}",
        why="It was carried out on a throw-away database and compared with the target's own schema. Nothing was written.",
        next="Take this change out of the release, or split it by hand; and please report it: it is a fault of bgmigrate.",
    )


