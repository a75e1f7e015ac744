"""The evidence as a page: what the last verification of this database recorded. The command is `report`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from bgmigrate import evidence, journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import ConfigurationError, EvidenceMissing, Refused
from bgmigrate.gate import Proof
from bgmigrate.history.project import Project
from bgmigrate.journal import evidence as rows
from bgmigrate.journal.evidence import Evidence
from bgmigrate.progress import Progress
from bgmigrate.reporting import files
from bgmigrate.reporting.page import page
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report


def report(settings: Settings, *, output: Path | None = None, progress: Progress | None = None) -> Report:
    """Render the newest recorded evidence, in a file (`.html`, or `.xml` for JUnit) or on stdout as a page. Nothing is tried anew.

    Raises EvidenceMissing (BGM908) when nothing is recorded for this database, ConfigurationError for a file that cannot be written.
    """
    files.writable([output] if output else [])
    with connect(settings.url, purpose="report") as connection:
        last = rows.latest(connection, settings.service) if journal.exists(connection) else None
        if last is None:
            raise EvidenceMissing(
                f"there is no evidence for {settings.service} in this database", why="A page shows what `verify` recorded, and nothing is recorded.",
                next="bgmigrate verify",
            )
        fresh = freshness(connection, settings, last)
    document = _document(settings, last, fresh)
    content: dict[str, Any] = {"evidence": {
        "outcome": last.outcome, "recorded_at": last.recorded_at, "recorded_by": last.recorded_by, "fresh": fresh, "document": last.document,
    }}
    if output is not None:
        files.write([output], document)
        content["path"], lines = str(output), (f"evidence of {last.recorded_at:%Y-%m-%d %H:%M:%S} ({last.outcome}), written to {output}",)
    else:
        lines = (page(document).rstrip(),)
    return Report(command="report", outcome="done", service=settings.service, fingerprint=last.fingerprint, extra=content, lines=lines)


def freshness(connection: Connection, settings: Settings, last: Evidence) -> bool | None:
    """Whether evidence is about things as they are now and has not expired; None where the history to compare with is not here."""
    try:
        now = evidence.current(connection, Project.open(settings), settings)
    except (ConfigurationError, Refused):
        return None
    return Proof(evidence=last, fingerprint=now, expires=settings.verify.expires).fresh


def _document(settings: Settings, last: Evidence, fresh: bool | None) -> dict[str, Any]:
    """What was recorded, with what is known of the record. Evidence of an earlier version of ours may say less."""
    defaults: dict[str, Any] = {"probes": [], "findings": [], "versions": {}}
    expires, expiry = settings.verify.expires, "when anything that it depends on changes"
    if expires is not None:
        expiry = f"{last.recorded_at + timedelta(seconds=expires):%Y-%m-%d %H:%M:%S %Z}, or before that {expiry}"
    state = {True: "fresh", False: "stale: something has changed since, or it has expired", None: "unknown: the migrations are not here"}[fresh]
    return defaults | last.document | {
        "service": settings.service, "outcome": last.outcome, "fingerprint": last.fingerprint, "at": last.recorded_at,
        "recorded": f"{last.recorded_at:%Y-%m-%d %H:%M:%S %Z} by {last.recorded_by}", "state": state, "expiry": expiry,
    }
