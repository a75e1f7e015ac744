"""Does a version's own test command pass on this schema? Run on a clone of its own, for it may leave anything behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bgmigrate.database import sqlalchemy_url
from bgmigrate.errors import InfrastructureError
from bgmigrate.findings import Finding
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.subject import Subject

TIMEOUT = 900.0  # seconds; a test command that waits for something would wait for ever
LAST_LINES = 15


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: its exit code (None: it was stopped after the time limit, or never started) and its last lines."""

    code: int | None
    said: str


def command(
    subject: Subject, given: str | list[str], clone: Callable[[], AbstractContextManager[str]], control: Callable[[], AbstractContextManager[str]],
    timeout: float = TIMEOUT,
) -> Probe:
    """Run the command on a clone; when it fails, once more on the version's own schema, to tell whose fault that is."""
    began = time.monotonic()
    words = shlex.split(given) if isinstance(given, str) else list(given)
    shown = shlex.join(words)
    with clone() as url:
        ended = _run(subject, words, url, timeout)
    findings: tuple[Finding, ...] = ()
    alike = False
    if ended.code != 0:
        own: Ended | None = None
        with contextlib.suppress(InfrastructureError), control() as url:
            own = _run(subject, words, url, timeout)
        alike = own is None or own.code != 0
        how = f"ended with exit code {ended.code}" if ended.code is not None else "did not end by itself"
        findings = (Finding(
            code="BGM806" if alike else "BGM811", severity="warning" if alike else "error", version=subject.name, probe="command",
            what=f"{subject.name}'s command {shown} {how} on this schema"
            + (", and fails on the schema that its models describe as well" if own and alike else "") + f": {ended.said or 'it said nothing'}",
            why="What fails on every schema says nothing about this one." if alike else f"On the schema that {subject.name} was made for it passes.",
            next=f"Run it by hand in {subject.agent.directory or Path.cwd()} with DATABASE_URL set to a database of this schema.",
        ),)
    return Probe(
        probe="command", version=subject.name, checked=1, failed=int(ended.code != 0 and not alike), inconclusive=int(alike),
        seconds=time.monotonic() - began, findings=findings,
    )


def _run(subject: Subject, words: list[str], url: str, timeout: float) -> Ended:
    """`{url}` among the words is filled in; the environment has it as DATABASE_URL and BGMIGRATE_DATABASE_URL, in SQLAlchemy's spelling."""
    target = sqlalchemy_url(url, subject.drivers[0])
    directory = str(Path(subject.agent.interpreter).parent)
    environ = dict(os.environ if subject.agent.environ is None else subject.agent.environ)
    environ |= {"DATABASE_URL": target, "BGMIGRATE_DATABASE_URL": target, "PATH": os.pathsep.join((directory, environ.get("PATH", "")))}
    if subject.agent.paths:
        environ["PYTHONPATH"] = os.pathsep.join([*subject.agent.paths, *filter(None, [environ.get("PYTHONPATH")])])
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                [w.replace("{url}", target) for w in words], cwd=subject.agent.directory, env=environ, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,  # what it starts ends with it
            )
        except OSError as error:
            return Ended(code=None, said=f"it cannot be started: {error.strerror}")
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.seek(0)
        lines = log.read().decode(errors="replace").strip().splitlines()[-LAST_LINES:]
        said = " / ".join(line.strip() for line in lines if line.strip())
        return Ended(code=code, said=said if code is not None else f"{said} (stopped after {timeout:g} s)".strip())
