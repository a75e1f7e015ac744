"""Roles that contract keeps from logging in, and how they may again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from bgmigrate.database import Connection
from bgmigrate.errors import ConfigurationError
from bgmigrate.naming import ident
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class Fence:
    """A role that could log in before."""

    role: str
    service: str
    environment: str
    fenced_at: datetime
    fenced_by: str


def all(connection: Connection, service: str | None = None, environment: str | None = None) -> list[Fence]:
    """Every fence; of one service and environment where they are named. A journal of an older release knows of none."""
    row = connection.execute("SELECT to_regclass('bgmigrate.fence') IS NOT NULL").fetchone()
    if not (row and row[0]):
        return []
    with connection.cursor(row_factory=class_row(Fence)) as cursor:
        return cursor.execute(
            """
            SELECT role, service, environment, fenced_at, fenced_by FROM bgmigrate.fence
             WHERE service = coalesce(%s::text, service) AND environment = coalesce(%s::text, environment) ORDER BY role
            """,
            (service, environment),
        ).fetchall()


def may_log_in(connection: Connection, role: str) -> bool | None:
    """May this role log in? None where there is no such role."""
    row = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    return bool(row[0]) if row else None


def raise_fence(connection: Connection, role: str, *, service: str, environment: str) -> None:
    """ALTER ROLE … NOLOGIN, and a record of it, in one transaction. Sessions that are there go on. Raises ConfigurationError (42501)."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO bgmigrate.fence (role, service, environment) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (role, service, environment)
        )
        _alter(connection, role, "NOLOGIN")


def lift(connection: Connection, service: str, environment: str) -> list[str]:
    """Let the roles of an environment that were fenced log in again; returns them. To be called inside a transaction."""
    lifted = []
    for fence in all(connection, service, environment):
        if may_log_in(connection, fence.role) is False:  # else a person has done it already, or the role is gone
            _alter(connection, fence.role, "LOGIN")
        connection.execute("DELETE FROM bgmigrate.fence WHERE role = %s", (fence.role,))
        lifted.append(fence.role)
    return lifted


def _alter(connection: Connection, role: str, how: str) -> None:
    try:
        with connection.transaction():
            connection.execute(compose("ALTER ROLE {r:i} {h:q}", r=role, h=how).encode())
    except psycopg.errors.InsufficientPrivilege as error:
        row = connection.execute("SELECT current_user").fetchone()
        me = ident(row[0]) if row else "the role of bgmigrate"
        grant = f"ALTER ROLE {me} CREATEROLE;"
        if connection.info.server_version >= 160000:
            grant += f" GRANT {ident(role)} TO {me} WITH ADMIN OPTION;"
        raise ConfigurationError(
            f"role {me} may not say whether {role} can log in: {error.diag.message_primary}",
            why="A retired version could connect again at any time." if how == "NOLOGIN" else f"{role} stays fenced: its version cannot run.",
            next=f"As a superuser: {grant} Or by hand: ALTER ROLE {ident(role)} {how}; then run the same command again.", code="BGM965",
        ) from None
