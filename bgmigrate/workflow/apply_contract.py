"""Contract revisions, carried out one after another: what the gate has let through, and what a purge drops at last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.script import Script

from bgmigrate import evidence
from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import environments, quarantines, revisions
from bgmigrate.journal import evidence as evidence_rows
from bgmigrate.progress import Progress
from bgmigrate.routing import store
from bgmigrate.settings import Settings
from bgmigrate.workflow.archive import archive
from bgmigrate.workflow.removals import contracted


@dataclass
class Applied:
    """What applying them has come to so far."""

    revisions: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)


def apply(connection: Connection, project: Project, settings: Settings, scripts: Sequence[Script], say: Progress, before: str = "") -> Applied:
    """Run them to their end. Killed anywhere, the same call goes on. Raises Refused where the data do not allow it.

    `before`: the fingerprint that the evidence for the first of them has, where it is not that of things as they are.
    """
    done = Applied()
    for script in scripts:
        say.step(f"contract {script.revision}: {title(script)}")
        before = before or proved(connection, project, settings, script.revision)
        if settings.contract.archive:
            done.archives += archive(connection, settings, contracted(project, script.revision), say)
        try:
            runner.upgrade(
                project, settings.url, script.revision,
                attributes={"bgmigrate.settings": settings, "bgmigrate.progress": say, "bgmigrate.locked": True, "bgmigrate.steps": done.steps,
                            "bgmigrate.findings": done.findings, "bgmigrate.gate": "open"},
            )
        except Refused:
            if all(r.revision != script.revision for r in revisions.all(connection)):  # nothing was changed; the branch's anchor may be recorded now
                evidence.carry(connection, project, settings, before=before, because=f"contract {script.revision} was refused")
            raise
        with connection.transaction():
            revisions.finish(connection, script.revision)
            quarantines.end(connection, script.revision)
            done.retired += retire(connection, project, settings)  # before the evidence is carried on: it is about who is there
            evidence.carry(connection, project, settings, before=before, because=f"contract {script.revision} was applied")
        done.revisions.append(script.revision)
        before = ""
    return done


def title(script: Script) -> str:
    """The first line of what a revision says about itself."""
    return (script.doc or "").split("\n", 1)[0]


def proved(connection: Connection, project: Project, settings: Settings, contract: str) -> str:
    """The fingerprint that the evidence for this contract has: of things as they are, or as they were when it was begun and killed."""
    last = evidence_rows.latest(connection, settings.service)
    begun = any(r.revision == contract for r in revisions.all(connection))
    begun = begun or any(q.revision == contract and q.state != "held" for q in quarantines.all(connection))
    return last.fingerprint if begun and last else evidence.current(connection, project, settings)


def retire(connection: Connection, project: Project, settings: Settings) -> list[str]:
    """When nothing is left to contract, the idle environment's version is gone for good: the next verification does not try it."""
    live = store.live(connection, settings.service)
    held = {q.revision for q in quarantines.all(connection)}
    if live is None or [s for s in project.pending_contracts(connection) if s.revision not in held]:
        return []
    return environments.retire(connection, service=settings.service, environment=live.idle)
