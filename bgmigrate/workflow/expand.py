"""Apply what both versions can live with, under live traffic."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from bgmigrate import journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.findings import Finding
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import backfills, environments, revisions
from bgmigrate.locking import run_lock
from bgmigrate.ops import BackfillDeferred
from bgmigrate.pooler import refuse_pooler
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report


def expand(
    settings: Settings, *, to: str | None = None, defer_backfill: bool = False, workers: int | None = None, sql: bool = False, wait: float = 0.0,
    progress: Progress | None = None,
) -> Report:
    """Apply the expand branch, backfills included; killed anywhere, the same call goes on where it stopped.

    `to`: only up to this revision. `sql`: only say the statements. `wait`: seconds to wait for another run. Raises Conflict (5) when a lock
    could not be had in its budget, Refused (3) for data or expressions that the server refuses.
    """
    say = progress or Progress()
    project = Project.open(settings)
    project.anchor("expand")
    settings = with_workers(settings, workers)
    destination = _destination(project, to)
    if sql:
        text = runner.sql(project, settings.database_url, destination, attributes={"bgmigrate.settings": settings})
        return Report(command="expand", outcome="done", service=settings.service, extra={"sql": text}, lines=(text,))
    refuse_pooler(settings.url)
    with connect(settings.url, purpose="expand") as c:
        project.applied(c)
    journal.ensure(settings.url)
    with run_lock(settings.url, settings.service, command="expand", wait=wait), connect(settings.url, purpose="expand") as c:
        wanted = project.closure([destination] if to else [s.revision for s in project.expands()])
        _refuse_half_undone(c, project)
        pending = [s for s in project.pending_expands(c) if s.revision in wanted]
        steps: list[dict[str, Any]] = []
        findings: list[Finding] = []
        anchored = project.anchor("expand").revision in project.applied(c)
        if pending or not anchored:
            if older := project.missing_ancestors(c):
                say.step(f"first the project's own revisions that this database lacks: {', '.join(older)}")
            for script in pending:
                say.step(f"expand {script.revision}: {(script.doc or '').splitlines()[0] if script.doc else ''}")
            with contextlib.suppress(BackfillDeferred):  # its revision stays unfinished; `bgmigrate backfill` goes on there
                runner.upgrade(
                    project, settings.url, destination,
                    attributes={"bgmigrate.settings": settings, "bgmigrate.progress": say, "bgmigrate.locked": True, "bgmigrate.steps": steps,
                                "bgmigrate.findings": findings, "bgmigrate.defer_backfill": defer_backfill},
                )
        wanted_now = [s.revision for s in pending]
        applied = project.applied(c)
        done = [r for r in wanted_now if r in applied]
        with c.transaction():
            for revision in done:
                revisions.finish(c, revision)
        live = environments.live_environment(c, settings.service)
        every = [b for b in backfills.all(c) if b.revision in wanted_now]
    open_backfills = [b for b in every if b.state != "done"]
    return Report(
        command="expand", outcome="done" if pending or not anchored else "nothing_to_do", service=settings.service, findings=tuple(findings),
        extra={"steps": steps, "revisions": done, "backfills": [as_json(b) for b in every]},
        lines=tuple(_lines(done, every) if done or every or anchored else ["the history's two branches are recorded; no expand is pending"]),
        next="bgmigrate backfill" if open_backfills else "bgmigrate verify" if live else "bgmigrate register --env blue --version NAME --source SPEC",
    )


def with_workers(settings: Settings, workers: int | None) -> Settings:
    """The settings with that many workers, if a number is given."""
    return replace(settings, expand=replace(settings.expand, workers=workers)) if workers else settings


def _refuse_half_undone(connection: Connection, project: Project) -> None:
    """What a killed rollback has left is neither blue's schema nor the expanded one, though Alembic calls it applied."""
    applied = project.applied(connection)
    half = [r.revision for r in revisions.all(connection) if r.state == "undoing" and r.revision in applied]
    if half:
        raise Refused(
            f"a rollback of {', '.join(half)} was begun and has not finished", why="Some of its steps are undone, others are not.",
            next="Finish it: bgmigrate rollback. Then bgmigrate expand begins anew.", code="BGM905",
        )


def as_json(b: backfills.Backfill) -> dict[str, Any]:
    """A backfill as `expand --json` and `status --json` have it."""
    return {
        "revision": b.revision, "table": b.table, "columns": b.name.split(","), "state": b.state, "rows": b.rows, "batches": b.batches,
        "seconds": round(b.seconds, 3), "rows_per_second": round(b.rows / b.seconds) if b.seconds else None, "failures": b.failures,
        "hot": b.hot, "watermark": b.watermark, "upper": b.upper, "wanted": b.wanted, "waits": b.waits,
    }


def _destination(project: Project, to: str | None) -> str:
    if to is None:
        return "expand@head"
    known = [s.revision for s in project.expands()]
    found = [r for r in known if r.startswith(to)]
    if len(found) != 1:
        raise ConfigurationError(
            f"--to {to} names {'no' if not found else 'more than one'} expand revision", next=f"Expand revisions are: {', '.join(known) or 'none'}."
        )
    return found[0]


def _lines(done: list[str], every: list[backfills.Backfill]) -> list[str]:
    if not done and not every:
        return ["nothing to do: the expand branch is applied"]
    lines = [f"applied {', '.join(done)}"] if done else ["stopped before the backfill, as asked"]
    for b in every:
        rate = f", {b.rows / b.seconds:,.0f} rows/s" if b.seconds and b.rows else ""
        lines.append(f"backfill {b.table} ({b.name}): {b.rows:,} rows in {b.batches:,} batches{rate}" + ("" if b.state == "done" else f", {b.state}"))
    return lines
