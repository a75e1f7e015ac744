"""A throw-away project: a blue and a green source tree, an empty database, and the command line to work on them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bgmigrate.database import sqlalchemy_url
from tests.zygote import versions_are_forked, zygote

CONFIG = """\
[project]
name = "shop"
version = "1"

[tool.bgmigrate]
service = "shop"
models = "models:Base"
migrations = "migrations"

[tool.bgmigrate.environments.blue]
application_name = "shop-blue*"
[tool.bgmigrate.environments.green]
application_name = "shop-green*"
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one command gave."""

    program: str = "bgmigrate"
    arguments: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout. Raises AssertionError when there is anything else."""
        try:
            content = json.loads(self.out)
        except ValueError:
            raise AssertionError(f"stdout is not one JSON object: {self}") from None
        assert isinstance(content, dict)
        return content

    @property
    def codes(self) -> set[str]:
        """The codes of its findings."""
        return {f["code"] for f in self.json["findings"]}

    def __str__(self) -> str:
        return f"{self.program} {' '.join(self.arguments)}: exit {self.code}\n-- stdout\n{self.out[-3000:]}\n-- stderr\n{self.err[-3000:]}"


@dataclass
class Project:
    """A directory with `blue/models.py`, `green/models.py` and a configuration, and its database."""

    directory: Path
    url: str
    scratch_url: str
    environ: dict[str, str] = field(default_factory=dict)
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not (self.directory / "pyproject.toml").exists():  # a second database of the same project keeps what `init` wrote
            (self.directory / "pyproject.toml").write_text(CONFIG, encoding="utf-8")

    def models(self, **trees: str) -> None:
        """Write the models of the named source trees: `models(blue="…", green="…")`."""
        for tree, text in trees.items():
            (self.directory / tree).mkdir(exist_ok=True)
            (self.directory / tree / "models.py").write_text(text, encoding="utf-8")

    def spec(self, tree: str) -> str:
        """The SPEC of a source tree."""
        return f"path:{self.directory / tree}#models:Base"

    def environment(self) -> dict[str, str]:
        """The environment variables of a command: this project's and nothing of another's."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("BGMIGRATE_", "PYTEST_", "COV"))}
        return {
            **inherited,
            "BGMIGRATE_DATABASE_URL": sqlalchemy_url(self.url),
            "BGMIGRATE_SCRATCH_URL": sqlalchemy_url(self.scratch_url),
            "NO_COLOR": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(self.directory / "blue"), inherited.get("PYTHONPATH")))),
            **self.environ,
        }

    def start(self, *arguments: str, json: bool = True, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start `bgmigrate` as a pipeline does, to be signalled; a group of its own, so that a signal reaches nobody else."""
        process = subprocess.Popen(
            [sys.executable, "-c", "from bgmigrate.cli import main; main()", *arguments, *(["--json"] if json else [])],
            cwd=self.directory, env=self.environment() | dict(environ or {}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """Kill what a failed test has left running."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def run(self, *arguments: str, json: bool = True, timeout: float = 240, environ: Mapping[str, str] | None = None) -> Result:
        """Run `bgmigrate ARGUMENTS --json` in a process of its own to its end."""
        return self._forked("bgmigrate", *arguments, *(["--json"] if json else []), timeout=timeout, environ=environ)

    def alembic(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Result:
        """Plain `alembic`, as somebody runs it who knows nothing of us."""
        return self._forked("alembic", *arguments, timeout=240, environ=environ)

    def _forked(self, module: str, *arguments: str, timeout: float, environ: Mapping[str, str] | None) -> Result:
        began = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = zygote().start(
                module, arguments, directory=self.directory, environ=self.environment() | dict(environ or {}), out=out.fileno(), err=err.fileno()
            )
            code, late = process.wait(timeout), ""
            if code is None:
                process.kill()
                code, late = process.wait(), f"\n(no answer in {timeout} s)"
            said = [(f.seek(0), f.read().decode())[1] for f in (out, err)]
        assert code is not None
        return Result(program=module, arguments=arguments, code=code, out=said[0], err=said[1] + late, seconds=time.monotonic() - began)

    def finish(self, process: subprocess.Popen[str], arguments: tuple[str, ...] = (), timeout: float = 240, began: float | None = None) -> Result:
        """Wait for a started command; kill it when it does not end."""
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\n(no answer in {timeout} s)"
        return Result(arguments=arguments, code=process.returncode, out=out, err=err, seconds=time.monotonic() - (began or time.monotonic()))

    def call(self, *arguments: str, json: bool = True) -> Result:
        """The same in this process, which is faster; standard streams and the environment are this project's meanwhile."""
        from bgmigrate.cli import main

        began, code, out, err = time.monotonic(), 0, io.StringIO(), io.StringIO()
        with self._inside(), versions_are_forked(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            before, sys.argv = sys.argv, ["bgmigrate", *arguments, *(["--json"] if json else [])]
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            finally:
                sys.argv = before
        return Result(arguments=arguments, code=code, out=out.getvalue(), err=err.getvalue(), seconds=time.monotonic() - began)

    def must(self, *arguments: str, code: int = 0) -> Result:
        """`call`, with the exit code that is expected."""
        result = self.call(*arguments)
        assert result.code == code, f"expected exit {code}: {result}"
        return result

    def by_hand(self, sql: str) -> None:
        """Write an expand revision by hand that executes this, and apply it."""
        done = self.alembic("revision", "-m", "by hand", "--rev-id", "by_hand", "--head", "expand@head")
        assert done.code == 0, done
        (path,) = (self.directory / "migrations").rglob("*by_hand.py")
        path.write_text(path.read_text(encoding="utf-8").replace("    pass", f"    op.execute({sql!r})", 1), encoding="utf-8")
        self.must("expand")

    def sql(self, text: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run statements in the project's database; the rows of the last one."""
        with psycopg.connect(self.url, autocommit=True) as c:
            cursor = c.execute(text.encode(), parameters or None)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def start_blue(self, seed: str = "") -> None:
        """Build blue's schema from nothing with the tool itself, make blue live, and fill it."""
        self.must("init")
        self.must("plan", "-m", "baseline", "--target", self.spec("blue"))
        self.must("expand")
        self.call("contract", "--drained", "nothing runs yet")
        self.must("register", "--env", "blue", "--version", "blue-1", "--source", self.spec("blue"))
        if seed:
            self.sql(seed)

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        here, before, loaded = Path.cwd(), dict(os.environ), set(sys.modules)
        os.environ.clear()
        os.environ.update(self.environment())
        os.chdir(self.directory)
        try:
            yield
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)
            # a project's own modules (`models`, `env`) must not be another project's next time
            for name in sys.modules.keys() - loaded:
                if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(self.directory)):
                    del sys.modules[name]
