"""Readers and writers beside a backfill, as an application's: how long each transaction took, and which failed."""

from __future__ import annotations

import random
import threading
import time
from types import TracebackType

import psycopg

from bgmigrate.database import connect

RATE = 100.0  # transactions a second for each thread: a load that leaves the machine time for the rest


class Load:
    """Threads that read and update single rows of `t` at a steady rate. `took`: seconds of each transaction since `mark`; `errors`: those that failed."""

    def __init__(self, url: str, rows: int, *, threads: int = 4) -> None:
        self.url, self.rows, self.took, self.errors = url, rows, list[float](), list[str]()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[n], daemon=True) for n in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def during(self, seconds: float | None = None) -> list[float]:
        """What was measured since the last call, after that many more seconds."""
        if seconds is not None:
            self.took.clear()
            time.sleep(seconds)
        found = sorted(self.took)
        self.took.clear()
        return found

    def _work(self, seed: int) -> None:
        draw = random.Random(seed)
        with connect(self.url, purpose="load") as c:
            c.execute("SET application_name = 'load'")
            while not self._stop.is_set():
                row, began = draw.randint(1, self.rows), time.perf_counter()
                try:
                    with c.transaction():
                        c.execute("SELECT * FROM t WHERE id = %s", [row])
                        c.execute("UPDATE t SET city = %s WHERE id = %s", [f"city {seed}", row])
                except psycopg.Error as error:
                    self.errors.append(str(error))
                took = time.perf_counter() - began
                self.took.append(took)
                time.sleep(max(0.0, 1 / RATE - took))


def quantile(sorted_: list[float], share: float) -> float:
    """The value below which that share lies, in milliseconds."""
    return 1000 * sorted_[min(len(sorted_) - 1, int(len(sorted_) * share))] if sorted_ else float("nan")
