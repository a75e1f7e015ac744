"""Every example runs as it stands. The slow ones install other people's releases from PyPI."""

from __future__ import annotations

import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bgmigrate.cli.main import cli
from bgmigrate.locking import run_lock
from tests.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples"
BASE = '''\
from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
'''
BLUE = BASE + "    name: Mapped[str] = mapped_column(Text)\n"
GREEN = BASE + '    full_name: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})\n'


def run(script: Path, *arguments: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(script), *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=900)


@pytest.fixture
def pipeline(project: Project, tmp_path: Path) -> dict[str, str]:
    """A project whose blue version is live and whose release is planned, and the environment of a pipeline for it."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue("INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 200) i")
    project.must("plan", "-m", "full name", "--from", project.spec("blue"), "--target", project.spec("green"))
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {
        "bgmigrate": f'#!/bin/sh\nexec "{sys.executable}" -m bgmigrate "$@"\n', "start": '#!/bin/sh\necho "start $*" >> done\n',
        "stop": '#!/bin/sh\necho "stop $*" >> done\n',
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environ = project.environment()
    return environ | {"PATH": f"{programs}{os.pathsep}{environ['PATH']}", "START": "start", "STOP": "stop", "PAUSE": "0.2", "DRAIN": "10s"}


class TestShellPipeline:
    script = EXAMPLES / "pipelines" / "release.sh"

    def test_is_executable(self) -> None:
        assert self.script.stat().st_mode & stat.S_IXUSR

    def test_a_release_goes_through(self, project: Project, pipeline: dict[str, str]) -> None:
        done = run(self.script, "2.0", project.spec("green"), cwd=project.directory, env=pipeline)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (project.directory / "done").read_text().split("\n")[:2] == ["start green 2.0", "stop blue"]
        assert project.sql("SELECT count(*), count(full_name) FROM users") == [(200, 200)]
        assert project.sql("SELECT count(*) FROM information_schema.columns WHERE table_name = 'users'") == [(2,)]
        assert project.must("status").json["live"]["environment"] == "green"

    def test_somebody_elses_run_is_waited_for(self, project: Project, pipeline: dict[str, str]) -> None:
        with run_lock(project.url, "shop", command="backfill"):
            process = subprocess.Popen(
                [str(self.script), "2.0", project.spec("green")], cwd=project.directory, env=pipeline, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, start_new_session=True,
            )
            assert process.stderr is not None
            refusal = next(line for line in process.stderr if "BGM915" in line)
            assert refusal
        try:
            out, err = process.communicate(timeout=240)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 0, out + err

    def test_a_definite_no_ends_the_release_before_anything_is_switched(self, project: Project, pipeline: dict[str, str]) -> None:
        broken = GREEN.replace("full_name", "never_made")
        project.models(broken=broken)
        done = run(self.script, "2.0", project.spec("broken"), cwd=project.directory, env=pipeline)
        assert done.returncode == 3, done.stdout + done.stderr
        assert (project.directory / "done").read_text() == "start green 2.0\n"
        assert project.must("status").json["live"]["environment"] == "blue"


WORKFLOW = (EXAMPLES / "pipelines" / "github-actions.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", sorted(set(re.findall(r"bgmigrate ([a-z].*?)(?: &&| +#|\)|\n| \|)", WORKFLOW))))
def test_the_workflow_gives_commands_that_exist(line: str) -> None:
    name, *arguments = shlex.split(line.replace("$NEXT", "green"))
    cli.commands[name].make_context(name, arguments)  # raises UsageError for an option that there is not


def test_the_last_release_beside_a_change_under_pytest(tmp_path: Path) -> None:
    script = EXAMPLES / "pytest" / "run"
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("BGMIGRATE_", "PYTEST_"))}
    done = run(script, cwd=tmp_path, env=environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_about_pytest_shows_what_the_example_runs() -> None:
    page = (EXAMPLES.parent / "docs" / "how-to" / "pytest.md").read_text(encoding="utf-8")
    assert (EXAMPLES / "pytest" / "tests" / "test_release.py").read_text(encoding="utf-8") in page


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.exhaustive(turns=3)
@pytest.mark.parametrize("example", ["jupyterhub/run", "jupyterhub/refused", "optuna/run"])
def test_an_application_from_pypi(example: str, tmp_path: Path) -> None:
    """Real releases; JUPYTERHUB_EXAMPLE_CACHE and OPTUNA_EXAMPLE_CACHE keep their virtual environments between runs."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("BGMIGRATE_", "PYTEST_"))}
    script = EXAMPLES / example
    assert script.stat().st_mode & stat.S_IXUSR
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
