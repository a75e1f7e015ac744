"""The PostgreSQL servers that tests run on: which there are, which one is chosen, and why another is not."""

from __future__ import annotations

import contextlib
import functools
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psycopg

from bgmigrate.database import conninfo, named
from bgmigrate.sql import compose
from tests.servers import container, debian, embedded, wheels


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server on which a test may make databases. `url` names its maintenance database."""

    kind: str
    url: str
    version: int  # server_version_num, for example 180006

    def at(self, database: str) -> str:
        """The URL of one of its databases, in the plain form that psycopg and bgmigrate both take."""
        return named(self.url, database)

    @contextlib.contextmanager
    def database(self, label: str = "test", *, template: str = "template0") -> Iterator[str]:
        """The URL of an empty database, or of a copy of `template`, to which nobody is connected; it is dropped at the end, whoever is connected then."""
        name = f"{label}_{secrets.token_hex(4)}"
        with psycopg.connect(self.url, autocommit=True) as c:
            # template0: what a local template1 holds is no part of a test
            made = compose("CREATE DATABASE {d:i} TEMPLATE {t:i} ENCODING 'UTF8'", d=name, t=template)
            c.execute((made + (" STRATEGY file_copy" if self.version >= 150000 else "")).encode())
        try:
            yield self.at(name)
        finally:
            with psycopg.connect(self.url, autocommit=True) as c:
                c.execute(compose("DROP DATABASE IF EXISTS {d:i} WITH (FORCE)", d=name).encode())


KINDS = ("embedded", "debian15", "testcontainers")
EXTRA = tuple(wheels.WHEELS)  # of other versions, for tests that ask for them
_MISSING: dict[str, Callable[[], str | None]] = {
    "embedded": embedded.missing, "debian15": debian.missing, "testcontainers": container.missing,
    **{kind: functools.partial(wheels.missing, kind) for kind in EXTRA},
}
_START: dict[str, Callable[[], contextlib.AbstractContextManager[str]]] = {
    "embedded": embedded.start, "debian15": debian.start, "testcontainers": container.start,
    **{kind: functools.partial(wheels.start, kind) for kind in EXTRA},
}


def missing(kind: str) -> str | None:
    """Why a kind of server cannot be had on this machine; None when it can."""
    return None if kind == "dsn" else _MISSING[kind]()


def choose() -> str:
    """The default: the first kind that this machine has."""
    return next((kind for kind in KINDS if missing(kind) is None), "embedded")


MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; several servers with their WAL


def _home(on_disk: bool) -> str | None:
    """Where a server's files are made: in memory where there is room for them (its databases are made ten times faster there), else where files go."""
    return str(MEMORY) if not on_disk and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM else tempfile.tempdir


@contextlib.contextmanager
def running(kind: str, dsn: str | None = None, *, on_disk: bool = False) -> Iterator[Server]:
    """Start a server of that kind (or take the one that `dsn` names) and stop it at the end. `on_disk`: for what is measured."""
    with contextlib.ExitStack() as stack:
        with mock.patch.object(tempfile, "tempdir", _home(on_disk)):
            url = conninfo(dsn) if dsn else conninfo(stack.enter_context(_START[kind]()))
        with psycopg.connect(url, autocommit=True) as c:
            if not dsn:
                # nothing of a test survives the machine: what fsync protects from cannot happen to it
                c.execute("ALTER SYSTEM SET fsync = off")
                c.execute("ALTER SYSTEM SET deadlock_timeout = '200ms'")
                c.execute("SELECT pg_reload_conf()")
            version = c.info.server_version
        yield Server(kind=kind, url=url, version=version)
