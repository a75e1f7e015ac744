"""A process that has imported what commands need, and forks one for each command: a real process to run and to kill, without half a second of imports."""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest import mock

WARM = (
    "alembic.config", "asyncpg", "bgmigrate.cli.main", "bgmigrate.revisions", "psycopg2", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.orm",
    *(f"bgmigrate.workflow.{name}" for name in ("contract", "expand", "init", "plan", "register", "rollback", "status", "switch", "verify")),
)


class Process:
    """What runs in a fork, in a session of its own."""

    def __init__(self, status: int) -> None:
        self._status, self._told = status, b""
        self.returncode: int | None = None
        self._read(None, lines=1)
        self.pid = int(self._told.split(b"\n")[0])

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, minus a signal's number; None when it runs for longer."""
        if self.returncode is None and self._read(timeout, lines=2):
            self.returncode = int(self._told.split(b"\n")[1])
            os.close(self._status)
        return self.returncode

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        return self.wait(0)

    def kill(self) -> None:
        """Kill it and what it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _read(self, timeout: float | None, lines: int) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._told.count(b"\n") < lines:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._status], [], [], left)[0]:
                return False
            part = os.read(self._status, 64)
            assert part, "the zygote has died"
            self._told += part
        return True


class Zygote:
    """The process that forks, and the connection to it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()

    def start(
        self, program: str, arguments: Sequence[str], *, directory: Path | None, environ: Mapping[str, str], out: int, err: int,
        descriptors: Sequence[int] = (),
    ) -> Process:
        """`python -m MODULE ARGUMENTS` (`python -I FILE ARGUMENTS` for a path) in that directory, with `out` and `err` as standard output and error.

        `descriptors` are handed on; their numbers in the fork are its last arguments.
        """
        request = json.dumps({"program": program, "arguments": list(arguments), "directory": str(directory or "."), "environ": dict(environ)}).encode()
        mine, status = os.pipe()
        with self._lock:
            socket.send_fds(self._socket, [struct.pack("!I", len(request))], [status, out, err, *descriptors])
            self._socket.sendall(request)
        os.close(status)
        return Process(mine)

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.wait(10)


@functools.cache
def zygote() -> Zygote:
    """The one of this test process."""
    made = Zygote()
    atexit.register(made.close)
    return made


@contextlib.contextmanager
def versions_are_forked() -> Iterator[None]:
    """Let the processes of versions that run under our own interpreter be forks too; those under another are started as ever."""
    from bgmigrate.versions import process

    def popen(command: Sequence[str], **options: Any) -> object:
        if command[:2] != [sys.executable, "-I"]:
            return subprocess.Popen(command, **options)
        environ = os.environ if options["env"] is None else options["env"]
        log = options["stdout"].fileno()
        return zygote().start(command[2], (), directory=options["cwd"], environ=environ, out=log, err=log, descriptors=options["pass_fds"])

    with mock.patch.object(process, "subprocess", SimpleNamespace(Popen=popen, DEVNULL=subprocess.DEVNULL)):
        yield


def _serve(control: socket.socket) -> dict[str, Any]:
    """Fork for each request and tell how each fork ended, until the other end is closed. Returns in the forks, with what to become."""
    running: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 64)
        while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with contextlib.suppress(BrokenPipeError):
                os.write(running[ended[0]], f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())
            os.close(running.pop(ended[0]))
        if control.fileno() not in ready:
            continue
        request, (status, *given) = _received(control)
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            os.write(status, f"{os.getpid()}\n".encode())  # from now on it can be killed with all that it starts
            for descriptor in (status, *running.values(), woken, wake):
                os.close(descriptor)
            control.close()
            return {**request, "descriptors": given}
        for descriptor in given:
            os.close(descriptor)
        running[pid] = status


def _received(control: socket.socket) -> tuple[dict[str, Any], list[int]]:
    head, descriptors, _, _ = socket.recv_fds(control, 4, 16)
    if not head:
        sys.exit()
    (length,) = struct.unpack("!I", head)
    return json.loads(control.recv(length, socket.MSG_WAITALL)), descriptors


def _become(request: dict[str, Any]) -> NoReturn:
    """Be what the request names, to the end."""
    out, err, *rest = request["descriptors"]
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    if err != out:
        os.close(err)
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["directory"])
    program = request["program"]
    sys.argv = [program, *request["arguments"], *map(str, rest)]
    if os.path.isabs(program):
        runpy.run_path(program, run_name="__main__")
    else:
        sys.path[:0] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    del sys.path[0]  # this file's directory
    sys.path[:] = [p for p in sys.path if p not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    for warm in WARM:
        with contextlib.suppress(ImportError):
            __import__(warm)
    gc.freeze()  # what all forks share need not be copied for their collectors
    _become(_serve(socket.socket(fileno=int(sys.argv[1]))))
