"""Look for what is wrong with the set-up, one question after the other, and say how to repair it."""

from __future__ import annotations

from bgmigrate.database import connect
from bgmigrate.errors import BgmigrateError
from bgmigrate.findings import Finding
from bgmigrate.history.project import Project
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.checks import CHECKS, NEEDS, Check, Patient
from bgmigrate.workflow.report import Report


def doctor(settings: Settings, *, progress: Progress | None = None) -> Report:
    """Ask every question. The exit code is 0 unless an answer is an error: then 1 when the database is away, else 2."""
    findings: list[Finding] = []
    connection, project = None, None
    try:
        connection = connect(settings.url, purpose="doctor")
    except BgmigrateError as error:
        findings += error.findings
    away = bool(findings)
    try:
        project = Project.open(settings)
    except BgmigrateError as error:
        findings += error.findings
    lines = [_line("database", not away), _line("alembic environment", project is not None)]
    try:
        for name, check in CHECKS.items():
            patient = Patient(settings=settings, connection=connection, project=project)
            if name in NEEDS and getattr(patient, NEEDS[name]) is None:
                lines.append(f"{'-':<6} {name}: not asked, for want of {'a database' if NEEDS[name] == 'connection' else 'an environment'}")
                continue
            found = _ask(check, patient)
            lines.append(_line(name, not any(f.severity == "error" for f in found), warned=bool(found)))
            findings += found
    finally:
        if connection is not None:
            connection.close()
    wrong = any(f.severity == "error" for f in findings)
    return Report(
        command="doctor", service=settings.service, findings=tuple(findings), outcome="error" if wrong else "done",
        exit_code=(1 if away and settings.database_url else 2) if wrong else 0,
        lines=tuple(lines), extra={"checks": ["database", "alembic environment", *CHECKS]},
        next=next((f.next for f in findings if f.severity == "error"), ""),
    )


def _ask(check: Check, patient: Patient) -> list[Finding]:
    try:
        return list(check(patient))
    except BgmigrateError as error:
        return list(error.findings)


def _line(name: str, well: bool, *, warned: bool = False) -> str:
    return f"{'ok' if well and not warned else 'look' if well else 'wrong':<6} {name}"
