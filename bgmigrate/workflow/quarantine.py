"""Contract in two steps, with a way back between them: rename away and keep in step; take back, or drop at last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from alembic.script import Script

from bgmigrate import evidence
from bgmigrate.database import Connection
from bgmigrate.errors import ConfigurationError, NotDrained, Refused
from bgmigrate.findings import Finding
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import environments, fences, quarantines, revisions
from bgmigrate.journal.quarantines import Aside, Quarantine
from bgmigrate.ops.runtime import Runtime, beside
from bgmigrate.ops.set_aside import bound_again, columns_aside, names_back, require_values, table_aside
from bgmigrate.progress import Progress
from bgmigrate.routing import store
from bgmigrate.settings import Settings
from bgmigrate.workflow.apply_contract import Applied, apply, proved, retire, title
from bgmigrate.workflow.closing import disagreements
from bgmigrate.workflow.promotion import is_live
from bgmigrate.workflow.removals import Contracted, contracted


def enter(connection: Connection, project: Project, settings: Settings, scripts: Sequence[Script], seconds: float, say: Progress) -> list[str]:
    """Rename away what these contracts are to drop. Killed anywhere, the same call goes on; returns the versions that this ends."""
    gone: list[str] = []
    for script in scripts:
        say.step(f"quarantine {script.revision}: {title(script)}")
        before = proved(connection, project, settings, script.revision)
        contract = contracted(project, script.revision)
        begun = any(q.revision == script.revision for q in quarantines.all(connection))

        _beside(project, settings, say, partial(_set_aside, contract=contract, begun=begun, seconds=seconds), script.revision)
        with connection.transaction():
            present = _idle(connection, settings)
            quarantines.hold(connection, script.revision, seconds=seconds, retired={})
            gone += retire(connection, project, settings)  # before the evidence is carried on: it is about who is there
            quarantines.hold(connection, script.revision, seconds=seconds, retired=present if gone else {})
            evidence.carry(connection, project, settings, before=before, because=f"contract {script.revision} went into quarantine")
    return gone


def _set_aside(on: Runtime, contract: Contracted, begun: bool, seconds: float) -> None:
    for step in () if begun else contract.looks:  # what would refuse the drop refuses this, too; nothing is changed yet
        step.run(on)
    with on.connection.transaction():
        quarantines.begin(on.connection, contract.revision, service=on.settings.service, seconds=seconds)
    for table in dict.fromkeys(r.table for r in contract.removals if r.column):
        columns_aside(on, contract.revision, table, [r.column for r in contract.removals if r.table == table and r.column])
    for removal in contract.removals:
        if not removal.column:  # last: whatever is done to it before is done under its own name
            table_aside(on, contract.revision, removal.table)


def undo(connection: Connection, project: Project, settings: Settings, to: str | None, say: Progress) -> tuple[list[str], list[Finding]]:
    """Give everything its name and its constraints again; `to`: this contract's and what was set aside after it. Killed anywhere, it goes on.

    Returns the contracts, and what blue reads otherwise than green wrote it. Raises Refused where there is nothing to be had back, or where rows
    break what held before.
    """
    held = _chosen(quarantines.all(connection, settings.service), to)
    begun = {r.revision for r in revisions.all(connection) if r.phase == "contract"}
    if not held or any(q.revision in begun for q in held):
        late = next((q.revision for q in held if q.revision in begun), None)
        raise Refused(
            f"the purge of {late} has begun, so it cannot be taken back" if late else "nothing is in quarantine, so nothing can be taken back",
            why="What it had set aside is being dropped." if late else "", next="bgmigrate contract --purge" if late else "bgmigrate status",
            code="BGM917",
        )
    rows = {q.revision: quarantines.asides(connection, q.revision) for q in held}

    def look(on: Runtime) -> None:
        for asides in rows.values():
            require_values(on, asides)

    _beside(project, settings, say, look, held[-1].revision)
    for q in reversed(held):
        say.step(f"taking back {q.revision}: {_told(rows[q.revision])}")
        before = proved(connection, project, settings, q.revision)

        def work(on: Runtime, revision: str = q.revision) -> None:
            with on.connection.transaction():
                quarantines.become(on.connection, revision, "leaving")
            names_back(on, quarantines.asides(on.connection, revision))
            for row in quarantines.asides(on.connection, revision):
                bound_again(on, row)

        _beside(project, settings, say, work, q.revision)
        with connection.transaction():
            quarantines.end(connection, q.revision)
            environments.bring_back(connection, q.retired)
            if live := store.live(connection, settings.service):
                fences.lift(connection, settings.service, live.idle)
            evidence.carry(connection, project, settings, before=before, because=f"contract {q.revision} was taken back")
    needed = project.closure([q.revision for q in held]) & {s.revision for s in project.expands()}
    return [q.revision for q in held], list(disagreements(connection, needed, say=say).findings)


def purge(
    connection: Connection, project: Project, settings: Settings, to: str | None, least: float | None, say: Progress
) -> tuple[Applied, list[Aside]]:
    """Drop what is in quarantine, by applying its contracts; killed anywhere, the same call goes on. Returns what went with them.

    `least`: refuse (6) what has not been in quarantine for so many seconds.
    """
    held = quarantines.all(connection, settings.service)
    if to is not None:
        names = [s.revision for s in project.contracts() if s.revision.startswith(to)]
        held = [q for q in held if q.revision in project.closure(names)]
    _refuse_half(held, "purge")
    late = next((q for q in held if not is_live(connection, settings.service, project, q.revision)), None)
    if late is not None and not environments.development(connection):
        raise Refused(
            f"the version that contract {late.revision} waits for is not live", why="The live version needs what it drops.",
            next="bgmigrate contract --undo", code="BGM911",
        )
    if least:
        _refuse_young(connection, held, least)
    scripts = {s.revision: s for s in project.contracts()}
    done, dropped = Applied(), list[Aside]()
    for q in held:
        rows = quarantines.asides(connection, q.revision)
        before = proved(connection, project, settings, q.revision)
        say.step(f"purging {q.revision}: {_told(rows)}")

        def work(on: Runtime, revision: str = q.revision) -> None:
            with on.connection.transaction():
                quarantines.become(on.connection, revision, "purging")
            names_back(on, quarantines.asides(on.connection, revision))

        _beside(project, settings, say, work, q.revision)
        one = apply(connection, project, settings, [scripts[q.revision]], say, before)
        done.revisions += one.revisions
        done.steps += one.steps
        done.findings += one.findings
        done.retired += one.retired
        done.archives += one.archives
        dropped += rows
    return done, dropped


def refuse_beside(connection: Connection, project: Project, settings: Settings, scripts: Sequence[Script]) -> None:
    """Raise NotDrained where these contracts, to be applied at once, stand on one that is in quarantine."""
    waits = [q for q in quarantines.all(connection) if any(q.revision in project.closure([s.revision]) for s in scripts)]
    if waits:
        raise NotDrained(
            f"contract {waits[0].revision} is in quarantine until {moment(waits[0].until)}, and what is to be applied stands on it",
            why="It would be dropped before its time, and could not be taken back any more.",
            next="Drop it first: bgmigrate contract --purge; or set the rest aside as well: bgmigrate contract --quarantine DURATION", code="BGM960",
        )


def as_json(connection: Connection, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """What is in quarantine, of these contracts or of all, as `contract --json` and `status --json` have it."""
    return [
        {
            "revision": q.revision, "state": q.state, "since": q.since, "until": q.until, "over": q.over,
            "set_aside": [{"table": a.table, "column": a.column, "name": a.aside} for a in quarantines.asides(connection, q.revision)],
        }
        for q in quarantines.all(connection) if names is None or q.revision in names
    ]


def moment(at: datetime) -> str:
    """As people read it."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _beside(project: Project, settings: Settings, say: Progress, work: Callable[[Runtime], None], revision: str) -> None:
    """On the connection that env.py makes, as every other step: the same role, the same search path."""

    def run(context: object) -> None:
        on = beside(context)  # type: ignore[arg-type]
        on.revision = revision
        work(on)

    attributes = {"bgmigrate.settings": settings, "bgmigrate.progress": say, "bgmigrate.locked": True, "bgmigrate.gate": "open"}
    runner.beside(project, settings.url, run, attributes=attributes)


