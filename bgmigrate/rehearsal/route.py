"""Moving a copy along its history: forward to a revision, back to where it was; as `bgmigrate expand`, `contract` and `rollback` do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bgmigrate import catalog
from bgmigrate.database import connect
from bgmigrate.errors import BgmigrateError
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import revisions
from bgmigrate.ops import Step
from bgmigrate.ops.runtime import Watch
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings

Rows = set[tuple[Any, ...]]


class Stopped(BgmigrateError):
    """The run was ended between two operations, as a kill would end it."""


class Stopper:
    """A `Watch` that ends the run after so many operations."""

    def __init__(self, after: int) -> None:
        self.left = after

    def connected(self, connection: object) -> None:
        """Nothing is looked at."""

    def passed(self, revision: str, step: Step) -> None:
        """Raises Stopped after the last one."""
        self.left -= 1
        if self.left == 0:
            raise Stopped("stopped on purpose")


class Route:
    """One copy. `ignore`: tables that are Alembic's."""

    def __init__(self, settings: Settings, project: Project, url: str, ignore: set[str], watch: Watch | None = None) -> None:
        self.settings, self.project, self.url, self.ignore, self.watch = replace(settings, database_url=url), project, url, ignore, watch

    def forward(self, revision: str) -> None:
        """Apply everything up to a revision. Raises what its operations raise."""
        runner.upgrade(self.project, self.url, revision, attributes=self._attributes(), scratch=True)
        with connect(self.url, purpose="rehearse") as c, c.transaction():
            if any(r.revision == revision for r in revisions.all(c)):
                revisions.finish(c, revision)

    def back(self, expands: Sequence[str]) -> None:
        """Undo these expands, given oldest first; one that was stopped half-way, too."""
        with connect(self.url, purpose="rehearse") as c:
            applied, recorded = self.project.applied(c), self.project.recorded(c)
            begun = {r.revision for r in revisions.all(c)}
        half = [r for r in expands if r in begun and r not in applied]
        if half:
            runner.stamp(self.project, self.url, *recorded, *half, scratch=True)
        undone = [r for r in reversed(expands) if r in applied or r in half]
        runner.undo(self.project, self.url, undone, attributes=self._attributes(), scratch=True)

    def everything(self) -> Rows:
        """The whole schema as rows."""
        with connect(self.url, purpose="rehearse") as c:
            return set(catalog.everything(c, ignore=self.ignore))

    def _attributes(self) -> dict[str, Any]:
        # `bgmigrate.scratch`: operations mind their transactions and the journal as they do on the live database
        return {
            "bgmigrate.settings": self.settings, "bgmigrate.progress": Progress(-1), "bgmigrate.scratch": False, "bgmigrate.locked": True,
            "bgmigrate.steps": [], "bgmigrate.findings": [], "bgmigrate.gate": "open", **({"bgmigrate.watch": self.watch} if self.watch else {}),
        }
