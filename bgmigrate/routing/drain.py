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
    """A session, or a prepared transaction (which has no pid), of this database. None: the server does not show it to our role."""

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

    With both configured, both must match. What our role may not see counts as matching, and a prepared transaction has no application name.
    """
    if unconfigured(environment):
        return []
    return [s for s in _all(connection) if _matches(s, environment)]


def unprovable(connection: Connection, environment: Environment) -> str | None:
    """Why the absence of sessions would prove nothing; None when it proves that the environment is drained."""
    if unconfigured(environment):
        return "neither role nor application_name is configured for it, so its sessions cannot be told apart"
    hidden = [s for s in _all(connection) if s.pid is not None and s.application_name is None]
    if environment.role is None and hidden:
        row = connection.execute("SELECT current_user").fetchone()
        role = ident(row[0]) if row else ""
        return f"{len(hidden)} sessions hide their application_name from role {role} (GRANT pg_read_all_stats TO {role}; or configure roles)"
    return None


def unconfigured(environment: Environment) -> bool:
    """Say whether nothing tells this environment's sessions apart."""
    return not (environment.role or environment.application_name)


def _all(connection: Connection) -> list[Session]:
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        found = cursor.execute(template("sessions").encode()).fetchall()
    return [s for s in found if not (s.application_name or "").startswith(OURS)]


def _matches(session: Session, environment: Environment) -> bool:
    if environment.role is not None and session.user != environment.role:
        return False
    if environment.application_name is None or (session.application_name is None and (environment.role is not None or session.pid is None)):
        return True
    return session.application_name is not None and fnmatchcase(session.application_name, environment.application_name)
