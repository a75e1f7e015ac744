"""A connection pooler in transaction mode between us and the server: found out, and refused."""

from __future__ import annotations

import contextlib

import psycopg

from bgmigrate.database import Connection, dial, unreachable, without_password
from bgmigrate.errors import ConfigurationError

ROUNDS = 3  # a pool that others use may give a different backend each time; one that never repeats itself thrice is none


def refuse_pooler(url: str) -> None:
    """Raise ConfigurationError (BGM927) when sessions are not sessions: two at once have one backend, or one moves to another.

    To be asked before anything else is: what we set for our sessions would stay in the pool's and be the application's. Two connections, a few
    milliseconds. Raises InfrastructureError when the server cannot be reached. A pool in session mode is let through: there a session is one.
    """
    with contextlib.closing(dial(url, purpose="pooler?")) as first, contextlib.closing(dial(url, purpose="pooler?")) as second:
        try:
            for _ in range(ROUNDS):
                before, beside = _backend(first), _backend(second)
                if before == beside:
                    raise _refusal(url, f"two sessions at once are its server's backend {before}")
                with second.transaction():
                    held, after = _backend(second), _backend(first)  # the transaction holds a backend, maybe the one that the first has had
                if before != after or held != beside:
                    moved = (before, after) if before != after else (beside, held)
                    raise _refusal(url, f"a session has moved from its server's backend {moved[0]} to {moved[1]}")
        except psycopg.Error as error:
            raise unreachable(url, error) from None


def _backend(c: Connection) -> int:
    row = c.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def _refusal(url: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{without_password(url)} is a connection pooler that gives a session another backend for each transaction: {what}",
        why="The run lock and time limits belong to a session: ours would be lost between two statements, or land in the application's.",
        next="Point BGMIGRATE_DATABASE_URL at PostgreSQL itself (usually port 5432), or at a pool of its own with pool_mode = session.",
        code="BGM927",
    )
