"""A storm: transactions that hold a table for seconds, one after another, and fifty readers and writers beside them who must not notice us.

What a probe waits is read from the server (`pg_locks.waitstart`), not from a clock of ours: this machine's own stalls are no wait for a lock.
The holders' locks are those of ordinary transactions, for which no probe waits: whatever one waits for is a lock of ours, or our place in a queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType

import psycopg

from bgmigrate.sql import compose
from tests.lifecycle.rules import TABLES

PROBES = 50
THINKS = (0.2, 0.8)  # seconds between two statements of a probe
HOLDS = (0.5, 5.0)  # seconds that a transaction keeps its lock
PAUSES = (0.05, 0.3)
LOOK = 0.015  # seconds between two looks at who waits
READ, WRITE = "SELECT FROM {} LIMIT 1", "BEGIN; LOCK TABLE {} IN ROW EXCLUSIVE MODE; COMMIT"  # no row is changed, no trigger fires
WAITING = """
    SELECT c.relname::text, extract(epoch FROM clock_timestamp() - l.waitstart)::float8 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      LEFT JOIN pg_class c ON c.oid = l.relation WHERE NOT l.granted AND a.application_name = 'storm/probe' AND l.waitstart IS NOT NULL
"""
GONE = (psycopg.errors.UndefinedTable, psycopg.errors.WrongObjectType, psycopg.errors.InvalidSchemaName)  # dropped, or a view now


@dataclass
class Felt:
    """What the probes felt. Seconds."""

    statements: int = 0
    longest: float = 0.0  # that one waited for a lock, as the server says
    where: str = ""
    slowest: float = 0.0  # from its sending to its end, on a machine that does other things as well
    held: int = 0  # transactions that held a table
    faults: list[str] = field(default_factory=list)


class Storm:
    """`with` it, it rages over the tables that there are then; `turn` lets it look for them again."""

    def __init__(self, url: str, seed: str) -> None:
        self.url, self.felt = url, Felt()
        self._random = random.Random(seed)
        self._tables: list[str] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (lambda: asyncio.run(self._rage()), self._look)]

    def __enter__(self) -> Storm:
        self.turn()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def turn(self) -> None:
        """The tables are others now."""
        with psycopg.connect(self.url, autocommit=True) as c:
            self._tables = [compose("{s:i}.{t:i}", s=s, t=t) for s, t in c.execute(TABLES.encode())]

    async def _rage(self) -> None:
        tasks = [asyncio.create_task(self._hold()), *(asyncio.create_task(self._probe(READ if n % 2 else WRITE)) for n in range(PROBES))]
        while not self._ended.is_set():
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hold(self) -> None:
        async with self._connected("holder") as c:
            while True:
                mode = self._random.choice(("ACCESS SHARE", "ROW EXCLUSIVE"))
                with contextlib.suppress(*GONE):
                    async with c.transaction():
                        await c.execute(f"LOCK TABLE {self._random.choice(self._tables)} IN {mode} MODE".encode())
                        self.felt.held += 1
                        await asyncio.sleep(self._random.uniform(*HOLDS))
                await asyncio.sleep(self._random.uniform(*PAUSES))

    async def _probe(self, text: str) -> None:
        async with self._connected("probe") as c:
            while True:
                await asyncio.sleep(self._random.uniform(*THINKS))
                began = time.monotonic()
                try:
                    await c.execute(text.format(self._random.choice(self._tables)).encode(), prepare=False)
                except GONE:
                    if c.info.transaction_status:
                        await c.rollback()
                except psycopg.Error as error:
                    self.felt.faults.append(f"{type(error).__name__}: {error}")
                    return
                self.felt.statements += 1
                self.felt.slowest = max(self.felt.slowest, time.monotonic() - began)

    @contextlib.asynccontextmanager
    async def _connected(self, role: str) -> AsyncIterator[psycopg.AsyncConnection]:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True, application_name=f"storm/{role}") as c:
            yield c

    def _look(self) -> None:
        with psycopg.connect(self.url, autocommit=True, application_name="storm/judge") as c:
            while not self._ended.wait(LOOK):
                for relation, waited in c.execute(WAITING).fetchall():
                    if waited > self.felt.longest:
                        self.felt.longest, self.felt.where = waited, relation or "a row"

