"""What a person sees while long work goes on: always on stderr, a bar on a terminal, plain lines without one; and events for programs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from bgmigrate.errors import BgmigrateError
from bgmigrate.observing.listener import Listener


class Progress:
    """Say steps and show bars. `verbosity`: -1 silent, 0 steps and bars, 1 statements too. Threads may share it: lines and events come one at a time.

    `bars`: show how far long work is; off where a listener writes that to stderr, too.
    """

    def __init__(self, verbosity: int = 0, listeners: Sequence[Listener] = (), *, bars: bool = True) -> None:
        self.verbosity, self.bars = verbosity, bars
        self._listeners = list(listeners)
        self._lock = threading.RLock()
        self._bar: Any = None
        self._task: Any = None
        self._said = 0.0

    def step(self, text: str) -> None:
        """One line: a step begins or ended."""
        if self.verbosity >= 0:
            self._write(text)

    def detail(self, text: str) -> None:
        """One line that only -v shows."""
        if self.verbosity >= 1:
            self._write(f"    {text}")

    def advance(self, what: str, rows: int, share: float, rate: float | None) -> None:
        """A backfill moved: `rows` done so far, `share` of the key range from 0 to 1, `rate` in rows per second, None while it is not known."""
        if self.verbosity < 0 or not self.bars:
            return
        with self._lock:
            if sys.stderr.isatty():
                self._show(what, rows, share, rate)
            elif time.monotonic() - self._said > 5:
                self._said = time.monotonic()
                speed = "" if rate is None else f", {rate:,.0f} rows/s"
                left = f", about {_left(share, rows, rate)} left" if rate and 0.02 < share < 1 else ""
                self._write(f"  {what}: {rows:,} rows, {share:.0%}{speed}{left}")

    def event(self, kind: str, **facts: Any) -> None:
        """Something happened that programs may want to know: a table names what it happened to.

        A listener that fails is said and not told anything more: rows are not left unwritten because a metric cannot be. Raises what is wrong with
        the configuration.
        """
        with self._lock:
            self._tell(lambda listener: listener.event(kind, facts))

    def close(self) -> None:
        """Nothing more will come: the bar ends, and the listeners write what they have kept."""
        self.done()
        with self._lock:
            self._tell(lambda listener: listener.close())
            self._listeners.clear()

    def done(self) -> None:
        """The bar, if any, ends."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = self._task = None

    def _tell(self, tell: Callable[[Listener], None]) -> None:
        for listener in list(self._listeners):
            try:
                tell(listener)
            except BgmigrateError:
                raise
            except Exception as error:
                self._listeners.remove(listener)
                self.step(f"  {listener.name} end here: {type(error).__name__}: {error}")

    def _show(self, what: str, rows: int, share: float, rate: float | None) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(TextColumn("  {task.description}"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeRemainingColumn(),
                            console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(what, total=1.0, rows="")
        self._bar.update(self._task, description=what, completed=share, rows=f"{rows:,} rows" + ("" if rate is None else f", {rate:,.0f}/s"))

    def _write(self, text: str) -> None:
        with self._lock:
            if self._bar is not None:
                self._bar.console.print(text, highlight=False, markup=False)
            else:
                sys.stderr.write(text + "\n")
                sys.stderr.flush()


def _left(share: float, rows: int, rate: float) -> str:
    remaining = rows / share * (1 - share) / rate
    return f"{remaining:.0f} s" if remaining < 120 else f"{remaining / 60:.0f} min"
