"""Is the retired version gone? Its database sessions, told apart by role and application name; a drained proxy proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from psycopg.rows import class_row

from bgmigrate.database import Connection
from bgmigrate.naming import ident
from bgmigrate.settings import Environment
from bgmigrate.sql import template

OURS = "bgmigrate/"  # every connection of ours says so, see bgmigrate.database.connect


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session, or a prepared transaction (which has no pid), of this database. `state` and age are shown to privileged roles only."""

    pid: int | None
    user: str
    application_name: str | None
    state: str | None
    transaction_seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """As the JSON key `blockers` has it."""
        return {
            "pid": self.pid, "user": self.user, "application_name": self.application_name, "state": self.state,
            "transaction_seconds": self.transaction_seconds, "relation": None, "mode": None,
        }

    def __str__(self) -> str:
        who = f"pid {self.pid}" if self.pid else "a prepared transaction"
        return f"{who} ({self.user}, {self.application_name or 'no application name'}, {self.state or 'state hidden'})"


def sessions(connection: Connection, environment: Environment) -> list[Session]:
    """The sessions and prepared transactions that may be this environment's; none when it has neither role nor application_name.

    With both configured, both must match. A prepared transaction has no application name: it may be anybody's.
    """
    if unconfigured(environment):
        return []
    return [s for s in _all(connection) if matches(s, environment)]


def unprovable(connection: Connection, environment: Environment) -> str | None:
    """Why the absence of sessions would prove nothing; None when it proves that the environment is drained."""
    if unconfigured(environment):
        return "neither role nor application_name is configured for it, so its sessions cannot be told apart"
    if environment.role is not None:
        row = connection.execute("SELECT to_regrole(%s) IS NULL", (ident(environment.role),)).fetchone()
        if row and row[0]:
            return f"there is no role {environment.role}, and a misspelt one has no sessions"
    return None


def unconfigured(environment: Environment) -> bool:
    """Say whether nothing tells this environment's sessions apart."""
    return not (environment.role or environment.application_name)


def _all(connection: Connection) -> list[Session]:
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        found = cursor.execute(template("sessions").encode()).fetchall()
    return [s for s in found if not (s.application_name or "").startswith(OURS)]


def matches(session: Session, environment: Environment) -> bool:
    """May the session be this environment's?"""
    if environment.role is not None and session.user != environment.role:
        return False
    if environment.application_name is None or session.pid is None:
        return True
    return fnmatchcase(session.application_name or "", environment.application_name)
