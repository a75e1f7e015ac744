"""A reader and a writer of every touched table, each asking every 25 ms: the longest that one had to wait is what an application would feel."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable
from typing import Any

import psycopg

from bgmigrate.database import conninfo
from bgmigrate.rehearsal.statement import Statement
from bgmigrate.sql import compose

EVERY = 0.025  # seconds
MOST = 20  # tables: two connections each

# Neither writes a row nor fires a trigger; what a writer waits for is its lock.
_SENT = {"read": "SELECT FROM {t:t} LIMIT 1", "write": "BEGIN; LOCK TABLE {t:t} IN ROW EXCLUSIVE MODE; COMMIT"}


class Canaries:
    """Threads are costly here, so all of them are one thread's. `with` them, the tables are read and written."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.waits: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)  # (table, read or write) -> (began, ended)
        self._tables: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="canaries", daemon=True)

    def __enter__(self) -> Canaries:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def visit(self, tables: Iterable[str]) -> None:
        """Begin to read and write these, too; returns when each has been asked once."""
        new = [t for t in tables if t not in self._tables][: MOST - len(self._tables)]
        self._tables.update(new)
        if new:
            asyncio.run_coroutine_threadsafe(self._begin(new), self._loop).result(30)

    def stalls(self, s: Statement) -> dict[str, dict[str, float]]:
        """The longest wait beside a statement, by table: of those asked while it ran, or whose answer came then."""
        out: dict[str, dict[str, float]] = {}
        for (table, kind), waits in list(self.waits.items()):
            beside = [ended - began for began, ended in list(waits) if began < s.began + s.seconds and ended > s.began]
            if beside:
                out.setdefault(table, {})[kind] = round(max(beside), 4)
        return out

    def longest(self) -> dict[str, dict[str, float]]:
        """The longest wait of all, by table."""
        out: dict[str, dict[str, float]] = {}
        for (table, kind), waits in sorted(self.waits.items()):
            if waits:
                out.setdefault(table, {})[kind] = round(max(e - b for b, e in waits), 4)
        return out

    async def _begin(self, tables: list[str]) -> None:
        firsts = []
        for table in tables:
            for kind, text in _SENT.items():
                asked = asyncio.Event()
                self._start(self._ask(table, kind, compose(text, t=table), asked))
                firsts.append(asked.wait())
        await asyncio.wait_for(asyncio.gather(*firsts), 20)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, table: str, kind: str, statement: str, asked: asyncio.Event) -> None:
        try:
            c = await psycopg.AsyncConnection.connect(conninfo(self.url), autocommit=True, application_name=f"bgmigrate/canary {kind}")
        except psycopg.Error:  # the server has no room for more: what the others say must do
            asked.set()
            return
        try:
            while True:
                began = time.monotonic()
                try:
                    await c.execute(statement.encode(), prepare=False)
                    self.waits[table, kind].append((began, time.monotonic()))
                except psycopg.OperationalError:
                    return
                except psycopg.Error:  # not there (any more), or not ours to write
                    if c.info.transaction_status:
                        await c.execute(b"ROLLBACK")
                asked.set()
                await asyncio.sleep(EVERY)
        finally:
            asked.set()
            await c.close()

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
