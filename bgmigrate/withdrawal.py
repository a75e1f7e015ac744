"""Letting others pass while we wait for a lock: who queues behind us waits because of us, although nobody holds anything of ours.

GitLab bills its migrations the time that others wait (lib/gitlab/database/lock_acquisition); here the longest wait counts as well, for one
reader that waits is an outage of its own. Watched from a second connection, which is made only when a statement has not ended at once.
"""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType

import psycopg

from bgmigrate.database import Connection, connect
from bgmigrate.errors import InfrastructureError
from bgmigrate.sql import template

AT_ONCE = 0.1  # seconds: most statements have their lock by then
LOOK = 0.03  # seconds between two looks
BILL = 10.0  # seconds that all who wait behind us may have waited in sum


def watching(url: str) -> Connection:
    """A connection to look from."""
    return connect(url, purpose="withdrawal", statement_timeout="500ms")


class Withdrawal:
    """While it is entered: cancel our connection's statement when it waits for a lock and others wait behind it for too long.

    `longest`: seconds that one of them may wait. `withdrew`: whether it came to that, and `waited`, how many there were and the longest wait.
    `alone`: it was looked, and nobody was ever there. When nothing can be seen the statement is cancelled, too: what cannot be watched must not
    be waited for. `eye`: a connection that is open already to look from, where our own wait may last for longer than `longest`: on a busy
    machine to make one takes as long.
    """

    def __init__(self, connection: Connection, url: str, longest: float, eye: Connection | None = None) -> None:
        self.connection, self.url, self.longest, self.eye = connection, url, longest, eye
        self.withdrew = False
        self.alone = False
        self.waited: tuple[int, float] = (0, 0.0)
        self.blind = ""
        self._pid = connection.info.backend_pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="withdrawal", daemon=True)

    def __enter__(self) -> Withdrawal:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        if self.withdrew and not isinstance(error, psycopg.errors.QueryCanceled):  # it came too late: it must not hit what is run next
            with contextlib.suppress(psycopg.errors.QueryCanceled):
                self.connection.execute("SELECT 1")

    def _watch(self) -> None:
        if self._ended.wait(AT_ONCE):
            return
        try:
            with contextlib.nullcontext(self.eye) if self.eye is not None else watching(self.url) as other:
                bill, last, seen = 0.0, time.monotonic(), 0
                while not self._ended.wait(LOOK):
                    queued, longest, waiting = self._look(other)
                    now = time.monotonic()
                    bill, last, seen = bill + queued * (now - last), now, seen + queued
                    self.alone = seen == 0
                    if queued and waiting and (longest + 2 * LOOK >= self.longest or bill >= BILL):
                        self.waited = (queued, longest)
                        self.withdrew = True
                        other.execute(template("withdraw").encode(), {"pid": self._pid})
                        return
        except (psycopg.Error, InfrastructureError) as error:
            if not self._ended.is_set():
                self.blind = str(error).splitlines()[0]
                self.withdrew = True
                with contextlib.suppress(psycopg.Error):
                    self.connection.cancel_safe(timeout=5)

    def _look(self, other: Connection) -> tuple[int, float, bool]:
        """How many wait behind us, for how long the first of them, and whether we wait ourselves."""
        row = other.execute(template("queued_behind").encode(), {"pid": self._pid}).fetchone()
        return (row[0], row[1], row[2]) if row else (0, 0.0, False)
