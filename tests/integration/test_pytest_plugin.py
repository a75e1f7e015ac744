"""`pytest --bgmigrate` in a project of its own: one test a version and probe, on a database that the project's expands have built."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.integration.shop import BLUE, GREEN
from tests.project import Project
from tests.unit.versions.test_git import git

pytestmark = pytest.mark.exhaustive(turns=3)

ROOT = Path(__file__).resolve().parents[2]
OWN = '''
def test_of_their_own():
    pass
'''
WITH_FIXTURES = '''
from sqlalchemy import create_engine, text

def test_what_the_last_release_writes_is_read_by_this_one(bgmigrate_blue, bgmigrate_scratch):
    assert set(bgmigrate_blue.tables["users"].columns) == {"id", "name"}
    rows = bgmigrate_blue.write()
    assert {r["table"] for r in rows} == {"users"}
    with create_engine(bgmigrate_scratch).begin() as c:
        assert c.execute(text("SELECT count(*) FROM users WHERE full_name IS NOT NULL")).scalar_one() == len(rows)
        key = c.execute(text("INSERT INTO users (full_name) VALUES ('new') RETURNING id")).scalar_one()
    (read,) = bgmigrate_blue.read([{"table": "users", "key": [str(key)]}])
    assert read["values"]["users.name"] == ["text", "new"]
    assert bgmigrate_blue.url == bgmigrate_scratch
'''


@pytest.fixture
def released(project: Project) -> Project:
    """A repository whose tag v1 is blue, and whose working tree is green with its expand and contract; `tests` has one test of its own."""
    git(project.directory, "init", "-q")
    project.models(**{".": BLUE})
    project.must("init")
    project.must("plan", "-m", "baseline")
    (project.directory / ".gitignore").write_text("__pycache__\n")
    git(project.directory, "add", ".")
    git(project.directory, "commit", "-qm", "v1")
    git(project.directory, "tag", "v1")
    project.models(**{".": GREEN})
    project.must("plan", "-m", "full name", "--from", "git:v1")
    (project.directory / "tests").mkdir()
    (project.directory / "tests" / "test_own.py").write_text(OWN)
    return project


def run(project: Project, *arguments: str, code: int = 0, **environ: str) -> str:
    """Run pytest there as its developers do, with a scratch server and no database of the service."""
    inherited = {k: v for k, v in project.environment().items() if k != "BGMIGRATE_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments], cwd=project.directory, env=inherited | environ, capture_output=True, text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def nodes(out: str) -> dict[str, str]:
    return dict(re.findall(r"^(bgmigrate::\S+) (\w+)", out, re.MULTILINE))


def scratch_databases(project: Project) -> list[tuple[str]]:
    with psycopg.connect(project.scratch_url) as c:
        return c.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bgm_scratch_%'").fetchall()


EVERY = {f"bgmigrate::{v}::{p}" for v in ("blue", "green") for p in ("shape", "roundtrip", "crossread", "identity")}


def test_the_last_tag_and_the_working_tree_are_tests_of_their_own(released: Project) -> None:
    (released.directory / "sent.sql").write_text("SELECT id FROM users; SELECT name FROM users;")
    config = released.directory / "pyproject.toml"
    config.write_text(config.read_text() + '[tool.bgmigrate.verify]\nstatements = ["blue=sent.sql"]\nblue_command = "false"\n')
    out = run(released, "--bgmigrate", "-v", "-W", "error")
    configured = {"bgmigrate::blue::statements": "PASSED", "bgmigrate::green::statements": "SKIPPED", "bgmigrate::blue::command": "SKIPPED"}
    assert nodes(out) == dict.fromkeys(EVERY, "PASSED") | configured
    assert "inconclusive: blue's command false" in out
    assert "10 passed, 2 skipped" in out
    assert scratch_databases(released) == []
    assert len(git(released.directory, "worktree", "list").splitlines()) == 1


def test_a_break_fails_with_the_findings_texts_and_no_traceback(released: Project) -> None:
    (expand,) = (released.directory / "migrations").rglob("*full_name_expand.py")
    expand.write_text(expand.read_text().replace("    op.", '    op.execute("ALTER TABLE users ADD COLUMN wanted text NOT NULL")\n    op.', 1))
    out = run(released, "--bgmigrate", "-v", "-k", "bgmigrate and roundtrip", code=1)
    assert nodes(out) == {"bgmigrate::blue::roundtrip": "FAILED", "bgmigrate::green::roundtrip": "FAILED"}
    assert "error BGM801: blue's INSERT of users fails" in out
    assert "next: " in out
    assert "Traceback" not in out
    assert "pytest_plugin.py" not in out


@pytest.mark.exhaustive
def test_versions_may_be_named(released: Project) -> None:
    out = run(released, "--bgmigrate", "--bgmigrate-blue", "git:v9", "-k", "blue and shape", code=1)
    assert "error BGM922" in out
    assert "no ref v9" in out


def test_in_no_repository_the_last_release_is_what_is_deployed(project: Project) -> None:
    project.models(blue=BLUE, **{".": GREEN}, tests="")
    project.start_blue()
    project.must("plan", "-m", "full name")
    (project.directory / "tests" / "models.py").unlink()
    (project.directory / "tests" / "test_blue.py").write_text(WITH_FIXTURES)
    out = run(project, "--bgmigrate", "-v", BGMIGRATE_DATABASE_URL=project.url)
    assert nodes(out) == dict.fromkeys(EVERY, "PASSED")
    assert "9 passed" in out


def test_fixtures_run_the_last_release_beside_a_test(released: Project) -> None:
    (released.directory / "tests" / "test_blue.py").write_text(WITH_FIXTURES)
    assert "2 passed" in run(released)
    assert scratch_databases(released) == []


def test_without_a_tag_or_an_adopted_history_it_says_what_to_do(released: Project, tmp_path: Path) -> None:
    git(released.directory, "tag", "-d", "v1")
    assert "no tag leads to" in run(released, "--bgmigrate", "-k", "blue and shape", code=1)
    (tmp_path / "bare").mkdir()
    bare = Project(directory=tmp_path / "bare", url=released.url, scratch_url=released.scratch_url)
    assert "bgmigrate init" in run(bare, "--bgmigrate", code=4)
    assert "INTERNALERROR" not in run(bare, "--bgmigrate", code=4)


def test_without_being_asked_it_changes_nothing_and_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n\ndef test_own():\n"
        "    assert 'bgmigrate.pytest_plugin' in sys.modules\n"
        "    assert not {'sqlalchemy', 'alembic', 'psycopg', 'bgmigrate.settings'} & sys.modules.keys()\n"
    )
    (tmp_path / "bgmigrate.toml").write_text("this is no TOML")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"], cwd=tmp_path, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "BGMIGRATE"))},
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.exhaustive
def test_workers_of_xdist_agree_on_the_tests(released: Project) -> None:
    assert "9 passed" in run(released, "--bgmigrate", "-n", "2", "--dist", "loadgroup")


def hook(project: Project, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the pre-commit hook's entry as pre-commit does."""
    (entry,) = re.findall(r"^  entry: (.* verify .*)$", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.MULTILINE)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        [*shlex.split(entry), *arguments], cwd=project.directory, env=project.environment() | {"PATH": path} | environ, capture_output=True, text=True,
    )


def test_the_hook_compares_with_the_last_tag_on_a_database_without_a_journal(released: Project) -> None:
    plain = "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)"
    released.sql(plain)
    index = str(released.directory / ".git" / "index")  # git tells its hooks; a worktree made with it would be another one
    done = hook(released, "--report", "out.xml", GIT_DIR=str(released.directory / ".git"), GIT_INDEX_FILE=index)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "green maps users.full_name, which does not exist" in done.stdout
    assert "not recorded" in done.stdout
    assert (released.directory / "out.xml").exists()
    released.models(**{".": BLUE})
    assert hook(released).returncode == 0
    assert released.sql("SELECT to_regnamespace('bgmigrate')") == [(None,)]
