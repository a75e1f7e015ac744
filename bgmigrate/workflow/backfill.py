"""Drive backfills that are not done: deferred by expand, interrupted, or at work elsewhere, where this process helps."""

from __future__ import annotations

import getpass
import socket
from dataclasses import replace
from typing import Any

from bgmigrate import journal
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.loop import work
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Conflict
from bgmigrate.journal import backfills, ranges
from bgmigrate.journal import due as due_rows
from bgmigrate.journal.backfills import Backfill, Wanted
from bgmigrate.locking import run_lock
from bgmigrate.pooler import refuse_pooler
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.catching_up import catch_up_all
from bgmigrate.workflow.expand import as_json, expand, with_workers
from bgmigrate.workflow.report import Report


def backfill(
    settings: Settings, *, status: bool = False, pause: bool = False, resume: bool = False, cancel: bool = False, workers: int | None = None,
    wait: float = 0.0, progress: Progress | None = None,
) -> Report:
    """Go on with what expand left: the backfill from where it stopped, then the indexes and constraints that wait for it.

    While another run is at it this one helps, and ends when every row is done. `status`: only say how far each one is. `pause`, `cancel`,
    `resume`: tell the workers, wherever they are. `wait`: seconds to wait for another run instead. Raises what expand raises.
    """
    if not status:
        refuse_pooler(settings.url)
    with connect(settings.url, purpose="backfill") as c:
        known = _known(c, settings)
        pending = [b for b in known if b.state != "done"]
        waiting = due_rows.waiting(c) if known else []
        if status or not (pending or waiting):
            stopped = any(b.wanted != "run" for b in pending)
            next = "bgmigrate backfill --resume" if stopped else "bgmigrate backfill" if pending or waiting else ""
            return _report(c, settings, "done" if status else "nothing_to_do", known, next=next)
        if pause or cancel or resume:
            pending = _want(c, "pause" if pause else "cancel" if cancel else "run")
        if pause or cancel:
            return _report(c, settings, "done", pending, next="bgmigrate backfill --resume" if pause else "bgmigrate rollback")
    try:
        report = replace(expand(settings, workers=workers, wait=wait, progress=progress), command="backfill") if pending else None
        return _caught_up(settings, report, wait, progress or Progress())
    except Conflict as conflict:
        if conflict.findings[0].code != "BGM915":
            raise
        if not pending:
            raise
        with connect(settings.url, purpose="backfill") as c:
            begun = [b for b in _known(c, settings) if b.state != "done" and b.job and b.upper]
        if not begun:
            raise
    return _help(with_workers(settings, workers), begun, progress or Progress())


def _caught_up(settings: Settings, report: Report | None, wait: float, say: Progress) -> Report:
    """Give rows that were written since a transform's pass their values."""
    with run_lock(settings.url, settings.service, command="backfill", wait=wait), connect(settings.url, purpose="backfill") as c:
        rows, left = catch_up_all(c, settings, say)
        if report is None:
            shown = [b for b in _known(c, settings) if b.job and b.job.get("transform")]
            report = _report(c, settings, "done", shown, next="bgmigrate backfill" if left else "bgmigrate status")
    return replace(report, lines=(*report.lines, f"{rows:,} rows that were written meanwhile have their values")) if rows else report


def _help(settings: Settings, begun: list[Backfill], say: Progress) -> Report:
    """Be a worker beside the run that has begun these; it finishes them and does what comes after."""
    for b in begun:
        assert b.job is not None
        say.step(f"another run is at work; helping it with {b.table} ({b.name})")
        work(settings.url, b.id, Job.read(b.job), budget=settings.expand, progress=say)
    with connect(settings.url, purpose="backfill") as c:
        ids = [b.id for b in begun]
        return _report(c, settings, "done", [b for b in _known(c, settings) if b.id in ids], next="bgmigrate status")


def _known(c: Connection, settings: Settings) -> list[Backfill]:
    if not journal.exists(c):
        return []
    journal.ensure(settings.url)
    return backfills.all(c)


def _want(c: Connection, wanted: Wanted) -> list[Backfill]:
    with c.transaction():
        return backfills.want(c, wanted, f"{getpass.getuser()}@{socket.gethostname()}")


def _report(c: Connection, settings: Settings, outcome: Any, shown: list[Backfill], *, next: str) -> Report:
    working = {b.id: ranges.workers(c, b.id) for b in shown}
    return Report(
        command="backfill", outcome=outcome, service=settings.service,
        extra={"backfills": [as_json(b) | {"workers": working[b.id], "due": due_rows.count(c, b.id)} for b in shown]},
        lines=tuple(_line(b) + _due(due_rows.count(c, b.id)) + _at_work(working[b.id]) for b in shown) or ("no backfill has been begun",), next=next,
    )


def _due(rows: int) -> str:
    return f", {rows:,} rows written since wait for it" if rows else ""


def _at_work(workers: list[dict[str, Any]]) -> str:
    alive = sum(w["alive"] for w in workers)
    return f", {alive} worker{'' if alive == 1 else 's'} at it" if workers else ""


def _line(b: backfills.Backfill) -> str:
    rate = f", {b.rows / b.seconds:,.0f} rows/s" if b.seconds and b.rows else ""
    along = "key" if b.job and Job.read(b.job).along else "page"
    at = f", at {along} {', '.join(b.watermark)}" if b.watermark and b.state != "done" else ""
    refused = f", {b.failures} rows refused" if b.failures else ""
    hot = f", {b.hot / b.rows:.0%} HOT" if b.hot and b.rows else ""
    waits = f", waits: {b.waits}" if b.waits else ""
    told = {"run": "", "pause": f", to pause ({b.wanted_by})", "cancel": f", cancelled by {b.wanted_by}"}
    wanted = told[b.wanted] if b.state != "done" and not b.waits else ""
    return f"{b.table} ({b.name}): {b.state}, {b.rows:,} rows in {b.batches:,} batches{rate}{hot}{at}{refused}{wanted}{waits}"
