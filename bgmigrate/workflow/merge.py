"""Two developers' plans, made side by side: joined where they commute, refused where they do not.

`alembic merge` joins any two heads and asks nothing. Ours carries both plans out in either order on throw-away databases first, and
joins them only when both orders end in the same schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from bgmigrate import catalog, scratch
from bgmigrate.catalog import Schema
from bgmigrate.database import connect
from bgmigrate.errors import BgmigrateError, Refused
from bgmigrate.history import runner
from bgmigrate.history.project import Branch, Project
from bgmigrate.planner.diff import diff
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.workflow.report import Report

BRANCHES: tuple[Branch, ...] = ("expand", "contract")


def merge(settings: Settings, *, message: str, dry_run: bool = False, progress: Progress | None = None) -> Report:
    """Join the heads of each branch by a revision that does nothing.

    Raises Refused (exit 3) when the plans cannot be carried out in both orders, or do not end in the same schema; then nothing is written.
    """
    say = progress or Progress()
    project = Project.open(settings)
    heads = {branch: project.branch_heads(branch) for branch in BRANCHES}
    if all(len(h) == 1 for h in heads.values()):
        return Report(
            command="plan", outcome="nothing_to_do", service=settings.service, extra={"changes": [], "revisions": []},
            lines=("nothing to do: each branch has one head",),
        )
    say.step("carrying the plans out in both orders on throw-away databases")
    one, other = _carried_out(settings, project, heads, reverse=False), _carried_out(settings, project, heads, reverse=True)
    nothing = Snapshot(ddl=(), tables={})
    if different := [str(d) for d in (*diff(one, other, nothing), *diff(other, one, nothing))]:
        raise _refused(heads, f"the schema depends on which comes first: {'; '.join(different[:3])}")
    revisions = [] if dry_run else _written(project, heads, message)
    return Report(
        command="plan", outcome="done", service=settings.service, extra={"changes": [], "revisions": revisions},
        lines=("both orders end in the same schema", *(f"wrote {r['phase']} {r['revision']}: {r['path']}" for r in revisions)),
        next="bgmigrate plan --merge, without --dry-run" if dry_run else "review the revisions, then: bgmigrate expand",
    )


def _written(project: Project, heads: dict[Branch, list[str]], message: str) -> list[dict[str, str]]:
    out: list[dict[str, str]] = []
    for branch in BRANCHES:
        if len(heads[branch]) == 1:
            continue
        revision = hashlib.sha256("\n".join([branch, message, *heads[branch]]).encode()).hexdigest()[:12]
        path = project.write_revision(
            branch=branch, message=f"{message} ({branch})", revision=revision, body_upgrade="", body_downgrade="", imports=(),
            docstring=f"Joins {' and '.join(heads[branch])}: carried out in both orders, they end in the same schema.",
            depends_on=out[0]["revision"] if out else None, merging=True,
        )
        out.append({"phase": branch, "revision": revision, "path": str(path)})
    return out


def _carried_out(settings: Settings, project: Project, heads: dict[Branch, list[str]], *, reverse: bool) -> Schema:
    """The schema after every expand and then every contract, the heads of each branch one after the other."""
    with scratch.database(settings, "merge") as url:
        for revision in (r for branch in BRANCHES for r in _turned(heads[branch], reverse)):
            try:
                runner.upgrade(project, url, revision, scratch=True, attributes={"bgmigrate.gate": "open"})
            except BgmigrateError as error:
                raise _refused(heads, f"{revision}, carried out after the other, fails: {error}") from error
        with connect(url, purpose="plan") as c:
            return catalog.read(c, ignore={project.version_table.name, "alembic_version"})


def _turned(heads: list[str], reverse: bool) -> Iterable[str]:
    return reversed(heads) if reverse else heads


def _refused(heads: dict[Branch, list[str]], what: str) -> Refused:
    newest = max(heads.values(), key=len)[-1]
    return Refused(
        f"these plans cannot be merged: {what}", why="A database may get them in either order. Nothing was written.",
        next=f"Delete the files of one of them (say {newest}, with its contract), and run `bgmigrate plan` again on top of the other.", code="BGM918",
    )
