"""Where operations run: a psycopg connection of our own, outside of Alembic's transaction; or, with `--sql`, a printed script."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import psycopg
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text

from bgmigrate import faults, journal
from bgmigrate.database import SAME_DATABASE, Connection, connect, conninfo
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.findings import Finding
from bgmigrate.following import following
from bgmigrate.locking import blockers, let_end, lock_not_had, old_snapshots, with_lock_budget
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings, load
from bgmigrate.sql import compose
from bgmigrate.sql import load as load_sql

if TYPE_CHECKING:
    from bgmigrate.ops.base import Step

T = TypeVar("T")


class Watch(Protocol):
    """Whoever follows a run on a throw-away database statement by statement; `bgmigrate.watch` of the attributes."""

    def connected(self, connection: Connection) -> None:
        """This connection will run the operations' statements."""

    def passed(self, revision: str, step: Step) -> None:
        """An operation has been run; what is raised here ends the run as a kill between two operations does."""


class Runtime:
    """One run of Alembic over one database. `attributes` are the Alembic Config's: how `bgmigrate`'s commands speak to operations."""

    def __init__(self, connection: Connection | None, url: str, settings: Settings, progress: Progress, attributes: Mapping[str, Any]) -> None:
        self._connection, self.url, self.settings, self.progress, self.attributes = connection, url, settings, progress, attributes
        self.scratch = bool(attributes.get("bgmigrate.scratch"))
        self.watcher: Watch | None = attributes.get("bgmigrate.watch")
        self.revision = ""
        self.done: list[dict[str, Any]] = attributes.get("bgmigrate.steps", [])  # what was run, for `steps` in the JSON
        self.findings: list[Finding] = attributes.get("bgmigrate.findings", [])  # what operations have to say, for the report
        self.renamed: set[str] = set()  # tables whose last step a killed run has done
        self.untouched = False  # has this revision, begun by this run, only looked so far?
        self.held = contextlib.ExitStack()  # the run lock, for as long as this run of Alembic lasts
        self.print: Callable[[str], None] | None = None

    def close(self) -> None:
        """End the run: release the run lock, close the connection."""
        self.held.close()
        if self._connection is not None:
            self._connection.close()

    @property
    def offline(self) -> bool:
        """Is a script printed instead of anything done (`--sql`)?"""
        return self.print is not None

    @property
    def connection(self) -> Connection:
        """The connection; there is none when a script is printed."""
        assert self._connection is not None
        return self._connection

    def found(self, finding: Finding) -> None:
        """Report something that does not stop the run; plain Alembic, which prints no report, shows it as it goes."""
        self.findings.append(finding)
        if "bgmigrate.findings" not in self.attributes:
            self.progress.step(f"{finding.severity} {finding.code}: {finding.what}")

    def strong(
        self,
        tables: Sequence[str],
        *statements: str,
        lock: str = "",
        before: Callable[[Connection], object] | None = None,
        after: Callable[[Connection, object], None] | None = None,
    ) -> None:
        """Run statements that block traffic while they last, in one short transaction within the lock budget.

        `lock`: the mode to take on all `tables` first, where they are several; statements that take them one after another may make an
        application's transaction a deadlock's victim. `before` and `after` look and record in the same transaction; `after` is given what
        `before` saw, and undoes all by raising.
        """
        if lock and len(tables) > 1 and not self.scratch:
            named = [compose("{n:l}", n=compose("{t:t}", t=t)) for t in tables]
            statements = (load_sql("lock_together", tables=named, mode=lock), *statements)
        if self.print:
            self.print("BEGIN")
            self.print(f"SET LOCAL lock_timeout = '{int(self.settings.expand.lock_timeout * 1000)}ms'")
            for statement in statements:
                self.print(statement)
            self.print("COMMIT")
            return

        def work(c: Connection) -> None:
            seen = before(c) if before else None
            for statement in statements:
                faults.point()
                self.progress.detail(statement)
                try:
                    c.execute(statement.encode())
                except psycopg.errors.DependentObjectsStillExist as error:
                    raise _depended_on(error) from error
            if after:
                after(c, seen)

        if not self.scratch:
            with_lock_budget(self.connection, self.url, work, tables=tables, budget=self.settings.expand, progress=self.progress)
        elif before or after:
            with self.connection.transaction():
                work(self.connection)
        elif statements:  # nobody else is there to wait for: one message, which PostgreSQL takes for one transaction
            try:
                self.connection.execute(";\n".join(statements).encode())
            except psycopg.errors.DependentObjectsStillExist as error:
                raise _depended_on(error) from error

    def tried(self, tables: Sequence[str], statements: Sequence[str], look: Callable[[Connection], T]) -> T:
        """What `look` sees after statements that are taken back at once, within the lock budget."""

        def work(c: Connection) -> T:
            with c.transaction(force_rollback=True):
                for statement in statements:
                    c.execute(statement.encode())
                return look(c)

        return with_lock_budget(self.connection, self.url, work, tables=tables, budget=self.settings.expand, progress=self.progress)

    def weak(self, tables: Sequence[str], statement: str, *, seconds: float | None = None) -> None:
        """Run a statement that blocks no traffic (CREATE INDEX CONCURRENTLY, VALIDATE), outside of any transaction, with its long budget.

        `seconds`: how long it may wait, `expand.index_lock_timeout` when not said. What is CONCURRENTLY is not begun while somebody is there whom it
        would wait for in the middle. Raises Conflict naming the holders when it had to wait for longer.
        """
        if self.print:
            self.print(statement)
            return
        faults.point()
        self.progress.detail(statement)
        if self.scratch:  # nobody else is there to wait for
            self.connection.execute(statement.encode())
            return
        budget = self.settings.expand.index_lock_timeout if seconds is None else seconds
        left, concurrently = budget, "CONCURRENTLY" in statement
        if concurrently:
            left = let_end(self.connection, tables, drops=statement.startswith("DROP"), seconds=budget, progress=self.progress)
        now = "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', '0', false), clock_timestamp()"
        began = self.connection.execute(now, [f"{int(left * 1000)}ms"]).fetchone()
        try:
            with following(self.connection, self.url, self.progress):
                self.connection.execute(statement.encode())
        except psycopg.errors.LockNotAvailable as error:
            holders = blockers(self.connection, tables)
            if concurrently and began:
                holders += [h for h in old_snapshots(self.connection, began[2]) if h["pid"] not in {b["pid"] for b in holders}]
            raise lock_not_had(tables, holders, budget) from error
        finally:
            if not self.connection.closed:
                self.connection.execute("RESET lock_timeout")

    def fetch(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of a query; none when a script is printed."""
        return [] if self.print else self.connection.execute(query.encode(), params or None).fetchall()

    def has(self, query: str, *params: Any) -> bool:
        """Does this query find a row?"""
        return bool(self.fetch(query, *params))

    def exists(self, table: str) -> bool:
        """Is there a relation of this key? Yes, as far as a printed script knows."""
        return self.offline or self.has("SELECT 1 WHERE to_regclass(%s) IS NOT NULL", compose("{t:t}", t=table))


_runtimes: weakref.WeakKeyDictionary[MigrationContext, Runtime] = weakref.WeakKeyDictionary()


@contextlib.contextmanager
def runtime_of(context: MigrationContext) -> Iterator[Runtime]:
    """The run that this migration context stands for, with Alembic's own transaction committed while it is used."""
    if context.as_sql:
        with context.autocommit_block():  # the script ends Alembic's transaction too
            yield _script(context)
        return
    if context.connection is not None and context.connection.in_transaction() and getattr(context, "_transaction", None) is None:
        raise ConfigurationError(
            "env.py has begun a transaction of its own around the migrations",
            why="Steps that must not hold their locks (backfills, CREATE INDEX CONCURRENTLY) cannot run inside it.",
            next="In env.py use `with engine.connect() as connection` and run nothing on it before context.configure(), or commit it there.",
        )
    with contextlib.nullcontext() if _idle(context) else context.autocommit_block():
        yield _live(context)


def beside(context: MigrationContext) -> Runtime:
    """The run that this migration context stands for, before the first of its revisions: for what is done beside them."""
    if context.connection is not None and context.connection.in_transaction():
        context.connection.rollback()  # Alembic has read its version table, and nothing else
    return _live(context)


def _idle(context: MigrationContext) -> bool:
    """Has Alembic's connection no transaction on the server? SQLAlchemy begins one with its first statement; there is nothing to commit then.

    `info.transaction_status` is libpq's, and 0 is idle, for psycopg and psycopg2 alike; of other drivers nothing is known.
    """
    info = getattr(context.connection.connection.dbapi_connection, "info", None) if context.connection is not None else None
    return getattr(info, "transaction_status", None) == 0


def _depended_on(error: psycopg.Error) -> Refused:
    said = "; ".join(filter(None, (error.diag.message_primary, error.diag.message_detail))).replace("\n", "; ")
    return Refused(
        said, why="Views, policies and the like would go with it, or read something else; they are nobody's but yours to change.",
        next="Drop them, or let them read the new column, then run the same command again.", code="BGM901",
    )


def _attributes(context: MigrationContext) -> Mapping[str, Any]:
    return context.config.attributes if context.config is not None else {}


def _script(context: MigrationContext) -> Runtime:
    if known := _runtimes.get(context):
        return known
    attributes = _attributes(context)
    runtime = Runtime(None, "", attributes.get("bgmigrate.settings") or load(), Progress(-1), attributes)
    runtime.print = lambda statement: context.impl.static_output(statement + ";")
    _runtimes[context] = runtime
    return runtime


def _live(context: MigrationContext) -> Runtime:
    bind = context.connection
    assert bind is not None
    attributes = _attributes(context)
    known = _runtimes.get(context)
    if known and not known.connection.closed:
        return known
    settings: Settings = attributes.get("bgmigrate.settings") or load(directory=_home(context))
    url = attributes.get("bgmigrate.url") or conninfo(bind.engine.url.render_as_string(hide_password=False))
    c = connect(url, purpose="migrate")
    here, role, path = bind.execute(text(f"SELECT ({SAME_DATABASE}), current_user::text, current_setting('search_path')")).one()
    there = c.execute(SAME_DATABASE).fetchone()
    if there is None or there[0] != here:
        c.close()
        raise ConfigurationError(
            "env.py connects to another database than bgmigrate is configured for",
            why="Alembic would record in one database what was done in the other.",
            next="Let env.py use the URL of its config: config.get_main_option('sqlalchemy.url').",
        )
    # What env.py decided for its session (SET ROLE, search_path) holds for ours: objects get the same owner and schema.
    c.execute("SELECT set_config('search_path', %s, false)", [path])
    mine = c.execute("SELECT current_user::text").fetchone()
    if mine is None or mine[0] != role:
        c.execute(compose("SET ROLE {r:i}", r=role).encode())
    runtime = Runtime(c, url, settings, attributes.get("bgmigrate.progress") or Progress(), attributes)
    if runtime.watcher:
        runtime.watcher.connected(c)
    _runtimes[context] = runtime
    # Alembic says nothing when it has finished; env.py's connection going back to its pool does.
    event.listen(bind.engine.pool, "checkin", lambda *_: runtime.close(), once=True)
    if ends := attributes.get("bgmigrate.ends"):
        ends.callback(runtime.close)
    return runtime


def _home(context: MigrationContext) -> Path | None:
    name = context.config.config_file_name if context.config is not None else None
    return Path(name).resolve().parent if name else None


def ensure_journal(runtime: Runtime) -> None:
    """Bring our schema up to date; on a scratch database only the schema itself is needed, for the sync functions."""
    if runtime.scratch:
        runtime.connection.execute("CREATE SCHEMA IF NOT EXISTS bgmigrate")
    else:
        journal.ensure(runtime.url)
