"""A revision's steps, one by one in this process: read from the text that `plan` wrote, run as they are live, and stopped anywhere."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psycopg
from sqlalchemy import create_engine

from bgmigrate import faults, journal, locking
from bgmigrate.database import Connection, connect, sqlalchemy_url
from bgmigrate.ops import EndRollback, Step
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.sql import compose
from tests.lifecycle.case import Case
from tests.lifecycle.traffic import create_all


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision file and what it calls."""

    id: str
    text: str
    upgrade: tuple[Step, ...]
    downgrade: tuple[Step, ...]

    @classmethod
    def of(cls, text: str) -> Revision:
        """Read a revision file; it calls our own operations only."""
        names: dict[str, Any] = {"__name__": "revision"}
        exec(compile(text, "revision.py", "exec", dont_inherit=True), names)
        called: dict[str, tuple[Step, ...]] = {}
        for name in ("upgrade", "downgrade"):
            steps: list[Step] = []
            names["op"] = _Recorder(steps)
            names[name]()
            called[name] = tuple(steps)
        return cls(id=names["revision"], text=text, **called)


class _Recorder:
    """Stands for `alembic.op`: keeps what is called instead of doing it."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps

    def __getattr__(self, verb: str) -> Callable[..., None]:
        kinds = {getattr(c, "_verb", None): c for c in _subclasses(Step)}
        return lambda *a, **k: self._steps.append(kinds[verb](*a, **k))


def _subclasses(cls: type[Step]) -> Iterator[type[Step]]:
    for c in cls.__subclasses__():
        yield c
        yield from _subclasses(c)


@dataclass(frozen=True, kw_only=True)
class Kill:
    """Where to die: before the n-th statement, or in the middle of the n-th that runs while others write (CONCURRENTLY)."""

    before: int = 0
    amid: int = 0


class Killed(BaseException):
    """The process died here."""


class Stage:
    """A database with blue's schema and rows and a journal, and the connection on which steps run."""

    def __init__(self, url: str, runtime: type[Runtime] = Runtime) -> None:
        self.url, self._runtime, self.kills = url, runtime, list[Kill]()
        self.eye = psycopg.connect(url, autocommit=True)  # looks on
        self._connect()

    @classmethod
    def build(cls, url: str, case: Case, runtime: type[Runtime] = Runtime) -> Stage:
        """Make it in an empty database."""
        journal.ensure(url)
        engine = create_engine(sqlalchemy_url(url))
        create_all(case.blue, engine)
        engine.dispose()
        with psycopg.connect(url, autocommit=True) as c:
            c.execute(case.by_hand.encode())
            c.execute(case.drift.encode())
            c.execute(case.seed.encode())
        return cls(url, runtime)

    def _connect(self) -> None:
        settings = Settings(directory=Path.cwd(), service="shop", database_url=self.url)
        attributes = {"bgmigrate.gate": "open", "bgmigrate.locked": True}
        self.on = self._runtime(connect(self.url, purpose="test"), self.url, settings, Progress(-1), attributes)

    def close(self) -> None:
        """Give the connections back."""
        self.on.close()
        self.eye.close()

    def step(self, step: Step) -> None:
        """Run one step."""
        if isinstance(step, EndRollback):  # the one that runs on Alembic's own connection
            alembic: Any = SimpleNamespace(get_context=lambda: SimpleNamespace(config=None), execute=lambda s: self.on.connection.execute(s.encode()))
            step.invoke(alembic)
        else:
            step.run(self.on)

    def run(self, steps: Iterable[Step], kill: Kill | None = None) -> None:
        """Run them, to the end or until they are killed there. `kills` is then where a run to the end could have been killed.

        Of a transaction that is the last of its statements: whatever it has done before is lost with it.
        """
        strong, weak = self.on.strong, self.on.weak
        before, amid, places = itertools.count(1), itertools.count(1), list[Kill]()

        def point() -> None:
            places.append(Kill(before=next(before)))
            if places[-1] == kill:
                raise Killed

        def together(tables: Sequence[str], *statements: str, **looks: Any) -> None:
            earlier = len(places)
            strong(tables, *statements, **looks)
            del places[earlier:-1]

        def alone(tables: Sequence[str], statement: str, *, seconds: float | None = None) -> None:
            if "CONCURRENTLY" in statement and (place := Kill(amid=next(amid))):
                places.append(place)
                if place == kill:
                    with halfway(self.on.connection, self.url, tables, lambda: weak(tables, statement)) as watch:
                        watch.execute("SELECT pg_terminate_backend(%s)", [self.on.connection.info.backend_pid])
                    raise Killed
            weak(tables, statement, seconds=seconds)

        try:
            with mock.patch.object(faults, "point", point), mock.patch.multiple(self.on, strong=together, weak=alone):
                for step in steps:
                    self.step(step)
        except Killed:
            self.on.close()
            self._connect()
        else:
            self.kills = places


@contextlib.contextmanager
def halfway(connection: Connection, url: str, tables: Sequence[str], work: Callable[[], None]) -> Iterator[Connection]:
    """Let a writer of these tables keep a concurrent statement waiting, so that one can look at it (or end it) in its middle.

    Yields a connection to look from. After that the writer ends, and so does the statement; its own error is raised unless it was ended from outside.
    """
    # on a slow machine the writer is old before the statement is begun, which would then not be
    patient = mock.patch.object(locking, "OLD_WRITER", 1e6)
    with patient, psycopg.connect(url) as writer, psycopg.connect(url, autocommit=True) as watch, ThreadPoolExecutor(1) as pool:
        for table in tables:
            writer.execute(compose("LOCK TABLE {t:t} IN ROW EXCLUSIVE MODE", t=table).encode())
        done = pool.submit(work)
        waits = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'virtualxid'"
        while not done.done() and not watch.execute(waits, [connection.info.backend_pid]).fetchone():
            time.sleep(0.002)
        yield watch
        writer.rollback()
        with contextlib.suppress(psycopg.errors.AdminShutdown):
            done.result()
