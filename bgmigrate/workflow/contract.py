"""Apply what only the live version can live with, when the old one is provably gone."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from alembic.script import Script

from bgmigrate import evidence, journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import ConfigurationError
from bgmigrate.findings import Finding
from bgmigrate.history.project import Project
from bgmigrate.journal import evidence as evidence_rows
from bgmigrate.journal import quarantines, revisions
from bgmigrate.journal.quarantines import Aside, Quarantine
from bgmigrate.locking import run_lock
from bgmigrate.pooler import refuse_pooler
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.apply_contract import Applied, apply
from bgmigrate.workflow.drained import ask
from bgmigrate.workflow.quarantine import as_json, enter, moment, refuse_beside
from bgmigrate.workflow.quarantine import purge as drop
from bgmigrate.workflow.quarantine import undo as take_back
from bgmigrate.workflow.report import Report


def contract(
    settings: Settings, *, to: str | None = None, wait_drained: float = 0.0, drained: str | None = None, fence: bool = False,
    quarantine: float | None = None, undo: bool = False, purge: bool = False, dry_run: bool = False, wait: float = 0.0,
    progress: Progress | None = None,
) -> Report:
    """Apply the contract branch as far as its expands are applied; killed anywhere, the same call goes on where it stopped.

    `wait_drained`: seconds to wait for the retired version's sessions to end. `drained`: a statement that it is gone, kept as evidence.
    `fence`: keep its role from logging in, once nothing else is in the way.
    `quarantine`: seconds for which what would be dropped is only renamed away (None: as configured; 0: not at all). `undo` takes that back,
    `purge` drops it; with `quarantine` as well only what has been there so long.
    Raises Refused (3), EvidenceMissing (4) or NotDrained (6) with every reason at once, Conflict (5) for locks.
    """
    say = progress or Progress()
    if undo and purge:
        raise ConfigurationError("--undo and --purge exclude each other", next="Decide: what is purged cannot be taken back.")
    if dry_run and (undo or purge):
        raise ConfigurationError("--dry-run asks the gate, which --undo and --purge have not", next="bgmigrate status says what is in quarantine.")
    project = Project.open(settings)
    project.anchor("contract")
    refuse_pooler(settings.url)
    with connect(settings.url, purpose="contract") as c:
        project.applied(c)
    journal.ensure(settings.url)
    with contextlib.ExitStack() as stack:
        if not dry_run:
            stack.enter_context(run_lock(settings.url, settings.service, command="contract", wait=wait))
        c = stack.enter_context(connect(settings.url, purpose="contract"))
        if undo:
            return _undone(settings, *take_back(c, project, settings, to, say))
        if purge:
            return _purged(settings, *drop(c, project, settings, to, quarantine, say))
        seconds = settings.contract.quarantine if quarantine is None else quarantine
        held = {q.revision: q for q in quarantines.all(c)}
        todo = [s for s in _todo(project, c, to) if s.revision not in held or (seconds and held[s.revision].state == "entering")]
        if not todo:
            return _nothing(settings, _waiting(list(held.values())) or "no contract is pending", "bgmigrate contract --purge" if held else "")
        if not seconds:
            refuse_beside(c, project, settings, todo)
        verdict = ask(c, project, settings, [s.revision for s in todo], drained=drained, wait=wait_drained, fence=fence and not dry_run, say=say)
        verdict.enforce(revisions=[s.revision for s in todo])
        if dry_run:
            return _open(c, project, settings, todo)
        if drained:
            _state(c, settings, drained, evidence.current(c, project, settings))
        if seconds:
            return _held(settings, todo, enter(c, project, settings, todo, seconds, say), c)
        done = apply(c, project, settings, todo, say)
    return Report(
        command="contract", outcome="done", service=settings.service, findings=tuple(done.findings),
        extra={"revisions": done.revisions, "steps": done.steps, "archives": done.archives},
        lines=(f"applied {', '.join(done.revisions)}", *(f"version {v} can run on this schema no more: retired" for v in done.retired)),
        next="bgmigrate status",
    )


def _open(connection: Connection, project: Project, settings: Settings, todo: list[Script]) -> Report:
    revisions_ = [s.revision for s in todo]
    return Report(
        command="contract", outcome="done", service=settings.service, fingerprint=evidence.current(connection, project, settings),
        extra={"revisions": revisions_, "steps": [], "dry_run": True}, lines=(f"the gate is open: {', '.join(revisions_)} may be applied",),
        next="bgmigrate contract",
    )


def _held(settings: Settings, scripts: Sequence[Script], gone: list[str], connection: Connection) -> Report:
    names = [s.revision for s in scripts]
    rows = [a for r in names for a in quarantines.asides(connection, r)]
    until = max(q.until for q in quarantines.all(connection) if q.revision in names)
    return Report(
        command="contract", outcome="done", service=settings.service,
        extra={"revisions": names, "steps": [], "quarantine": as_json(connection, names)},
        lines=(
            f"in quarantine until {moment(until)}: {', '.join(names)}", *(f"  {a.what} is {a.aside} now, and kept in step" for a in rows),
            *(() if rows else ("  nothing of it could be renamed away: all of it waits for the purge",)),
            *(f"version {v} can run on this schema no more: retired" for v in gone),
        ),
        next="bgmigrate contract --purge, when nobody misses anything; bgmigrate contract --undo, when somebody does",
    )


def _undone(settings: Settings, names: list[str], findings: list[Finding]) -> Report:
    return Report(
        command="contract", outcome="done", service=settings.service,
        extra={"revisions": names, "steps": []}, findings=tuple(replace(f, severity="warning") for f in findings),
        lines=(f"taken back: {', '.join(names)}; both versions run on this schema",), next="bgmigrate status",
    )


def _purged(settings: Settings, done: Applied, rows: list[Aside]) -> Report:
    if not done.revisions:
        return _nothing(settings, "nothing is in quarantine")
    return Report(
        command="contract", outcome="done", service=settings.service, findings=tuple(done.findings),
        extra={
            "revisions": done.revisions, "steps": done.steps, "archives": done.archives,
            "purged": [{"table": r.table, "column": r.column} for r in rows],
        },
        lines=(f"purged {', '.join(done.revisions)}", *(f"  {r.what} is gone" for r in rows),
               *(f"version {v} can run on this schema no more: retired" for v in done.retired)),
        next="bgmigrate status",
    )


def _waiting(held: Sequence[Quarantine]) -> str:
    return "; ".join(f"{q.revision} is in quarantine until {moment(q.until)}" + (", which has passed" if q.over else "") for q in held)


def _todo(project: Project, connection: Connection, to: str | None) -> list[Script]:
    """The pending contracts up to `to`; without it, as far as their expands have been begun (all, where none has)."""
    pending = project.pending_contracts(connection)
    if to is not None:
        found = [s.revision for s in project.contracts() if s.revision.startswith(to)]
        if len(found) != 1:
            known = ", ".join(s.revision for s in project.contracts()) or "none"
            raise ConfigurationError(
                f"--to {to} names {'no' if not found else 'more than one'} contract revision", next=f"Contract revisions are: {known}."
            )
        return [s for s in pending if s.revision in project.closure(found)]
    begun = {r.revision for r in revisions.all(connection)} | project.applied(connection)
    expands = {s.revision for s in project.expands()}
    ready = [s for s in pending if project.closure([s.revision]) & expands <= begun]
    return ready or pending


def _state(connection: Connection, settings: Settings, drained: str, fingerprint: str) -> None:
    with connection.transaction():
        evidence_rows.record(
            connection, service=settings.service, kind="drained", fingerprint=fingerprint, outcome="stated", document={"reason": drained}
        )


def _nothing(settings: Settings, text: str, next: str = "") -> Report:
    return Report(
        command="contract", outcome="nothing_to_do", service=settings.service, extra={"revisions": [], "steps": []},
        lines=(f"nothing to do: {text}",), next=next,
    )
