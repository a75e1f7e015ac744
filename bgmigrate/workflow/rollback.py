"""Undo an expand whose version never stayed live, leaving no trace."""

from __future__ import annotations

from typing import Any

from bgmigrate import journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.locking import run_lock
from bgmigrate.pooler import refuse_pooler
from bgmigrate.progress import Progress
from bgmigrate.routing import store
from bgmigrate.routing.store import Live
from bgmigrate.settings import Settings
from bgmigrate.workflow.guards import refuse_in_quarantine
from bgmigrate.workflow.promotion import begun_since
from bgmigrate.workflow.report import Report


def rollback(settings: Settings, *, wait: float = 0.0, progress: Progress | None = None) -> Report:
    """Undo every expand that was begun since the live version was made live; the revision files stay.

    An expand that was killed half-way is undone as well. Raises Refused (exit 3) when a contract of it has been applied, or when the new
    version has written what the old rules forbid.
    """
    say = progress or Progress()
    project = Project.open(settings)
    project.anchor("expand")
    refuse_pooler(settings.url)
    with connect(settings.url, purpose="rollback") as c:
        project.applied(c)
        if not journal.exists(c):
            return _nothing(settings, "nothing was expanded on this database")
    journal.ensure(settings.url)
    with run_lock(settings.url, settings.service, command="rollback", wait=wait), connect(settings.url, purpose="rollback") as c:
        undo = [r.revision for r in begun_since(c, settings.service)]
        if not undo:
            live = store.live(c, settings.service)
            _refuse_live(project, c, live)
            return _nothing(settings, f"nothing was expanded since {live.environment} was made live" if live else "nothing was expanded")
        _refuse_contracted(project, c, undo)
        refuse_in_quarantine(c, project, undo)
        ordered = [s.revision for s in project.expands() if s.revision in undo]
        half = [r for r in ordered if r not in project.applied(c)]
        if half:  # begun and not finished: Alembic does not know of it, and would not take it back
            runner.stamp(project, settings.url, *project.recorded(c), *half)
        for revision in reversed(ordered):
            say.step(f"undoing expand {revision}")
        steps: list[dict[str, Any]] = []
        stays: list[Finding] = []
        applied = project.applied(c)
        joined = [s.revision for s in project.expands() if isinstance(s.down_revision, tuple) and s.revision in applied]
        above = [r for r in joined if project.closure([r]) & {*ordered}]  # revisions that merge what is undone
        runner.undo(
            project, settings.url, [s.revision for s in reversed(project.expands()) if s.revision in {*ordered, *above}],
            attributes={"bgmigrate.settings": settings, "bgmigrate.progress": say, "bgmigrate.locked": True, "bgmigrate.steps": steps,
                        "bgmigrate.findings": stays,
                        "bgmigrate.gate": "open"},
        )
    return Report(
        command="rollback", outcome="done", service=settings.service, findings=tuple(stays),
        extra={"revisions": list(reversed(ordered)), "steps": steps},
        lines=(f"undone: {', '.join(reversed(ordered))}; the revision files are kept",),
        next="bgmigrate expand, to try again; or delete the revision files",
    )


def _refuse_live(project: Project, connection: Connection, live: Live | None) -> None:
    """An expand that waits for its contract and cannot be undone is no "nothing to do"."""
    applied = project.applied(connection)
    pairs = [(s.revision, project.contract_of(s.revision)) for s in project.expands() if s.revision in applied]
    waiting = [expand for expand, contract in pairs if contract is not None and contract.revision not in applied]
    if live is not None and waiting:
        raise Refused(
            f"expand {waiting[-1]} cannot be undone: {live.environment} is live and runs on what it made",
            why="The live version's requests would fail.",
            next=f"bgmigrate switch --to {live.idle}, then bgmigrate rollback; or go on: bgmigrate contract", code="BGM917",
        )


def _refuse_contracted(project: Project, connection: Connection, undo: list[str]) -> None:
    applied = project.applied(connection)
    for revision in undo:
        contract = project.contract_of(revision)
        if contract is not None and contract.revision in applied:
            raise Refused(
                f"expand {revision} cannot be undone: its contract {contract.revision} has been applied",
                why="What blue needs has been dropped.", next="Go forward: change the models and run `bgmigrate plan`.", code="BGM917",
            )


def _nothing(settings: Settings, text: str) -> Report:
    return Report(command="rollback", outcome="nothing_to_do", service=settings.service, extra={"revisions": []}, lines=(f"nothing to do: {text}",))
