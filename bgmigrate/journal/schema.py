"""The journal's own schema: brought up to date by the tool's own Alembic history (`migrations/`)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import psycopg

from bgmigrate.database import Connection, connect, identity, unreachable
from bgmigrate.errors import ConfigurationError, Conflict, InfrastructureError
from bgmigrate.naming import ident

_LOCK = 0x62676D6A6F75726E  # "bgmjourn": one process at a time creates the journal of a database
_WAIT = "60s"
_threads = threading.Lock()  # Alembic's proxies are the process's, not a thread's


def ensure(url: str) -> None:
    """Create the journal or bring it up to date; one query when there is nothing to do.

    Raises ConfigurationError when a privilege is missing or the journal is newer than this bgmigrate, InfrastructureError when
    the server is away, Conflict when another process has been at it for a minute.
    """
    with connect(url, purpose="journal") as connection:
        if _current(connection) == known()[-1]:
            return
        _acquire(connection)  # session lock; it goes with the connection
        if _current(connection) == known()[-1]:
            return
        _may_create(connection)
        with _threads:
            if _inside_alembic():
                _migrate_elsewhere(url)
            else:
                migrate(url)
        connection.execute("INSERT INTO bgmigrate.fact (name, identity) VALUES ('identity', %s) ON CONFLICT DO NOTHING", (identity(connection),))


def exists(connection: Connection) -> bool:
    """Say whether this database has a journal."""
    row = connection.execute("SELECT to_regclass('bgmigrate.evidence') IS NOT NULL").fetchone()
    return bool(row and row[0])


def location() -> Path:
    """The journal's Alembic history: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def known() -> list[str]:
    """The journal's revisions that this bgmigrate knows, oldest first: the history is linear and its files are numbered."""
    return sorted(path.name.partition("_")[0] for path in (location() / "versions").glob("[0-9]*.py"))


def migrate(url: str) -> None:
    """Run the history to its head in this process."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(location()).replace("%", "%%"))  # configparser interpolates %
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except Exception as error:
        cause = error.__cause__ or error
        if isinstance(cause, psycopg.OperationalError):
            raise unreachable(url, cause) from None
        raise InfrastructureError(
            f"the journal could not be brought up to date: {str(cause).splitlines()[0]}",
            why="Each of its steps is one transaction: what is there is whole.", next="Run the same command again.",
        ) from error


def _migrate_elsewhere(url: str) -> None:
    package = str(Path(__file__).resolve().parent.parent.parent)
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(  # -P: a module of the project's in the current directory must not stand before the library's
        [sys.executable, "-P", "-m", "bgmigrate.journal"], env={**os.environ, "BGMIGRATE_DATABASE_URL": url, "PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1].rpartition("Error: ")[2]
        raise InfrastructureError(
            f"the journal could not be brought up to date: {last}",
            why="Each of its steps is one transaction: what is there is whole.", next="Run the same command again.",
        )


def _inside_alembic() -> bool:
    return any(getattr(sys.modules.get(f"alembic.{name}"), "_proxy", None) is not None for name in ("context", "op"))


def _current(connection: Connection) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM bgmigrate.alembic_version").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    except psycopg.errors.InsufficientPrivilege:
        role = _one(connection, "SELECT current_user")
        raise ConfigurationError(
            f"role {role} may not read the journal (schema bgmigrate)", why="Without the journal nobody knows what was done and what was proved.",
            next=f"As the schema's owner: GRANT USAGE, CREATE ON SCHEMA bgmigrate TO {ident(role)}; "
            f"GRANT ALL ON ALL TABLES IN SCHEMA bgmigrate TO {ident(role)};",
        ) from None
    if row is not None and row[0] not in known():
        raise ConfigurationError(
            f"the journal in this database is newer ({row[0]}) than this bgmigrate, which knows {known()[-1]}",
            why="An older tool could misread what a newer one recorded.", next="Update bgmigrate to the release that the others use.",
        )
    return row[0] if row else None


def _acquire(connection: Connection) -> None:
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (_WAIT,))
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    except psycopg.errors.LockNotAvailable:
        raise Conflict(
            f"another process has been creating the journal of this database for {_WAIT}", why="Two at once would trip over each other.",
            next="Run the same command again.",
        ) from None


def _may_create(connection: Connection) -> None:
    role, database = _one(connection, "SELECT current_user"), _one(connection, "SELECT current_database()")
    if _one(connection, "SELECT to_regnamespace('bgmigrate')") is None:
        if not _one(connection, "SELECT has_database_privilege(current_database(), 'CREATE')"):
            raise ConfigurationError(
                f"role {role} may not create schema bgmigrate in database {database}",
                why="The journal lives there: what was done, who is live and what was proved.",
                next=f"As the database's owner: GRANT CREATE ON DATABASE {ident(database)} TO {ident(role)};",
            )
    elif not _one(connection, "SELECT has_schema_privilege('bgmigrate', 'CREATE')"):
        raise ConfigurationError(
            f"role {role} may not create objects in schema bgmigrate of database {database}",
            why="The journal lives there: what was done, who is live and what was proved.",
            next=f"As the schema's owner: GRANT USAGE, CREATE ON SCHEMA bgmigrate TO {ident(role)};",
        )


def _one(connection: Connection, query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]
