"""`init`: give the project's Alembic history its expand and contract branches, making the environment where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bgmigrate import scratch
from bgmigrate.database import Connection, connect
from bgmigrate.dump import schema_sql
from bgmigrate.errors import BgmigrateError, ConfigurationError, InfrastructureError, Refused
from bgmigrate.findings import Finding
from bgmigrate.history import baseline as baselines
from bgmigrate.history import configuration
from bgmigrate.history.adopt import BRANCHES
from bgmigrate.history.adoption import Adoption, prepare
from bgmigrate.history.baseline import Baseline
from bgmigrate.history.project import Project
from bgmigrate.history.runner import stamp, upgrade
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report

_NEXT = "bgmigrate register --env blue --version NAME, then bgmigrate plan -m MESSAGE"


def init(settings: Settings, *, baseline: bool = False, progress: Progress | None = None) -> Report:
    """Adopt the project's Alembic environment, or make one; with `baseline`, make the database's schema its first revision.

    Raises ConfigurationError where a file of the user's is in the way, Refused (BGM918) for a baseline that the history or the database
    contradicts. Run again, it finishes what a killed run began, or does nothing.
    """
    progress = progress or Progress()
    found = configuration.find(settings)
    project = Project(settings, *found) if found else None
    _half_adopted(project)
    if baseline:
        return _with_baseline(settings, project, progress)
    if project and project.adopted:
        return _report(settings, project, [], findings=_state(settings, project))
    adoption = prepare(settings)
    changed = adoption.apply()
    project = Project.open(settings)
    return _report(settings, project, changed, adoption=adoption, findings=_state(settings, project))


def _with_baseline(settings: Settings, project: Project | None, progress: Progress) -> Report:
    url = settings.url
    existing = _baseline_file(project)
    if project and existing:
        changed = [] if project.adopted else prepare(settings).apply()  # a run was killed before it wrote the anchors
        return _stamp_alike(settings, Project.open(settings), existing, changed, progress)
    if project and (own := _own_revisions(project)):
        raise Refused(
            f"the project has a history already ({len(own)} revision{'s' if len(own) > 1 else ''})",
            why="A baseline is the first revision; the schema of these revisions would be in the history twice.",
            next="Run `bgmigrate init`; and `alembic stamp heads` where a database already has what the history makes.", code="BGM918",
        )
    with connect(url, purpose="init") as c:
        if not baselines.has_tables(c):
            raise Refused(
                "the database has no tables to begin a history with", why="The baseline would be empty.", code="BGM918",
                next="Run `bgmigrate init` without --baseline.",
            )
        taken = _taken(c, project)
    progress.step("Reading the schema (pg_dump --schema-only)")
    schema = baselines.taken_from(url, version_table=baselines.free_version_table(settings.service) if taken else None)
    adoption = prepare(settings, baseline=schema)
    changed = adoption.apply()
    project = Project.open(settings)
    findings = _proof(settings, project, schema, progress)
    stamp(project, url, "heads")
    if taken:
        findings.append(Finding(
            code="BGM918", severity="info", what=f"this project's history is kept in table {project.version_table.name}",
            why=f"alembic_version holds another history's revision {', '.join(taken)}, which stays untouched.",
        ))
    return _report(settings, project, changed, adoption=adoption, findings=findings, baseline=schema)


def _taken(connection: Connection, project: Project | None) -> list[str]:
    """What Alembic's own version table holds of a history that is not this project's."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return []
    known = set(project.script.revision_map._revision_map) if project else set()
    return [r[0] for r in connection.execute("SELECT version_num FROM alembic_version ORDER BY 1") if r[0] not in known]


def _stamp_alike(settings: Settings, project: Project, path: Path, changed: list[Path], progress: Progress) -> Report:
    """A database that has the baseline's schema but no record of it: one that a killed run left, or the service's next database."""
    with connect(settings.url, purpose="init") as c:
        if project.recorded(c):
            project.applied(c)
            return _report(settings, project, changed, findings=[])
    progress.step("Comparing the schema with the baseline")
    now = baselines.taken_from(settings.url)
    if wrong := baselines.differences(path.read_text(encoding="utf-8"), now.sql):
        raise Refused(
            f"the database's schema is not the baseline's: {'; '.join(wrong[:5])}{' …' if len(wrong) > 5 else ''}",
            why="Stamped, it would be taken for what it is not.",
            next="Make it the same; or, when the difference does not matter, run `alembic stamp heads`.", code="BGM918",
        )
    stamp(project, settings.url, "heads")
    return _report(settings, project, changed, findings=[], baseline=now)


