"""Who else may still need the old shape: sessions that belong to no environment, replication slots, and jobs that the database runs itself."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import psycopg
from psycopg.rows import class_row

from bgmigrate.database import Connection
from bgmigrate.routing.drain import OURS, Session, matches
from bgmigrate.settings import Environment, Settings
from bgmigrate.sql import compose, template


def strangers(connection: Connection, settings: Settings, tables: Sequence[str]) -> list[Session]:
    """Sessions of no environment that may touch these tables; none where nothing says how sessions are told apart.

    Asked where every environment has a role of its own, unless `contract.unknown_sessions` says "ignore"; with "refuse" also where application
    names alone tell them apart.
    """
    wanted, known = settings.contract.unknown_sessions, [e for e in settings.environments.values() if e.role or e.application_name]
    by_role = len(known) > 1 and all(e.role for e in known)
    if wanted == "ignore" or not known or (wanted is None and not by_role):
        return []
    asked = {"by_role": by_role, "tables": [compose("{t:t}", t=t) for t in tables]}
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        found = cursor.execute(template("strangers").encode(), asked).fetchall()
    return [s for s in found if not (s.application_name or "").startswith(OURS) and not any(matches(s, e) for e in known)]


def holders(connection: Connection, environment: Environment) -> list[str]:
    """Logical replication that the environment's role reads, and active jobs of pg_cron that run as it, as findings name them."""
    return [*_slots(connection, environment), *_jobs(connection, environment)]


def _slots(connection: Connection, environment: Environment) -> list[str]:
    return [
        f"logical replication slot {slot} (pid {pid}, {user})"
        for slot, pid, user, name in connection.execute(template("slots").encode()).fetchall()
        if (environment.role or environment.application_name) and environment.role in (None, user)
        and (environment.application_name is None or environment.role is not None or fnmatchcase(name or "", environment.application_name))
    ]


def _jobs(connection: Connection, environment: Environment) -> list[str]:
    if environment.role is None:
        return []
    try:
        with connection.transaction():
            row = connection.execute("SELECT to_regclass('cron.job') IS NOT NULL").fetchone()
            if not (row and row[0]):
                return []
            found = connection.execute(
                "SELECT jobid, schedule, command FROM cron.job WHERE active AND username = %s AND database = current_database() ORDER BY jobid",
                (environment.role,),
            ).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return []  # its jobs run in sessions that are seen
    return [f"job {id} of pg_cron ({schedule}: {command[:60]})" for id, schedule, command in found]
