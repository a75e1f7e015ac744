"""The first line of each upgrade() and downgrade(): whose turn it is, and whether it may be.

The gates themselves live above this floor; `bgmigrate.revisions`, which every revision imports, installs them here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alembic.operations import Operations

from bgmigrate.errors import Refused
from bgmigrate.journal import revisions
from bgmigrate.locking import run_lock
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.foresee import file_of, transforms
from bgmigrate.ops.runtime import Runtime, ensure_journal
from bgmigrate.ops.transform import try_transform
from bgmigrate.sql import compose

Guard = Callable[[Runtime, str], None]
_guards: dict[str, Guard] = {}


def install(phase: str, guard: Guard) -> None:
    """Put a gate in front of a phase (`contract`, `rollback`): it raises when the phase may not begin."""
    _guards[phase] = guard


def _begin(on: Runtime, revision: str, phase: str) -> None:
    on.revision = revision
    if on.print:
        on.print("CREATE SCHEMA IF NOT EXISTS bgmigrate")
        return
    ensure_journal(on)
    if on.scratch:
        return
    if not on.attributes.get("bgmigrate.locked") and not on.attributes.get("bgmigrate.lock taken"):
        on.held.enter_context(run_lock(on.url, on.settings.service, command="alembic"))
        if isinstance(on.attributes, dict):
            on.attributes["bgmigrate.lock taken"] = True
            on.held.callback(on.attributes.pop, "bgmigrate.lock taken", None)
    if phase in _guards and on.attributes.get("bgmigrate.gate") != "open":
        _guards[phase](on, revision)


@operation("begin_expand")
@dataclass
class BeginExpand(Step):
    """Enter the revision in the journal and take the run lock: one run at a time. A transform that it cannot call is refused first."""

    revision: str

    def invoke(self, operations: Operations) -> None:
        """Look at the revision's file, then run."""
        path = file_of(operations, self.revision)
        self._transforms = list(transforms(path)) if path is not None else []
        super().invoke(operations)

    def run(self, on: Runtime) -> None:
        _begin(on, self.revision, "expand")
        if not (on.offline or on.scratch):
            with on.connection.transaction():
                on.untouched = revisions.begin(on.connection, self.revision, "expand")
            for each in getattr(self, "_transforms", ()):  # none where the operation is run by itself
                try_transform(on, each.table, each.transform, each.reads, each.writes)

    def undo(self) -> Step:
        return BeginRollback(self.revision)


@operation("begin_rollback")
@dataclass
class BeginRollback(Step):
    """Refuse when the live version needs this expand."""

    revision: str

    def run(self, on: Runtime) -> None:
        _begin(on, self.revision, "rollback")
        if not (on.offline or on.scratch):
            with on.connection.transaction():
                revisions.undo(on.connection, self.revision)


@operation("end_rollback")
@dataclass
class EndRollback(Step):
    """Forget the expand and its backfills, in the very transaction in which Alembic takes the revision off its version table."""

    revision: str

    def invoke(self, operations: Operations) -> None:
        """Run on Alembic's own connection: killed before its commit, the rollback is not over, and is run again."""
        context = operations.get_context()
        if context.config is None or not context.config.attributes.get("bgmigrate.scratch"):
            for table in ("backfill", "revision"):
                operations.execute(compose("DELETE FROM bgmigrate.{t:i} WHERE revision = {r:l}", t=table, r=self.revision))


@operation("begin_contract")
@dataclass
class BeginContract(Step):
    """Refuse unless the gate is open: expand and backfills complete, fresh evidence, the candidate live, the old version gone."""

    revision: str

    def run(self, on: Runtime) -> None:
        _begin(on, self.revision, "contract")
        if not (on.offline or on.scratch):
            with on.connection.transaction():
                on.untouched = revisions.begin(on.connection, self.revision, "contract")

    def undo(self) -> Step:
        return KeepContracted(self.revision)


@operation("keep_contracted")
@dataclass
class KeepContracted(Step):
    """A contract's downgrade: refuse, for what it dropped is gone."""

    revision: str

    def run(self, on: Runtime) -> None:
        raise Refused(
            f"contract revision {self.revision} cannot be taken back: what it dropped is gone",
            why="A downgrade could bring back columns but not the values that were in them.",
            next="Restore the old shape as a new change: edit the models and run `bgmigrate plan`.",
            code="BGM917",
        )