def _proof(settings: Settings, project: Project, schema: Baseline, progress: Progress) -> list[Finding]:
    """Build the baseline in a throw-away database and compare. What stands against it is a warning: the real database is as it was."""
    progress.step("Rebuilding the schema from the baseline in a throw-away database")
    try:
        with scratch.database(settings, "baseline") as url:
            upgrade(project, url, "heads", scratch=True)
            wrong = baselines.differences(schema.sql, schema_sql(url, exclude_schemas=["bgmigrate"], exclude_tables=[project.version_table.name]))
    except BgmigrateError as error:
        return [Finding(code="BGM918", severity="warning", what=f"the baseline could not be tried on an empty database: {error.what}",
                        why="New databases may not come out the same.", next=error.next)]
    return [
        Finding(code="BGM918", severity="warning", what=f"the baseline does not rebuild this exactly: {line}", why="New databases will differ in it.",
                next="Correct the baseline's .sql file by hand.")
        for line in wrong[:10]
    ]


def _half_adopted(project: Project | None) -> None:
    if project is None:
        return
    labels = project.labels & {"expand", "contract"}
    if len(labels) == 1:
        raise ConfigurationError(
            f"the history has a branch labelled {min(labels)!r}, but bgmigrate's anchors are a pair", code="BGM918",
            why="The label may be yours for something else; nothing of yours is changed.",
            next=f"Rename that branch label, or restore the other anchor's file beside {project.script.dir}.",
        )


def _own_revisions(project: Project) -> list[str]:
    """Revisions that are not the empty anchors of an adoption."""
    anchors = {project.anchor(b).revision for b in BRANCHES} if project.adopted else set()
    return sorted(s.revision for s in project.script.walk_revisions() if s.revision not in anchors)


def _baseline_file(project: Project | None) -> Path | None:
    """The text of the baseline that the history begins with."""
    roots = [] if project is None else [Path(s.path).with_suffix(".sql") for s in project.script.walk_revisions() if s.down_revision is None]
    return next((p for p in roots if p.name.endswith("_baseline.sql") and p.is_file()), None)


def _state(settings: Settings, project: Project) -> list[Finding]:
    """How far the database is, when one is configured; `init` works without."""
    if not settings.database_url:
        return []
    try:
        with connect(settings.url, purpose="init") as c:
            recorded, unknown, tables = project.recorded(c), project.unknown(c), baselines.has_tables(c)
    except InfrastructureError as error:
        return [Finding(code="BGM920", severity="info", what=error.what, why="The files are written all the same.", next=error.next)]
    if unknown:
        return [Finding(
            code="BGM918", severity="warning", what=f"the database is at revision {', '.join(unknown)}, which no file here has",
            why="It has another history than this project, or a newer one.", next="Check out the code that has it; for another tool's history: "
            "bgmigrate init --baseline.",
        )]
    if not recorded and tables:
        own = "alembic stamp, then bgmigrate expand" if len(_own_revisions(project)) else "bgmigrate init --baseline"
        return [Finding(code="BGM918", severity="warning", what="the database has tables, but no record of this history",
                        why="The history would create them again.", next=own)]
    return []


def _report(
    settings: Settings, project: Project, changed: list[Path], *, findings: list[Finding], adoption: Adoption | None = None,
    baseline: Baseline | None = None,
) -> Report:
    done = bool(changed or baseline)
    files = [_relative(p, settings) for p in changed]
    revisions = [
        {"phase": r.phase, "revision": r.revision, "path": _relative(r.path, settings)} for r in (adoption.revisions if adoption else ())
    ]
    lines = [f"wrote {f}" for f in files] or ["the history has its expand and contract branches"]
    if changed and not baseline:
        lines.append("The two anchors are empty revisions; `bgmigrate expand` records them with whatever else a database lacks.")
    extra: dict[str, Any] = {"revisions": revisions, "files": files, "heads": list(project.heads()), "version_table": project.version_table.name}
    if baseline:
        extra["baseline"] = {"tables": baseline.tables, "stamped": True}
        lines.append(f"The database is stamped with its schema of today: {baseline.tables} tables.")
    return Report(
        command="init", outcome="done" if done else "nothing_to_do", service=settings.service, findings=tuple(findings), next=_NEXT, extra=extra,
        lines=tuple(lines),
    )


def _relative(path: Path, settings: Settings) -> str:
    return path.relative_to(settings.directory).as_posix() if path.is_relative_to(settings.directory) else str(path)
