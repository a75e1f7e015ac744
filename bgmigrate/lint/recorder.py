"""`alembic.op` that notes operations, with the line of the revision file they stand on, instead of running them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from types import FrameType
from typing import Any

from alembic.operations import BatchOperations, MigrateOperation, Operations, ops
from alembic.operations.batch import BatchOperationsImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import DDL, TextClause

from bgmigrate.lint import operations
from bgmigrate.lint.actions import Action, Opaque, Rewrite, Transact
from bgmigrate.lint.around import around
from bgmigrate.lint.connection import bind
from bgmigrate.lint.known import Known
from bgmigrate.lint.statement import Statement

Noted = list[Statement]


class Tape:
    """The statements of one revision in their order, and the transaction that each runs in."""

    def __init__(self, path: str, known: Known) -> None:
        self.path, self.statements, self.reached = path, Noted(), set[int]()
        self.sql: list[tuple[int | None, str]] = []
        self.steps: list[Any] = []  # our own operations
        self._transaction: int | None = 0
        self._last = 0
        self._known = known
        self.bind = bind(known, self.executed, self.apart)

    def note(self, action: Action, *, ours: bool = False, verb: str = "", line: int | None = None) -> None:
        """Add one."""
        at = line or self._line()
        if at:
            self.reached.add(at)
        transaction = None if ours else self._transaction
        name = getattr(action, "column", "")
        column = self._known.column(action.table, name) if isinstance(name, str) else None
        self.statements.append(
            Statement(
                action=action, number=len(self.statements), line=at, transaction=transaction, ours=ours, verb=verb, column=column,
                around=around(self._known, action),
            )
        )
        self._known.learn(action)
        if isinstance(action, Transact):
            if action.verb in ("COMMIT", "ROLLBACK"):
                self._transaction = None  # what follows runs by itself, until the revision begins another
            else:
                self._fresh()

    def place(self, position: int, line: int) -> None:
        """Say where a statement stands of which the frames do not tell."""
        self.statements[position] = replace(self.statements[position], line=line)
        self.reached.add(line)

    def executed(self, statement: Any) -> None:
        """Note what was given to `execute`."""
        if isinstance(statement, (str, TextClause, DDL)):
            self.sql.append((self._line(), operations.rendered(TextClause(statement) if isinstance(statement, str) else statement)))
        for action in operations.statement(statement):
            self.note(action)

    def step(self, step: Any) -> None:
        """Note an operation of ours: it commits what was open, and runs transactions of its own."""
        from bgmigrate.lint import own

        self.steps.append(step)
        for action in own.actions(step):
            self.note(action, ours=True, verb=step.verb)
        self._fresh()

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Statements of an autocommit block. What was open before is committed."""
        before, self._transaction = self._transaction, None
        try:
            yield
        finally:
            self._transaction = before
            self._fresh()

    @contextlib.contextmanager
    def together(self, *args: Any, **kw: Any) -> Iterator[None]:
        """Statements of a transaction that the revision begins."""
        self._fresh()
        yield
        self._fresh()

    def _fresh(self) -> None:
        self._last += 1
        self._transaction = self._last

    def _line(self) -> int | None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == self.path:
                return frame.f_lineno
            frame = frame.f_back
        return None


class Recorder(Operations):
    """What stands behind `alembic.op` while a revision is read."""

    def __init__(self, context: MigrationContext, tape: Tape) -> None:
        super().__init__(context)
        self.tape = tape

    def invoke(self, operation: MigrateOperation) -> Any:
        """Note it; a table that was made is given back, as revisions insert rows into it."""
        if not isinstance(operation, ops.CreateTableOp):
            return _note(self.tape, operation, self)
        made = operation.to_table(self.migration_context)
        for action in operations.table(made, guarded=bool(operation.if_not_exists)):
            self.tape.note(action)
        return made

    def run_async(self, async_function: Any, *args: Any, **kw_args: Any) -> Any:
        """Asynchronous code needs a real connection."""
        self.tape.note(Opaque(why="asynchronous code runs on a connection"))

    @contextlib.contextmanager
    def batch_alter_table(  # type: ignore[override]  # its other arguments are about making the table anew
        self, table_name: str, schema: str | None = None, recreate: Any = "auto", **kw: Any
    ) -> Iterator[BatchOperations]:
        """On PostgreSQL a batch is its operations one after another, unless the table is to be made anew."""
        if recreate == "always":
            self.tape.note(Rewrite(table=operations.key(table_name, schema), how='batch_alter_table(recreate="always")'))
        impl = BatchOperationsImpl(  # type: ignore[no-untyped-call]
            self, table_name, schema, "never", kw.get("copy_from"), kw.get("table_args", ()), kw.get("table_kwargs", {}),
            kw.get("reflect_args", ()), kw.get("reflect_kwargs", {}), kw.get("naming_convention"), kw.get("partial_reordering", ()),
        )
        yield _Batch(self.migration_context, impl, self.tape)


class _Batch(BatchOperations):
    def __init__(self, context: MigrationContext, impl: BatchOperationsImpl, tape: Tape) -> None:
        super().__init__(context, impl=impl)
        self.tape = tape

    def invoke(self, operation: MigrateOperation) -> Any:
        _note(self.tape, operation, self)


def context(tape: Tape, environment: EnvironmentContext | None = None) -> MigrationContext:
    """A migration context with no database, in which a revision sees what it would see online."""
    options = {"as_sql": True, "output_buffer": StringIO(), "literal_binds": True}
    made = MigrationContext.configure(dialect_name="postgresql", environment_context=environment, opts=options)
    anything: Any = made
    anything.as_sql, anything.connection = False, tape.bind
    anything.autocommit_block, anything.begin_transaction, anything.execute = tape.apart, tape.together, tape.executed
    anything.impl.connection = tape.bind
    anything.impl.execute = lambda statement, *args, **kw: tape.executed(statement)
    anything.impl._exec = lambda statement, *args, **kw: tape.executed(statement)
    return made


def _note(tape: Tape, operation: MigrateOperation, operations_: Any) -> None:
    base = sys.modules.get("bgmigrate.ops.base")  # not imported for a history that has none of our operations: half of the start
    if base is not None and isinstance(operation, base.Step):
        tape.step(operation)
        return
    options = getattr(operation, "execution_options", None) or {}
    alone = str(options.get("isolation_level", "")).upper() == "AUTOCOMMIT"
    with tape.apart() if alone else contextlib.nullcontext():
        if isinstance(operation, ops.ExecuteSQLOp):
            tape.executed(operation.sqltext)
            return
        for action in operations.actions(operation, operations_):
            tape.note(action)




# The functions of `alembic.op` know Operations itself; a subclass stands behind them once it is entered here.
Recorder._setups[Recorder] = Operations._setups[Operations]
