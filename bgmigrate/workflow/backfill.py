"""Drive backfills that are not done: deferred by expand, or interrupted."""

from __future__ import annotations

from dataclasses import replace

from bgmigrate import journal
from bgmigrate.database import connect
from bgmigrate.errors import ConfigurationError
from bgmigrate.journal import backfills
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.expand import as_json, expand
from bgmigrate.workflow.report import Report


def backfill(
    settings: Settings, *, status: bool = False, pause: bool = False, resume: bool = False, cancel: bool = False, workers: int | None = None,
    wait: float = 0.0, progress: Progress | None = None,
) -> Report:
    """Go on with what expand left: the backfill from its watermark, then the indexes and constraints that wait for it.

    `status`: only say how far each one is. `wait`: seconds to wait for another run. Raises what expand raises.
    """
    if pause or cancel:
        raise ConfigurationError(
            f"--{'pause' if pause else 'cancel'} is not supported yet", why="A running backfill looks at no such flag.",
            next="Stop the process (Ctrl-C): it resumes at its watermark; `bgmigrate rollback` undoes the expand.",
        )
    with connect(settings.url, purpose="backfill") as c:
        known = backfills.all(c) if journal.exists(c) else []
    pending = [b for b in known if b.state != "done"]
    if status or not pending:
        return Report(
            command="backfill", outcome="done" if status else "nothing_to_do", service=settings.service,
            extra={"backfills": [as_json(b) for b in known]}, lines=tuple(map(_line, known)) or ("no backfill has been begun",),
            next="bgmigrate backfill" if pending else "",
        )
    return replace(expand(settings, workers=workers, wait=wait, progress=progress), command="backfill")


def _line(b: backfills.Backfill) -> str:
    rate = f", {b.rows / b.seconds:,.0f} rows/s" if b.seconds and b.rows else ""
    at = f", at key {', '.join(b.watermark)}" if b.watermark and b.state != "done" else ""
    refused = f", {b.failures} rows refused" if b.failures else ""
    return f"{b.table} ({b.name}): {b.state}, {b.rows:,} rows in {b.batches:,} batches{rate}{at}{refused}"
