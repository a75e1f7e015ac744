"""What stands beside the tables: functions and views, and what is attached to a table (triggers, policies, extended statistics)."""

from __future__ import annotations

from dataclasses import dataclass, field

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load

_DROP = {
    "trigger": "DROP TRIGGER IF EXISTS {n:i} ON {t:t}", "policy": "DROP POLICY IF EXISTS {n:i} ON {t:t}",
    "statistics": "DROP STATISTICS IF EXISTS {n:t}",
}


@operation("build_function")
@dataclass
class BuildFunction(Step):
    """CREATE OR REPLACE FUNCTION (or PROCEDURE), its text line by line; who may call it stays as it was. No table is locked.

    `name` is SQL, with the arguments. Its body is not looked into: what it names may come later.
    """

    name: str
    definition: list[str]
    was: list[str] = field(default_factory=list, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        on.strong([], "SET LOCAL check_function_bodies = off", "\n".join(self.definition))

    def undo(self) -> Step:
        return BuildFunction(self.name, self.was) if self.was else DropFunctions([self.name])


@operation("drop_functions")
@dataclass
class DropFunctions(Step):
    """DROP ROUTINE; it fails rather than take with it what calls it."""

    names: list[str]

    def run(self, on: Runtime) -> None:
        on.strong([], *(compose("DROP ROUTINE IF EXISTS {n:q}", n=n) for n in self.names))

    def merge(self, other: Step) -> DropFunctions | None:
        return DropFunctions(self.names + other.names) if isinstance(other, DropFunctions) else None


@operation("build_view")
@dataclass
class BuildView(Step):
    """CREATE OR REPLACE VIEW, its text line by line; dropped and made anew, with its grants, where its columns are others. `name` is SQL.

    ACCESS EXCLUSIVE on the view alone, for an instant.
    """

    name: str
    definition: list[str]

    def run(self, on: Runtime) -> None:
        on.strong([], load("build_view", view=self.name, definition="\n".join(self.definition)))

    def undo(self) -> Step:
        return DropViews([self.name])


@operation("drop_views")
@dataclass
class DropViews(Step):
    """DROP VIEW; it fails rather than take with it what reads it. `names` are SQL."""

    names: list[str]

    def run(self, on: Runtime) -> None:
        on.strong([], *(compose("DROP VIEW IF EXISTS {n:q}", n=n) for n in self.names))

    def merge(self, other: Step) -> DropViews | None:
        return DropViews(self.names + other.names) if isinstance(other, DropViews) else None


@operation("attach")
@dataclass
class Attach(Step):
    """CREATE a trigger, a policy or extended statistics on a table, in place of one of that name. For an instant a trigger takes SHARE ROW
    EXCLUSIVE (one of a constraint ACCESS EXCLUSIVE), a policy ACCESS EXCLUSIVE, statistics SHARE UPDATE EXCLUSIVE.

    `before_row`: a trigger that may change the row, so that ours must look at every UPDATE. `state`: how it is enabled, as ALTER TABLE says it.
    """

    kind: str
    table: str
    name: str
    definition: str
    before_row: bool = False
    state: str | None = None

    def run(self, on: Runtime) -> None:
        replaces = self.definition.startswith("CREATE OR REPLACE ")
        on.strong(
            [self.table],
            *([] if replaces else [compose(_DROP[self.kind], n=self.name, t=self.table)]), self.definition,
            *([compose("ALTER TABLE {t:t} {s:q} TRIGGER {n:i}", t=self.table, s=self.state, n=self.name)] if self.state else []),
            *([load("widen_sync_triggers", table=compose("{t:t}", t=self.table))] if self.before_row else []),
        )

    def undo(self) -> Step:
        return Detach(self.kind, self.table, self.name)


@operation("detach")
@dataclass
class Detach(Step):
    """DROP a trigger, a policy or extended statistics. ACCESS EXCLUSIVE on the table for an instant, SHARE UPDATE EXCLUSIVE for statistics."""

    kind: str
    table: str
    name: str

    def run(self, on: Runtime) -> None:
        if on.exists(self.table):
            on.strong([self.table], compose(_DROP[self.kind], n=self.name, t=self.table))
