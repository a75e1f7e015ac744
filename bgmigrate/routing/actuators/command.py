"""Anything that a command can steer: argument lists for kubectl, kamal-proxy, nginx, a cloud's client. No shell takes them apart."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bgmigrate.dataplane import CommandSettings
from bgmigrate.errors import InfrastructureError
from bgmigrate.routing.actuator import Actuator, silent
from bgmigrate.settings import Settings


class Command:
    """One data plane behind commands: `ready` and `apply` answer by their exit code, `observe` and `inflight` by what they print."""

    kind = "command"
    first = False

    def __init__(self, service: str, settings: CommandSettings, directory: Path) -> None:
        self.settings, self.service, self.directory = settings, service, directory
        self.name = shlex.join(settings.apply)

    def ready(self, environment: str) -> str | None:
        """Ready when the command exits with 0; else its last line says why not."""
        if not self.settings.ready:
            return None
        done = self._run(self.settings.ready, environment)
        return None if done.returncode == 0 else f"`{done.args[0]}` exits with {done.returncode}: {_last(done)}"

    def apply(self, environment: str) -> None:
        """Run it; another exit code than 0 is an error."""
        self._must(self.settings.apply, environment)

    def observe(self) -> str | None:
        """It prints blue, green or nothing."""
        said = self._must(self.settings.observe, "").strip()
        if said in ("blue", "green", ""):
            return said or None
        raise silent(self.kind, self.name, f"`observe` printed {said[:80]!r}, not blue or green")

    def inflight(self, environment: str) -> int | None:
        """It prints a number."""
        if not self.settings.inflight:
            return None
        said = self._must(self.settings.inflight, environment).strip()
        if not said.isdigit():
            raise silent(self.kind, self.name, f"`inflight` printed {said[:80]!r}, not a number")
        return int(said)

    def _must(self, arguments: Sequence[str], environment: str) -> str:
        done = self._run(arguments, environment)
        if done.returncode:
            raise silent(self.kind, self.name, f"`{done.args[0]}` exits with {done.returncode}: {_last(done)}")
        return done.stdout

    def _run(self, arguments: Sequence[str], environment: str) -> subprocess.CompletedProcess[str]:
        # replaced, not formatted: braces of JSON in an argument stay
        filled = [a.replace("{service}", self.service).replace("{environment}", environment) for a in arguments]
        try:
            return subprocess.run(
                filled, cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                timeout=self.settings.timeout, check=False,
            )
        except subprocess.TimeoutExpired:
            raise silent(self.kind, self.name, f"`{filled[0]}` has not ended in {self.settings.timeout:g} s") from None
        except OSError as error:
            raise InfrastructureError(
                f"{filled[0]} cannot be run: {error.strerror}", why="The data plane could not be asked.",
                next="Correct the actuator's argument list.", code="BGM930",
            ) from None


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def instances(settings: Settings, one: CommandSettings) -> list[Actuator]:
    """The one that the commands steer."""
    return [Command(settings.service, one, settings.directory)]
