"""Apply what only the live version can live with, when the old one is provably gone."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import Any

from alembic.script import Script

from bgmigrate import evidence, journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.findings import Finding
from bgmigrate.gate import Verdict
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import environments, revisions
from bgmigrate.journal import evidence as evidence_rows
from bgmigrate.locking import run_lock
from bgmigrate.pooler import refuse_pooler
from bgmigrate.progress import Progress
from bgmigrate.routing import store
from bgmigrate.settings import Settings
from bgmigrate.workflow.guards import contract_verdict
from bgmigrate.workflow.report import Report


def contract(
    settings: Settings, *, to: str | None = None, wait_drained: float = 0.0, drained: str | None = None, fence: bool = False,
    quarantine: float | None = None, undo: bool = False, purge: bool = False, dry_run: bool = False, wait: float = 0.0,
    progress: Progress | None = None,
) -> Report:
    """Apply the contract branch as far as its expands are applied; killed anywhere, the same call goes on where it stopped.

    `wait_drained`: seconds to wait for the retired version's sessions to end. `drained`: a statement that it is gone, kept as evidence.
    Raises Refused (3), EvidenceMissing (4) or NotDrained (6) with every reason at once, Conflict (5) for locks.
    """
    say = progress or Progress()
    _unsupported(settings, fence, quarantine, undo)
    if purge:
        return _nothing(settings, "nothing is in quarantine")
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
        todo = _todo(project, c, to)
        if not todo:
            return _nothing(settings, "no contract is pending")
        verdict = _ask(c, project, settings, [s.revision for s in todo], drained, wait_drained, say)
        verdict.enforce(revisions=[s.revision for s in todo])
        if dry_run:
            return _open(c, project, settings, todo)
        if drained:
            _state(c, settings, drained, evidence.current(c, project, settings))
        steps: list[dict[str, Any]] = []
        findings: list[Finding] = []
        retired: list[str] = []
        for script in todo:
            say.step(f"contract {script.revision}: {(script.doc or '').splitlines()[0] if script.doc else ''}")
            before = _proved(c, project, settings, script.revision)
            try:
                runner.upgrade(
                    project, settings.url, script.revision,
                    attributes={"bgmigrate.settings": settings, "bgmigrate.progress": say, "bgmigrate.locked": True, "bgmigrate.steps": steps,
                                "bgmigrate.findings": findings, "bgmigrate.gate": "open"},
                )
            except Refused:
                if all(r.revision != script.revision for r in revisions.all(c)):  # nothing was changed; the branch's anchor may have been recorded
                    evidence.carry(c, project, settings, before=before, because=f"contract {script.revision} was refused")
                raise
            with c.transaction():
                revisions.finish(c, script.revision)
                retired = _retire(c, project, settings)  # before the evidence is carried on: it is about who is there
                evidence.carry(c, project, settings, before=before, because=f"contract {script.revision} was applied")
    return Report(
        command="contract", outcome="done", service=settings.service, findings=tuple(findings),
        extra={"revisions": [s.revision for s in todo], "steps": steps},
        lines=(f"applied {', '.join(s.revision for s in todo)}", *(f"{v} can run on this schema no more: retired" for v in retired)),
        next="bgmigrate status",
    )


def _open(connection: Connection, project: Project, settings: Settings, todo: list[Script]) -> Report:
    revisions_ = [s.revision for s in todo]
    return Report(
        command="contract", outcome="done", service=settings.service, fingerprint=evidence.current(connection, project, settings),
        extra={"revisions": revisions_, "steps": [], "dry_run": True}, lines=(f"the gate is open: {', '.join(revisions_)} may be applied",),
        next="bgmigrate contract",
    )


def _proved(connection: Connection, project: Project, settings: Settings, contract: str) -> str:
    """The fingerprint that the evidence for this contract has: of things as they are, or as they were when it was begun and killed."""
    last = evidence_rows.latest(connection, settings.service)
    begun = any(r.revision == contract for r in revisions.all(connection))
    return last.fingerprint if begun and last else evidence.current(connection, project, settings)


def _retire(connection: Connection, project: Project, settings: Settings) -> list[str]:
    """When nothing is left to contract, the idle environment's version is gone for good: the next verification does not try it."""
    live = store.live(connection, settings.service)
    if live is None or project.pending_contracts(connection):
        return []
    return environments.retire(connection, service=settings.service, environment=live.idle)


def _unsupported(settings: Settings, fence: bool, quarantine: float | None, undo: bool) -> None:
    wanted = quarantine if quarantine is not None else settings.contract.quarantine
    if wanted:
        raise ConfigurationError(
            "quarantine is not supported yet: contract drops at once", why="It would look as if what is dropped could be had back.",
            next="Set contract.quarantine to 0, or wait for a later version.",
        )
    if fence:
        raise ConfigurationError("--fence is not supported yet", next="ALTER ROLE … NOLOGIN by hand, then run without --fence.")
    if undo:
        raise Refused("nothing is in quarantine, so nothing can be taken back", next="bgmigrate status", code="BGM917")


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


def _ask(
    connection: Connection, project: Project, settings: Settings, contracts: list[str], drained: str | None, wait_drained: float, say: Progress
) -> Verdict:
    """The gate's verdict; while sessions are all that is in the way, it is asked again until they are gone and quiet, or time is up."""
    deadline = time.monotonic() + wait_drained
    quiet_since: float | None = None
    said, first = "", True
    ask = functools.partial(contract_verdict, connection, project, settings, contracts, drained, say=say)
    while True:
        verdict = ask(rows=first)  # not all rows at every look: again when nothing else is in the way
        now = time.monotonic()
        if verdict.open:
            quiet_since = quiet_since or now
            if now - quiet_since >= settings.contract.quiet_for or drained:
                return verdict if first else ask()
        else:
            quiet_since = None
            waiting = {f.code for f in verdict.findings} == {"BGM912"}
            if not waiting or now >= deadline:
                return verdict
            if said != (said := verdict.findings[0].what):
                say.step(f"waiting: {said}")
        first = False
        time.sleep(0.25)


def _state(connection: Connection, settings: Settings, drained: str, fingerprint: str) -> None:
    with connection.transaction():
        evidence_rows.record(
            connection, service=settings.service, kind="drained", fingerprint=fingerprint, outcome="stated", document={"reason": drained}
        )


def _nothing(settings: Settings, text: str) -> Report:
    return Report(
        command="contract", outcome="nothing_to_do", service=settings.service, extra={"revisions": [], "steps": []}, lines=(f"nothing to do: {text}",)
    )
