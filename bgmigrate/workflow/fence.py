"""Keep the retired version's role from logging in, and end what sessions it has left, before contract takes anything away."""

from __future__ import annotations

import psycopg

from bgmigrate.database import Connection
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.journal import fences
from bgmigrate.naming import ident
from bgmigrate.progress import Progress
from bgmigrate.routing import drain
from bgmigrate.settings import Settings


def role_to_fence(connection: Connection, settings: Settings, environment: str) -> str:
    """The retired environment's role, which nobody else needs. Raises ConfigurationError or Refused (BGM965); changes nothing."""
    role = settings.environment(environment).role
    if role is None:
        raise ConfigurationError(
            f"--fence: no role is configured for {environment}",
            why="What connects under a role of its own can be fenced; an application name can be anybody's.",
            next=f"Configure environments.{environment}.role, or run without --fence.",
        )
    me = connection.execute("SELECT session_user::text, current_user::text").fetchone()
    shared = [name for name, e in settings.environments.items() if name != environment and e.role == role]
    others = [f for f in fences.all(connection) if f.role == role and (f.service, f.environment) != (settings.service, environment)]
    if shared or others or (me and role in me):
        whose = shared[0] if shared else f"{others[0].service}'s {others[0].environment}" if others else "bgmigrate itself"
        raise Refused(
            f"--fence: {role}, the role of {environment}, is also that of {whose}", why="Who shares it could not log in any more either.",
            next="Give each environment a role of its own, or run without --fence.", code="BGM965",
        )
    if fences.may_log_in(connection, role) is None:
        raise Refused(f"--fence: there is no role {role}", why="Fencing nobody would prove nothing.", code="BGM965",
                      next=f"Correct environments.{environment}.role.")
    return role


def raise_fence(connection: Connection, settings: Settings, environment: str, say: Progress) -> None:
    """NOLOGIN for its role, if it can log in; then its sessions end if the policy says so (`contract.sessions = "terminate"`)."""
    role = role_to_fence(connection, settings, environment)
    if fences.may_log_in(connection, role):
        fences.raise_fence(connection, role, service=settings.service, environment=environment)
        say.step(f"fenced: {role} cannot log in any more")
    if settings.contract.sessions == "terminate":
        _terminate(connection, settings, environment, say)


def _terminate(connection: Connection, settings: Settings, environment: str, say: Progress) -> None:
    for session in drain.sessions(connection, settings.environment(environment)):
        if session.pid is None:
            continue  # a prepared transaction is a person's to commit or to roll back
        say.step(f"ending {session}")
        try:
            connection.execute("SELECT pg_terminate_backend(%s)", (session.pid,))
        except psycopg.errors.InsufficientPrivilege:
            row = connection.execute("SELECT current_user").fetchone()
            raise ConfigurationError(
                f"the sessions of {session.user} cannot be ended: it is not permitted", why="They would go on with what contract removes.",
                next=f"GRANT pg_signal_backend TO {ident(row[0] if row else '')}; or end them, or set contract.sessions = \"wait\".", code="BGM965",
            ) from None
