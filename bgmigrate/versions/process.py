"""A version's process: started, asked, bounded in time, and gone at the end whatever the application in it does."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bgmigrate.errors import BgmigrateError, ConfigurationError
from bgmigrate.snapshot import Snapshot
from bgmigrate.versions import advice
from bgmigrate.versions.inside import DESCRIBE

AGENT = Path(__file__).with_name("agent.py")
SAY_AFTER = 5.0  # seconds; a person who waits longer wants to know for what
TOLD = 1 << 16  # bytes of what an application printed that are of interest: its end

_RUNNING: weakref.WeakSet[Agent] = weakref.WeakSet()


class VersionFailed(ConfigurationError):
    """A version's process failed: `extra["traceback"]` has what -v shows."""

    default_code = "BGM922"


def abandon() -> None:
    """Kill every version's process that we run; whoever waits for one fails at once."""
    for agent in list(_RUNNING):
        agent.kill()


class Agent:
    """One version's process. Use as a context manager; calls may come from one thread at a time."""

    def __init__(
        self, name: str, interpreter: str, *, paths: Sequence[str] = (), models: Sequence[str] = (), directory: Path | None = None,
        environ: Mapping[str, str] | None = None, timeout: float = 120.0, say: Callable[[str], None] | None = None,
    ) -> None:
        """`timeout`: seconds for importing the models; `say` is told what is waited for."""
        self.name, self.interpreter = name, interpreter
        self.paths, self.models, self.directory = list(paths), list(models), directory
        self.environ, self.timeout, self.say = environ, timeout, say
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._snapshot: Snapshot | None = None
        self._abandoned = False

    def __enter__(self) -> Self:
        try:
            self._start()
            self.extend(DESCRIBE)
            if self.models:
                self.call("load", timeout=self.timeout, paths=self.paths, models=self.models)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def snapshot(self) -> Snapshot:
        """The version's portable description. Raises VersionFailed."""
        if self._snapshot is None:
            self._snapshot = Snapshot.from_json(self.call("snapshot", timeout=self.timeout), self.name)
        return self._snapshot

    def extend(self, *sources: Path) -> None:
        """Send code for its process to take in."""
        self.call("extend", timeout=self.timeout, sources=[(p.name, p.read_text(encoding="utf-8")) for p in sources])

    def call(self, command: str, *, timeout: float = 600.0, **arguments: Any) -> Any:
        """Ask one thing and wait up to `timeout` seconds. Raises VersionFailed for an error, a crash or no answer."""
        if self._abandoned:
            raise self._died()
        try:
            os.write(self._in, json.dumps({"command": command, "arguments": arguments}).encode() + b"\n")
        except BrokenPipeError:
            raise self._died() from None
        answer = json.loads(self._line(command, timeout))
        if "error" in answer:
            raise self._failed(answer["error"], answer["traceback"], answer["kind"])
        return answer["result"]

    def close(self) -> None:
        """End the process and whatever it started; it has nothing that is worth saving."""
        if self._process is None:
            return
        self.kill()
        self._process.wait()
        _RUNNING.discard(self)
        os.close(self._in)
        os.close(self._out)
        self._log.close()
        self._process = None

    def kill(self) -> None:
        """Kill the process and whatever it started; a call that waits for it ends with an error."""
        self._abandoned = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _start(self) -> None:
        child_in, self._in = os.pipe()
        self._out, child_out = os.pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        try:
            # A session of its own: Ctrl-C is ours to handle, and close() reaches what the application started.
            self._process = subprocess.Popen(
                [self.interpreter, "-I", str(AGENT), str(child_in), str(child_out)], pass_fds=(child_in, child_out), cwd=self.directory,
                env=None if self.environ is None else dict(self.environ), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._in)
            os.close(self._out)
            self._log.close()
            raise VersionFailed(
                f"{self.name}: {self.interpreter} cannot be started: {error.strerror}",
                why="A version runs under its own interpreter.", next="Check the interpreter's path in the SPEC.",
            ) from None
        finally:
            os.close(child_in)
            os.close(child_out)
        _RUNNING.add(self)

    def _line(self, command: str, timeout: float) -> bytes:
        began, said = time.monotonic(), SAY_AFTER
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                waited = time.monotonic() - began
                if waited >= timeout:
                    raise self._hangs(command, timeout)
                if waited >= said and self.say and command == "load":
                    self.say(f"  waiting for {self.name} to be imported: {waited:.0f} s of at most {timeout:g} s")
                    said *= 2
                ended = self._process is not None and self._process.poll() is not None  # asked first: what it wrote before is there to be read
                if not selector.select(0 if ended else min(1.0, timeout - waited)):
                    if ended:  # although the pipe is open: a child that the application forked has it, too
                        raise self._died()
                    continue
                part = os.read(self._out, 1 << 16)
                if not part:
                    raise self._died()
                self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def output(self) -> str:
        """The end of what the application printed."""
        self._log.seek(max(self._log.seek(0, os.SEEK_END) - TOLD, 0))
        return self._log.read().decode(errors="replace")

    def _hangs(self, command: str, timeout: float) -> VersionFailed:
        assert self._process is not None
        where = advice.standing(self._process.pid, self.output, self.paths)
        return VersionFailed(
            f"{self.name} did not answer within {timeout:g} s ({command})" + (f"; it is at {where}" if where else ""),
            why="Its models were being imported or run; an application that connects or waits when imported does this.",
            next="Make importing the models free of side effects, or name modules that are, after # in the SPEC. If it only takes long: set"
            f" BGMIGRATE_LOAD_TIMEOUT={max(2 * timeout, 1):.0f}s (load_timeout in the configuration).",
            traceback=self.output(),
        )

    def _died(self) -> BgmigrateError:
        assert self._process is not None
        code = self._process.wait()
        output = self.output()
        how = f"was killed by signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
        last = next((line for line in reversed(output.splitlines()) if line.strip()), "")
        return self._failed(f"its process {how}" + (f": {last.strip()[:300]}" if last else ""), output, "Died")

    def _failed(self, line: str, trace: str, kind: str) -> VersionFailed:
        told = advice.failed(kind, line, self.models, self.interpreter)
        return VersionFailed(f"{self.name} cannot be loaded: {line}{told.more}", why=told.why, next=told.next, traceback=trace)
