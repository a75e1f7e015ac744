"""Saying how far a long statement is that is somebody else's to finish: the server builds an index, or waits for old transactions to end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg

from bgmigrate.database import Connection, connect
from bgmigrate.errors import InfrastructureError
from bgmigrate.progress import Progress
from bgmigrate.sql import template

LOOK = 2.0  # seconds between two looks
SAID = 10.0  # seconds between two lines that say the same phase


@contextlib.contextmanager
def following(connection: Connection, url: str, progress: Progress) -> Iterator[None]:
    """Say what the connection's CREATE INDEX does and whom it waits for, from a second connection, once it has lasted for a while."""
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=[connection.info.backend_pid, url, progress, ended], name="following", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(pid: int, url: str, progress: Progress, ended: threading.Event) -> None:
    if ended.wait(LOOK):
        return
    said, since = "", 0.0
    try:
        with connect(url, purpose="progress", statement_timeout="2s") as other:
            while True:
                row = other.execute(template("index_progress").encode(), {"pid": pid}).fetchone()
                if row:
                    phase, share, waits = row
                    if phase != said or since >= SAID:
                        said, since = phase, 0.0
                        progress.step(f"    {phase}" + (f", {share:.0%}" if share is not None else "") + (f": {waits}" if waits else ""))
                if ended.wait(LOOK):
                    return
                since += LOOK
    except (psycopg.Error, InfrastructureError) as error:
        progress.detail(f"its progress cannot be seen: {str(error).splitlines()[0]}")
