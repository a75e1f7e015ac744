"""Both versions' load processes: started, paced, handed each other's work, counted and stopped."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bgmigrate.database import sqlalchemy_url
from bgmigrate.demo.figures import Figures
from bgmigrate.demo.interrupts import held_back
from bgmigrate.errors import InfrastructureError

_HELD = 60  # batons that one version may hold; what is more goes back to where it came from
_PATIENCE = 60.0


class Fleet:
    """The load of the shop's versions. Use as a context manager: at its end every process is gone."""

    def __init__(self, shop: Path, url: str, figures: Figures, ports: Mapping[str, int] | None = None) -> None:
        """`ports`: where a version shows its pages to visitors, too."""
        self.shop, self.url, self.figures, self.ports = shop, url, figures, ports or {}
        self.rested: dict[int, dict[str, Any]] = {}  # customer: facts
        self._running: dict[str, _Version] = {}
        self._all: list[_Version] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for version in self._all:
            version.kill()

    def start(self, environment: str) -> None:
        """Start a version's process and wait for its first connection. Raises InfrastructureError when it does not come up."""
        version = self._process(environment, *([str(self.ports[environment])] if environment in self.ports else []))
        version.answer("ready")
        with self._lock:
            self._running[environment] = version

    def phase(self, name: str, rates: Mapping[str, float], batons: list[dict[str, Any]]) -> None:
        """A phase begins: requests per second for each running version, and customers that nobody has touched yet."""
        with self._lock:
            versions = list(self._running.values())
            for version in versions:
                version.send(phase=name, rate=rates.get(version.environment, 0.0))
            for n, baton in enumerate(batons):
                versions[n % len(versions)].hand(baton)

    def stop(self, environment: str) -> None:
        """Let a version finish its requests and go; the other one takes over what it held."""
        with self._lock:
            version = self._running.pop(environment)
        version.send(stop=True)
        version.answer("stopped")
        version.close()

    def audit(self, environment: str, customers: int) -> tuple[int, list[str]]:
        """Let a version that stopped read all customers: how many there are, and every value that is not as it was written."""
        version = self._process(environment)
        version.send(audit={"customers": customers, "touched": {str(c): f for c, f in self.rested.items()}})
        answer = version.answer("audited")
        version.close()
        return answer["audited"], answer["wrong"]

    def _process(self, environment: str, *more: str) -> _Version:
        tree, url = str(self.shop / environment), sqlalchemy_url(self.url)
        command = [sys.executable, "-m", "bgmigrate.demo.load", tree, url, f"shop-{environment}", *more]
        with held_back():
            version = _Version(environment, command, self._heard)
            self._all.append(version)
        return version

    def _heard(self, sender: _Version, message: dict[str, Any]) -> None:
        """What a version said; called in that version's reader thread."""
        if "done" in message:
            self.figures.count(message["done"], sender.environment, message["ms"], message["error"], message["wrong"])
        elif "baton" in message:
            baton = message["baton"]
            with self._lock:  # held while handing over: a version that is told to stop gets nothing after that
                sender.holds.discard(baton["customer"])
                others = [v for v in self._running.values() if v is not sender and len(v.holds) < _HELD]
                if receiver := next(iter(others), self._running.get(sender.environment)):
                    receiver.hand(baton)
                else:
                    self.rested[baton["customer"]] = baton["facts"]
        elif "rest" in message:
            with self._lock:
                sender.holds.discard(message["rest"]["customer"])
                self.rested[message["rest"]["customer"]] = message["rest"]["facts"]


class _Version:
    """One load process and the thread that reads what it says."""

    def __init__(self, environment: str, command: list[str], heard: Any) -> None:
        self.environment, self._heard = environment, heard
        self.holds: set[int] = set()  # customers whose batons it has
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
        )
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._sending = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, **message: Any) -> None:
        assert self._process.stdin is not None
        with self._sending:
            try:
                self._process.stdin.write(json.dumps(message) + "\n")
                self._process.stdin.flush()
            except (BrokenPipeError, ValueError):
                return  # it is gone; `answer` says why

    def hand(self, baton: dict[str, Any]) -> None:
        self.holds.add(baton["customer"])
        self.send(baton=baton)

    def answer(self, key: str) -> dict[str, Any]:
        """The next message that has this key. Raises InfrastructureError when the process ends first or is silent for a minute."""
        while True:
            try:
                message = self._answers.get(timeout=_PATIENCE)
            except queue.Empty:
                raise self._lost(f"has not answered for {_PATIENCE:.0f} s") from None
            if message is None:
                raise self._lost("ended unexpectedly")
            if key in message:
                return message

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=_PATIENCE)
        self._release()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._release()

    def _release(self) -> None:
        self._reader.join(timeout=_PATIENCE)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # unsent words to a process that was killed

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.keys() & {"ready", "stopped", "audited"}:
                self._answers.put(message)
            else:
                self._heard(self, message)
        self._answers.put(None)

    def _lost(self, how: str) -> InfrastructureError:
        self._process.kill()
        assert self._process.stderr is not None
        said = self._process.stderr.read().strip().splitlines()
        return InfrastructureError(f"the load process of shop-{self.environment} {how}: {said[-1] if said else 'no message'}",
                                   why="Without load the demo shows nothing.", next="Run `bgmigrate demo` again.")  # fmt: skip
