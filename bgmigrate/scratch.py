"""Throw-away databases: on the configured scratch server, else on an embedded server, else beside the database itself."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg

from bgmigrate import embedded
from bgmigrate.database import Connection, connect, named
from bgmigrate.errors import ConfigurationError, InfrastructureError
from bgmigrate.settings import Settings
from bgmigrate.sql import compose

# Does the server forget all in a crash, as a throw-away one may? Then copying files is thrice as fast as logging them; elsewhere the checkpoint
# that it takes would be felt (PostgreSQL documentation, CREATE DATABASE, STRATEGY, 15 and later).
THROW_AWAY = "SELECT WHERE current_setting('fsync') = 'off' AND current_setting('server_version_num')::int >= 150000"


@contextlib.contextmanager
def database(settings: Settings, label: str, *, like: str = "") -> Iterator[str]:
    """An empty database's URL, or that of a copy of the scratch database `like`, which nobody may be connected to; it is dropped at the end,
    also after an error.

    Raises InfrastructureError when the server is away, ConfigurationError when we may not create databases on it.
    """
    server = server_url(settings)
    name, begun = f"bgm_scratch_{label}_{secrets.token_hex(4)}", False
    try:
        with connect(server, purpose="scratch") as c:
            copied = " STRATEGY file_copy" if c.execute(THROW_AWAY).fetchone() else ""
            begun = True  # from now on Ctrl-C may leave it behind
            _create(c, name, copied, urlsplit(like).path[1:] or "template0")
        yield named(server, name)
    finally:
        if begun:
            with connect(server, purpose="scratch") as c:
                c.execute(compose("DROP DATABASE IF EXISTS {d:i} WITH (FORCE)", d=name).encode())


def _create(connection: Connection, name: str, options: str, template: str) -> None:
    try:
        # template0: whatever a local template1 holds is not part of the versions that are compared
        connection.execute(compose("CREATE DATABASE {d:i} TEMPLATE {t:i} ENCODING 'UTF8'{o:q}", d=name, t=template, o=options).encode())
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigurationError(
            "the scratch server does not let us create databases",
            why="Versions are compared and rehearsed in throw-away databases, never in yours.",
            next="Set BGMIGRATE_SCRATCH_URL to a server where we may (or: pip install 'bgmigrate[embedded]').",
        ) from None
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        raise InfrastructureError(f"no scratch database could be made: {reason}", next="Run the same command again.") from None


def server_url(settings: Settings) -> str:
    """Where scratch databases are made: `scratch_url`, else the embedded server when it is installed, else the database's own server."""
    if settings.scratch_url:
        return settings.scratch_url
    return embedded.shared() if embedded.installed() else settings.url