def _chosen(held: Sequence[Quarantine], to: str | None) -> list[Quarantine]:
    """From that contract on, for what was set aside later may stand on it; all where none is named."""
    if to is None:
        return list(held)
    at = [i for i, q in enumerate(held) if q.revision.startswith(to)]
    if len(at) != 1:
        raise ConfigurationError(
            f"--to {to} names {'no' if not at else 'more than one'} contract in quarantine",
            next=f"In quarantine are: {', '.join(q.revision for q in held) or 'none'}.",
        )
    return list(held[at[0]:])


def _refuse_half(held: Sequence[Quarantine], what: str) -> None:
    """What a killed run has left is gone on with, or taken back, first."""
    for q in held:
        if q.state in ("entering", "leaving"):
            raise Refused(
                f"contract {q.revision} is half {'in quarantine' if q.state == 'entering' else 'taken back'}: no {what} now",
                why="A run was killed while it renamed things; some have their names, others not.",
                next="bgmigrate contract --quarantine DURATION goes on; bgmigrate contract --undo takes it back."
                if q.state == "entering" else "Finish it: bgmigrate contract --undo", code="BGM960",
            )


def _refuse_young(connection: Connection, held: Sequence[Quarantine], least: float) -> None:
    for q in held:
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp() - %s)", (q.since,)).fetchone()
        if q.state == "held" and row and row[0] < least:
            raise NotDrained(
                f"contract {q.revision} has been in quarantine since {moment(q.since)}, which is less than {least:.0f} s",
                why="What may still be missed by somebody would be dropped.", next="Wait, or purge it all the same: bgmigrate contract --purge",
                code="BGM960",
            )


def _idle(connection: Connection, settings: Settings) -> dict[str, str]:
    """The versions of the idle environment that a retirement would end, by id, with their states."""
    live = store.live(connection, settings.service)
    if live is None:
        return {}
    found = {
        "deployed": environments.deployed(connection, settings.service, live.idle),
        "candidate": environments.candidate(connection, settings.service, live.idle),
    }
    return {str(v.id): state for state, v in found.items() if v}


def _told(rows: Sequence[Aside]) -> str:
    return ", ".join(r.what for r in rows) or "nothing that could be renamed away"
