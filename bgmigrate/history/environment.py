"""Alembic's EnvironmentContext with a safe hand on env.py: one transaction a revision, the right database, and nothing on stdout."""

from __future__ import annotations

import contextlib
import logging.config
import sys
from collections.abc import Callable, Iterator
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from bgmigrate.database import SAME_DATABASE, sqlalchemy_url
from bgmigrate.errors import ConfigurationError


class EnvironmentFailed(ConfigurationError):
    """env.py ended before it called context.configure()."""


class Environment:
    """What env.py talks to as `context` while we run it: Alembic's own, with a `configure()` that looks at what it is given.

    `identity`: of the database that the run is for, None when nothing is connected. `scratch`: another database's connection is replaced
    by one of ours instead of refused.
    """

    def __init__(
        self, config: Config, script: ScriptDirectory, *, url: str, identity: str | None, scratch: bool, steps: Callable[[Any], list[Any]], **kw: Any
    ) -> None:
        # Not a subclass: the functions of `alembic.context` know only EnvironmentContext itself.
        self.context = EnvironmentContext(config, script, fn=self._plan, **kw)
        self._configure = self.context.configure
        self.context.configure = self.configure  # type: ignore[method-assign]
        self.url, self.identity, self.scratch, self.steps = url, identity, scratch, steps
        self.options: dict[str, Any] = {}  # what env.py gave to configure()
        self.planned: list[Any] = []
        self.done = 0
        self.closing = contextlib.ExitStack()

    @property
    def current(self) -> str | None:
        """The revision that is being applied or taken back."""
        step = self.planned[self.done] if self.done < len(self.planned) else None
        return getattr(getattr(step, "revision", None), "revision", None)

    @property
    def configured(self) -> bool:
        """Did env.py get as far as configure()?"""
        return bool(self.options)

    def configure(self, connection: Connection | None = None, *args: Any, **kw: Any) -> None:
        """Take env.py's options; `transaction_per_migration` is ours to say.

        Without it a later failure leaves the recorded version behind the real schema once an operation has left the transaction.
        """
        self.options = {"connection": connection, **kw}
        kw["transaction_per_migration"] = True
        kw["on_version_apply"] = (*_callables(kw.get("on_version_apply")), self._applied)
        if self.identity is not None:
            if connection is None:  # the offline path, run on line: what it says is for a printed script
                kw |= {"literal_binds": False, "dialect_opts": None}
                self.context.context_opts["as_sql"] = False
            connection = self._right(connection)
            if watch := self.context.config.attributes.get("bgmigrate.watch"):
                connection = self._followed(connection, watch)
        self._configure(connection, *args, **kw)

    def _right(self, connection: Connection | None) -> Connection:
        if connection is None:
            if self.scratch:
                return self._own()
            raise ConfigurationError(
                "env.py calls context.configure() without a connection", why="Nothing would be applied to the database.",
                next="Give it one in env.py when context.is_offline_mode() is false.",
            )
        begun = connection.in_transaction()
        theirs = connection.engine.url.render_as_string(hide_password=True)
        same = connection.dialect.name == "postgresql" and connection.exec_driver_sql(SAME_DATABASE).scalar() == self.identity
        if not same and self.scratch:
            connection.rollback()
            return self._own()
        if not same:
            raise ConfigurationError(
                f"env.py connects to another database ({theirs}) than bgmigrate is configured for",
                why="Alembic would record in one database what was done in the other.",
                next="Let env.py use the URL of its config: config.get_main_option('sqlalchemy.url'), or set both to the same database.",
            )
        if begun and not self.scratch:
            connection.rollback()
            raise ConfigurationError(
                "env.py runs statements on its connection before context.configure() and leaves their transaction open",
                why="Steps that must not hold their locks (backfills, CREATE INDEX CONCURRENTLY) cannot run inside it.",
                next="In env.py call connection.commit() before context.configure().",
            )
        connection.commit()  # our question began a transaction; inside one Alembic would commit nothing
        return connection

    def _followed(self, connection: Connection, watch: Any) -> Connection:
        """The connection, followed by a `Watch` through psycopg; one of ours in place of another driver's."""
        if connection.dialect.driver != "psycopg":
            connection = self._own()
        watch.connected(connection.connection.dbapi_connection)
        return connection

    def _own(self) -> Connection:
        engine = create_engine(sqlalchemy_url(self.url), poolclass=NullPool)
        return self.closing.enter_context(engine.connect())

    def _plan(self, heads: Any, _: Any) -> list[Any]:
        self.planned = self.steps(heads)
        return self.planned

    def _applied(self, **_: Any) -> None:
        self.done += 1


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep env.py, the application's modules and revisions off stdout and off the process's logging while they run.

    env.py's usual fileConfig() would disable every logger there is and may send Alembic's log to stdout, where only our answer belongs.
    """
    configurators = {name: getattr(logging.config, name) for name in ("fileConfig", "dictConfig")}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for name in configurators:
        setattr(logging.config, name, lambda *args, **kw: None)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        for name, function in configurators.items():
            setattr(logging.config, name, function)
        root.handlers[:] = handlers
        root.setLevel(level)


def _callables(value: Any) -> tuple[Any, ...]:
    return () if value is None else tuple(value) if isinstance(value, (list, tuple, set)) else (value,)
