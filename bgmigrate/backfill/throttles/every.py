"""All throttles of a backfill together: any of them stops the next batch, and one that cannot see does so too where a person asked for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psycopg

from bgmigrate.backfill.throttles.throttle import Throttle, Unobservable
from bgmigrate.database import Connection
from bgmigrate.locking import set_local
from bgmigrate.naming import ident

PATIENCE = 2.0  # seconds for one question; a server that needs longer is no server to load further


@dataclass(kw_only=True)
class Watched:
    """A throttle, and whether a person asked for it (`given`) or it is on by default; `asked`, `said`: when, and what it answered."""

    throttle: Throttle
    given: bool
    asked: float = field(default=float("-inf"))
    said: str | None = None
    blind: bool = False  # it has been said that it cannot see


class Throttles:
    """`interval`: seconds for which a go-ahead counts. `say`: is told, once for each, of a default throttle that cannot see.

    May be shared by a process's workers, each asking over its own connection: a server is not asked more often because more are at work.
    """

    def __init__(self, watched: Sequence[Watched], *, interval: float = 1.0, say: Callable[[str], None] | None = None) -> None:
        self._watched, self._interval, self._say = list(watched), interval, say
        self._lock = threading.Lock()
        self.stopped_by: str | None = None  # the name of the throttle that gave the last reason

    @property
    def names(self) -> list[str]:
        """Those that are on."""
        return [w.throttle.name for w in self._watched]

    def wait_reason(self, connection: Connection) -> str | None:
        """Why the next batch must wait, from the first throttle that says so; None to go on.

        `connection` is one of ours outside a transaction. Raises what psycopg raises when it is lost.
        """
        with self._lock:
            for watched in self._watched:
                now = time.monotonic()
                if watched.said is None and now - watched.asked < self._interval:
                    continue
                watched.said, watched.asked = self._ask(watched, connection), now
                if watched.said is not None:
                    self.stopped_by = watched.throttle.name
                    return watched.said
            self.stopped_by = None
            return None

    def _ask(self, watched: Watched, connection: Connection) -> str | None:
        try:
            with connection.transaction():
                set_local(connection, statement_timeout=PATIENCE, lock_timeout=PATIENCE / 2)
                return watched.throttle.reason(connection)
        except Unobservable as error:
            return self._unobservable(watched, error, connection)
        except psycopg.Error as error:
            if connection.closed or isinstance(error, psycopg.errors.AdminShutdown):
                raise
            return self._unobservable(watched, _blind(error), connection)

    def _unobservable(self, watched: Watched, error: Unobservable, connection: Connection) -> str | None:
        setting = f"expand.{watched.throttle.setting}"
        grant = f"GRANT pg_monitor TO {ident(connection.info.user)}" if error.grant else ""
        what = f"{watched.throttle.name} cannot be observed: {error.what}"
        if watched.given:
            return f"{what}; {grant}{', or ' if grant else ''}remove {setting}"
        if not watched.blind and self._say:
            watched.blind = True
            self._say(f"{what}; going on without it ({grant}{', or ' if grant else ''}{setting} = {_off(watched.throttle)} turns it off)")
        return None


def _off(throttle: Throttle) -> str:
    return "false" if throttle.setting.startswith("yield_") else "0"


def _blind(error: psycopg.Error) -> Unobservable:
    if isinstance(error, psycopg.errors.QueryCanceled):
        return Unobservable(f"the server has not answered within {PATIENCE:g} s")
    said = (error.diag.message_primary or str(error)).strip()
    return Unobservable(said, grant=isinstance(error, psycopg.errors.InsufficientPrivilege))
