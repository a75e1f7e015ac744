"""Connections of our own to a PostgreSQL database: named, bounded in time, and never showing a password."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from psycopg.rows import TupleRow

from bgmigrate.errors import ConfigurationError, InfrastructureError

Connection = psycopg.Connection[TupleRow]

# Two connections to which the server answers the same are connected to one database.
SAME_DATABASE = "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || oid FROM pg_database WHERE datname = current_database()"


def conninfo(url: str) -> str:
    """A URL as libpq takes it: SQLAlchemy's `+driver` removed. Raises ConfigurationError for another database's URL."""
    match = re.match(r"(postgres(?:ql)?)(\+\w+)?://", url)
    if not match:
        scheme = url.split(":", 1)[0] if ":" in url else "(none)"
        raise ConfigurationError(
            f"the database URL's scheme is {scheme}, not postgresql", why="bgmigrate works on PostgreSQL only.",
            next="Use postgresql+psycopg://user@host:port/name.",
        )
    return "postgresql://" + url[match.end() :]


def sqlalchemy_url(url: str, driver: str = "psycopg") -> str:
    """The URL for SQLAlchemy, the driver named: what plain `postgresql://` means differs between SQLAlchemy 2.0 and 2.1."""
    return f"postgresql+{driver}://" + conninfo(url).removeprefix("postgresql://")


def without_password(url: str) -> str:
    """The URL as it may be printed."""
    parts = urlsplit(url)
    if parts.password is None and "password=" not in parts.query:
        return url
    host = parts.netloc.rpartition("@")[2]
    user = parts.username or ""
    return urlunsplit(parts._replace(netloc=f"{user}:***@{host}", query=re.sub(r"(password=)[^&]*", r"\1***", parts.query)))


def named(url: str, database: str) -> str:
    """The same server's URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def connect(url: str, *, purpose: str, autocommit: bool = True, **settings: Any) -> Connection:
    """Open a connection whose application_name says what we are doing.

    Raises InfrastructureError when the server cannot be reached or refuses us; the password is never in its text.
    """
    # After kill -9 of this process the server stops our statement by itself (client_connection_check_interval, PostgreSQL 14+).
    options = {"client_connection_check_interval": "2s", "idle_in_transaction_session_timeout": "60s", **settings}
    connection = dial(url, purpose=purpose)
    try:
        calls = ", ".join(["set_config(%s, %s, false)"] * len(options))
        connection.execute(f"SELECT {calls}".encode(), [str(part) for option in options.items() for part in option])
        connection.autocommit = autocommit
    except psycopg.Error as error:
        connection.close()
        raise unreachable(url, error) from None
    return connection


def dial(url: str, *, purpose: str) -> Connection:
    """Open a connection on which nothing has been set yet, in autocommit. Raises as `connect` does."""
    try:
        return psycopg.connect(
            conninfo(url), autocommit=True, application_name=f"bgmigrate/{purpose}", connect_timeout=10, client_encoding="utf8",
            keepalives_idle=30, prepare_threshold=None,
        )
    except psycopg.OperationalError as error:
        raise unreachable(url, error) from None
    except (psycopg.ProgrammingError, UnicodeError) as error:
        raise ConfigurationError(f"the database URL cannot be read: {scrub(str(error), url)}", next="Correct BGMIGRATE_DATABASE_URL.") from None


def unreachable(url: str, error: Exception) -> InfrastructureError:
    """What a failed connection is called, the password scrubbed from the server's words."""
    lines = [line.strip() for line in scrub(str(error), url).splitlines() if line.strip()]
    return InfrastructureError(
        f"no connection to {without_password(url)}: {lines[-1] if lines else type(error).__name__}",
        why="Nothing was read and nothing was changed.",
        next="Check BGMIGRATE_DATABASE_URL and that the server is up, then run the same command again.",
    )


def scrub(text: str, url: str) -> str:
    """The text without the URL's password."""
    parts = urlsplit(url)
    written = [parts.password, *re.findall(r"(?:^|&)password=([^&]*)", parts.query)]
    for password in filter(None, written):
        for form in (password, unquote(password)):
            text = text.replace(form, "***")
    return text


def server_version(connection: Connection) -> str:
    """The server's version as it says it, without its packager's words: `16.4`."""
    row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    return str(row[0]).split(" ")[0]


def identity(connection: Connection) -> str:
    """What tells this database from a copy of it: the cluster's system identifier and the database's oid and name."""
    row = connection.execute(
        "SELECT (SELECT system_identifier FROM pg_control_system()), oid, datname FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    assert row is not None
    return f"{row[0]}/{row[1]}/{row[2]}"
