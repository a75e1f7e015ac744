"""What every operation is: re-entrant, minding its own short transactions, able to say what undoes it.

Best existing tool: Alembic's own ops run inside the caller's transaction and hold their locks until it ends. Ours run on a connection
of our own with nothing open around them, so a lock is held for one statement and a killed run goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Self, TypeVar

from alembic.operations import MigrateOperation, Operations

from bgmigrate.errors import Refused
from bgmigrate.journal import revisions
from bgmigrate.ops.runtime import Runtime, runtime_of

S = TypeVar("S", bound="type[Step]")


@dataclass  # not frozen: Alembic's Rewriter assigns to operations
class Step(MigrateOperation):
    """One operation of a revision. Its fields are its arguments in the revision file."""

    may_refuse: ClassVar[bool] = False  # may data forbid it? Rollback runs such steps before the others
    settles: ClassVar[bool] = False  # is its refusal on the live database the plan's, too, because nothing but another release mends it?
    looks: ClassVar[bool] = False  # does it change nothing? Rollback runs such steps before all that do

    @property
    def verb(self) -> str:
        """Its name on `alembic.op`; set by `operation`."""
        return str(getattr(type(self), "_verb"))  # noqa: B009

    def invoke(self, operations: Operations) -> None:
        """Run as an operation of a revision: outside of Alembic's transaction, which is committed."""
        with runtime_of(operations.get_context()) as runtime:
            began = time.monotonic()
            if getattr(self, "table", None) not in runtime.renamed:
                self._attempt(runtime)
            runtime.done.append({"revision": runtime.revision, "op": self.verb, "seconds": round(time.monotonic() - began, 3)})
            if runtime.watcher:
                runtime.watcher.passed(runtime.revision, self)

    def _attempt(self, on: Runtime) -> None:
        """Run it. A revision that is refused before anything was changed has not begun: its file may be thrown away."""
        on.untouched = on.untouched and self.looks
        try:
            self.run(on)
        except Refused:
            if on.untouched:
                with on.connection.transaction():
                    revisions.forget(on.connection, on.revision)
            raise

    def run(self, on: Runtime) -> None:
        """Do it; done again, it does nothing. Raises Conflict for locks not had, Refused for data that do not allow it."""
        raise NotImplementedError

    def undo(self) -> Step | None:
        """The operation that rollback runs; None when there is nothing to take back."""
        return None

    def removes(self) -> Iterable[tuple[str, str | None]]:
        """What it takes from the old version and no one's name replaces, as (table, column; none for the table): what quarantine can rename away."""
        return ()

    def stays(self) -> tuple[tuple[str, str], ...]:
        """What of it no rollback can take back, as (kind, name) of `catalog.everything`; its undoing must say so."""
        return ()

    def merge(self, other: Step) -> Self | None:
        """One operation for both where they may share a transaction; None where they may not."""
        return None

    def arguments(self) -> list[tuple[str | None, Any]]:
        """The arguments as a revision writes them: the leading ones by position, defaults left out."""
        out: list[tuple[str | None, Any]] = []
        for f in fields(self):
            if not f.metadata.get("written", True):
                continue
            default = f.default if f.default is not MISSING else f.default_factory() if f.default_factory is not MISSING else MISSING
            value = getattr(self, f.name)
            if default is MISSING:
                out.append((None, value))
            elif value != default:
                out.append((f.name, value))
        return out


def operation(verb: str) -> Callable[[S], S]:
    """Make a Step class callable as `op.<verb>(...)`."""

    def register(cls: S) -> S:
        def call(cls: type[Step], operations: Operations, *args: Any, **kwargs: Any) -> Any:
            return operations.invoke(cls(*args, **kwargs))

        call.__doc__ = cls.__doc__
        call.__name__ = verb
        setattr(cls, "_verb", verb)  # noqa: B010
        setattr(cls, verb, classmethod(call))
        Operations.register_operation(verb)(cls)
        return cls

    return register


@Operations.implementation_for(Step)
def _run(operations: Operations, step: Step) -> None:
    step.invoke(operations)
