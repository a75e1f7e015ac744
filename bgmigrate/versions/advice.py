"""Why a version could not be loaded, and what to do about it: what its process said, put in words that a person can act on."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LOOK = 1.0  # seconds for a process to write down where it is; one that is stuck outside of Python cannot
PLAIN = "Run it again with -v for the whole traceback; check the SPEC's models and the interpreter's packages."
SEES = "A version's process sees this command's environment variables, as the application would see its own."
IMPORTED = "A version is described and run by importing its models."
_UNREACHABLE = re.compile(
    r"connection (failed|refused|to server .* failed)|could not (connect|translate host)|Connect call failed|ConnectionRefused"
    r"|Name or service not known|Temporary failure in name resolution|timeout expired", re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`more` goes on from what was said."""

    next: str
    why: str = IMPORTED
    more: str = ""


def failed(kind: str, line: str, models: Sequence[str], interpreter: str) -> Advice:
    """What to do about an error. `kind`: its class, `Died` for a process that is gone."""
    absent = re.search(r"No module named '([^']+)'", line)
    if absent and kind == "ModuleNotFoundError":
        package, own = absent[1].partition(".")[0], {m.partition(":")[0].partition(".")[0] for m in models}
        return Advice(
            next="Correct the module in the SPEC (SOURCE#package.models:Base), or the directory that SOURCE names." if package in own
            else f"Install {package} for {interpreter}, or say under [tool.bgmigrate.environments.blue] (or green) which interpreter has it:"
            ' python = "/path/to/bin/python".',
        )
    if "partially initialized module" in line or "circular import" in line:
        return Advice(
            why="The application itself imports another module first; from this end its imports meet in a circle.",
            next=f"Name that module before the models: SOURCE#package,{','.join(models)}.",
        )
    if kind in ("KeyError", "ValidationError", "ImproperlyConfigured") or re.search("environment|variable", line, re.IGNORECASE):
        name = re.search(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", line)
        if name or kind != "KeyError":
            return Advice(why=SEES, next=f"{f'Set {name[0]}' if name else 'Set what it asks for'} for this command, and run it again.")
    if kind != "Died" and _UNREACHABLE.search(line):
        return Advice(
            why=f"It connects when it is imported, and what it connects to is not there. {SEES}",
            next="Let the variable that it reads (DATABASE_URL or the like) name a server that can be reached from here, or name modules after # in"
            " the SPEC that do not connect.",
        )
    if kind == "SystemExit":
        return Advice(
            more=" (it calls sys.exit when it is imported)", why="What ends a program when imported cannot be run by another.",
            next="Name modules after # in the SPEC that only define models; or give it what it misses (variables, files): -v shows what it printed.",
        )
    if kind == "Died":
        return Advice(
            why="Something in it ended the process: os._exit, a signal, a fork whose parent leaves, or the machine's memory.",
            next="Name modules after # in the SPEC that only define models. -v shows what it printed.",
        )
    return Advice(next=PLAIN)


def standing(pid: int, output: Callable[[], str], paths: Sequence[str]) -> str:
    """`file:line` of the code that a process does not come back from, the application's own where there is any; empty when it does not say."""
    before = output()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGUSR2)
    until = time.monotonic() + LOOK
    while output() == before and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.05)  # the rest of what it writes
    frames = re.findall(r'^  File "([^"]+)", line (\d+) in ', output().rpartition("(most recent call first)")[2], re.MULTILINE)
    own = [f for f in frames if any(f[0].startswith(p) for p in paths)]
    return ":".join((own or frames)[0]) if frames else ""
