"""Progress is shared by a run's workers: lines stay whole, and listeners are told one thing at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from bgmigrate.progress import Progress


class Slow:
    """A listener that would not bear two events at once."""

    name = "the slow one"

    def __init__(self) -> None:
        self.inside = self.together = self.told = 0

    def event(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Take a while."""
        self.inside += 1
        self.together = max(self.together, self.inside)
        time.sleep(0.0005)
        self.told += 1
        self.inside -= 1

    def close(self) -> None:
        """Nothing to do."""


def test_events_of_many_threads_come_one_at_a_time_and_all_of_them() -> None:
    listener = Slow()
    progress = Progress(-1, [listener])

    def work() -> None:
        for _ in range(25):
            progress.event("batch", table="public.users")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (listener.told, listener.together) == (200, 1)


def test_a_bar_of_many_threads_is_one_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    shown: list[int] = []
    show = Progress._show

    def slowly(self: Progress, *arguments: Any) -> None:
        shown.append(self._bar is None)
        time.sleep(0.002)
        show(self, *arguments)

    monkeypatch.setattr(Progress, "_show", slowly)
    progress = Progress()
    threads = [threading.Thread(target=progress.advance, args=("backfill public.users", 1, 0.5, 1.0)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress.step("a line beside it")
    progress.close()
    assert shown.count(True) == 1
    assert "a line beside it" in capsys.readouterr().err


def test_a_listener_that_fails_is_said_once_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Slow):
        def event(self, kind: str, facts: Mapping[str, Any]) -> None:
            raise RuntimeError("no")

    well = Slow()
    progress = Progress(listeners=[Broken(), well])
    progress.event("resumed", table="public.users")
    progress.event("resumed", table="public.users")
    assert well.told == 2
    assert capsys.readouterr().err == "  the slow one end here: RuntimeError: no\n"


def test_what_is_not_known_yet_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    for rate in (None, 0.0, 50.0):
        Progress().advance("backfill public.users", 100, 0.5, rate)
    assert capsys.readouterr().err.splitlines() == [
        "  backfill public.users: 100 rows, 50%",
        "  backfill public.users: 100 rows, 50%, 0 rows/s",
        "  backfill public.users: 100 rows, 50%, 50 rows/s, about 2 s left",
    ]
