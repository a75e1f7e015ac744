"""What the demo's story is told with: the project's commands, the load beside them, and the screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from bgmigrate.demo.figures import Figures
from bgmigrate.demo.fleet import Fleet
from bgmigrate.demo.interrupts import held_back
from bgmigrate.demo.visitors import Visitors
from bgmigrate.errors import InfrastructureError
from bgmigrate.progress import Progress

_BATONS = 60  # customers that each phase begins with
_TICK = 2.0


class Stage:
    """Run commands while the load goes on. `rates` is what each running version has to do, in requests per second."""

    def __init__(
        self, *, directory: Path, url: str, fleet: Fleet, visitors: Visitors, batons: Iterator[dict[str, Any]], progress: Progress, dwell: float
    ) -> None:
        self.directory, self.fleet, self.visitors, self.batons, self.progress, self.dwell = directory, fleet, visitors, batons, progress, dwell
        self.rates: dict[str, float] = {}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BGMIGRATE_")}
        self._environ = {**kept, "BGMIGRATE_DATABASE_URL": url, "BGMIGRATE_SCRATCH_URL": url}
        self._phase = ""

    @property
    def figures(self) -> Figures:
        """What the load did so far."""
        return self.fleet.figures

    def phase(self, name: str) -> None:
        """The load's figures count for this phase from here on."""
        self._phase = name
        self.fleet.phase(name, self.rates, list(islice(self.batons, _BATONS)))

    def run(self, *arguments: str) -> dict[str, Any]:
        """One command of the tool, as a user would give it; its JSON. Raises InfrastructureError when it ends with another code than 0."""
        shown = " ".join(f'"{a}"' if " " in a else a for a in arguments)
        self.progress.step(f"$ bgmigrate {shown}")
        process: subprocess.Popen[str] | None = None
        try:
            with held_back():
                process = subprocess.Popen(
                    [sys.executable, "-m", "bgmigrate", *arguments, "--json"], cwd=self.directory, env=self._environ, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
                )
            said, out = self._follow(process)
        finally:
            if process is not None:
                _end(process)
        if process.returncode:
            raise InfrastructureError(
                f"`bgmigrate {shown}` ended with {process.returncode}: {_what(out) or (said[-1] if said else 'it said nothing')}",
                why="The demo's release should go through; that it does not is a fault in bgmigrate or in this machine's set-up.",
                next="Run `bgmigrate demo --keep` and repeat the command in the directory that it names.",
            )
        report: dict[str, Any] = json.loads(out)
        return report

    def watch(self, seconds: float | None = None) -> None:
        """Let the load go on for a while, and say what it does."""
        until = time.monotonic() + (self.dwell if seconds is None else seconds)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _TICK))
        self.say_load()

    def say_load(self) -> None:
        """One line for each version that had something to do in this phase, and the first of what went wrong."""
        for row in self.figures.rows():
            if row["phase"] == self._phase:
                self.progress.step(
                    f"    {row['version']:<5} {row['requests']:>6,} requests  {row['failed']} failed  {row['wrong']} wrong  "
                    f"p50 {row['p50_ms']} ms  p99 {row['p99_ms']} ms  max {row['max_ms']} ms"
                )
        for problem in [p for p in self.figures.problems if p.startswith(f"{self._phase}: ")][:3]:
            self.progress.step(f"    {problem}")

    def _follow(self, process: subprocess.Popen[str]) -> tuple[list[str], str]:
        """Show the command's progress and, every two seconds, the load's; both of its outputs at the end."""
        assert process.stdout is not None
        assert process.stderr is not None
        said: list[str] = []
        out: list[str] = []
        readers = [threading.Thread(target=self._echo, args=(process.stderr, said)), threading.Thread(target=_keep, args=(process.stdout, out))]
        for reader in readers:
            reader.start()
        while True:
            try:
                process.wait(timeout=_TICK)
                break
            except subprocess.TimeoutExpired:
                total = self.figures.total()
                if total["requests"]:
                    self.progress.step(f"    … {total['requests']:,} requests so far, {total['failed']} failed, {total['wrong']} wrong values")
        for reader in readers:
            reader.join()
        return said, "".join(out)

    def _echo(self, stream: IO[str], said: list[str]) -> None:
        for line in stream:
            if line.startswith("{"):  # an event, for programs
                line = _in_words(json.loads(line))
            if line:
                said.append(line.strip())
                self.progress.step("    " + line.rstrip())


def _in_words(event: dict[str, Any]) -> str:
    if event["event"] != "batch" or not event["rate"]:
        return ""
    return f"  backfill {event['table']}: {event['share']:.0%}, {event['rate']:,.0f} rows/s"


def _keep(stream: IO[str], out: list[str]) -> None:
    out.append(stream.read())


def _what(out: str) -> str:
    try:
        report = json.loads(out)
    except ValueError:
        return ""
    return "; ".join(f"{f['code']} {f['what']}" for f in report.get("findings", [])[:3]) or str(report.get("what", ""))


def _end(process: subprocess.Popen[str]) -> None:
    """A command that still runs when the demo is interrupted is interrupted too, then waited for."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
