"""From a SPEC to a running agent or a snapshot."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bgmigrate.errors import ConfigurationError
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.versions.process import Agent, VersionFailed
from bgmigrate.versions.spec import Spec, parse, with_models


@contextlib.contextmanager
def agent(settings: Settings, spec: Spec, *, environment: str | None = None, say: Callable[[str], None] | None = None) -> Iterator[Agent]:
    """Run the version of a `git:`, `path:` or `python:` SPEC; its process and worktree are gone at the end.

    `environment` names whose configured interpreter runs a source tree; `say` is told of long waits (default: a line on stderr). Raises
    VersionFailed (BGM922) or ConfigurationError.
    """
    spec = with_models(spec)
    with contextlib.ExitStack() as stack:
        interpreter = (environment and settings.environment(environment).python) or sys.executable
        paths: list[str] = []
        directory = settings.directory
        if spec.kind == "python":
            interpreter = _interpreter(settings, spec)
        else:
            directory = stack.enter_context(_worktree(settings, spec)) if spec.kind == "git" else _tree(settings, spec)
            paths = [str(p) for p in (directory, directory / "src") if p.is_dir()]
        yield stack.enter_context(Agent(
            str(spec), interpreter, paths=paths, models=spec.models, directory=directory, timeout=settings.load_timeout, say=say or Progress().step,
        ))


def snapshot(
    settings: Settings, spec: Spec, *, deployed: Callable[[], Snapshot] | None = None, environment: str | None = None
) -> Snapshot:
    """The description of any SPEC's version. `deployed` gives what the journal has; without it `deployed` is refused."""
    if spec.kind == "snapshot":
        return _file(settings, spec)
    if spec.kind == "deployed":
        if deployed is None:
            raise ConfigurationError(
                "`deployed` needs a database with a journal", why="Which version is deployed is recorded there.",
                next="Set BGMIGRATE_DATABASE_URL, or name the version: " + "git:REF, path:DIR, python:INTERPRETER or snapshot:FILE.",
            )
        return deployed()
    with agent(settings, spec, environment=environment) as running:
        return running.snapshot()


def snapshot_of(
    settings: Settings, text: str | None, *, deployed: Callable[[], Snapshot] | None = None, environment: str | None = None
) -> Snapshot:
    """The description of a SPEC's text; None is the working tree."""
    return snapshot(settings, parse(text or working_tree(settings), settings), deployed=deployed, environment=environment)


def working_tree(settings: Settings) -> str:
    """The SPEC of the project's own directory."""
    return f"path:{settings.directory}"


def last_tag(directory: Path) -> str | None:
    """The newest tag that leads to the directory's commit; empty when there is none, None outside of any repository."""
    try:
        _git(directory, "rev-parse", "--show-toplevel", otherwise="no repository")
    except VersionFailed:
        return None
    try:
        return _git(directory, "describe", "--tags", "--abbrev=0", otherwise="no tag")
    except VersionFailed:
        return ""


def _located(settings: Settings, path: Path) -> Path:
    """A relative path is the project's; one that only the caller's own directory has is that."""
    inside = settings.directory / path
    return inside if inside.exists() or not path.exists() else path.resolve()


def _interpreter(settings: Settings, spec: Spec) -> str:
    path = Path(spec.source).expanduser()
    found = shutil.which(spec.source) if path.name == spec.source else str(_located(settings, path))
    if not found or not Path(found).is_file():
        raise VersionFailed(f"there is no interpreter {spec.source}", next="Name the python of the version's virtual environment.")
    return found


def _tree(settings: Settings, spec: Spec) -> Path:
    directory = _located(settings, Path(spec.source).expanduser())
    if not directory.is_dir():
        raise VersionFailed(f"there is no directory {spec.source}", next="Name the directory that holds the version's source tree.")
    return directory.resolve()


def _file(settings: Settings, spec: Spec) -> Snapshot:
    path = _located(settings, Path(spec.source).expanduser())
    try:
        return Snapshot.from_json(json.loads(path.read_text(encoding="utf-8")), str(spec))
    except OSError as error:
        raise VersionFailed(f"{spec} cannot be read: {error.strerror}", next="Write one: `bgmigrate snapshot SPEC -o FILE`.") from None
    except ValueError as error:
        raise VersionFailed(f"{spec} is not JSON: {error}", next="Write it anew with `bgmigrate snapshot SPEC -o FILE`.") from None


@contextlib.contextmanager
def _worktree(settings: Settings, spec: Spec) -> Iterator[Path]:
    """The project's directory as of a ref, in a worktree that nothing else uses."""
    top = Path(_git(settings.directory, "rev-parse", "--show-toplevel", otherwise=f"{settings.directory} is in no git repository"))
    commit = _git(top, "rev-parse", "--verify", "--quiet", f"{spec.source}^{{commit}}", otherwise=f"{top} has no ref {spec.source}")
    parent = Path(tempfile.mkdtemp(prefix="bgmigrate-tree-"))
    try:
        _git(top, "worktree", "add", "--detach", "--force", str(parent / "tree"), commit, otherwise=f"no worktree of {spec.source} could be made")
        inside = parent / "tree" / settings.directory.resolve().relative_to(top.resolve())
        yield inside if inside.is_dir() else parent / "tree"
    finally:
        removal = ["git", "-C", str(top), "worktree", "remove", "--force", str(parent / "tree")]
        subprocess.run(removal, capture_output=True, check=False, env=_environ())
        shutil.rmtree(parent, ignore_errors=True)


def _environ() -> dict[str, str]:
    """Without what git tells its hooks of the repository at hand: a worktree made with the index of another is a wrong one."""
    local = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
    return {k: v for k, v in os.environ.items() if k not in local}


def _git(directory: Path, *arguments: str, otherwise: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False, env=_environ())
    except FileNotFoundError:
        raise VersionFailed("git is not installed", next="Install git, or name the version as path:DIR.") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        what = otherwise + (f": {said[-1]}" if said else "")
        raise VersionFailed(what, next="Check the ref with `git rev-parse`, or name the version as path:DIR.")
    return done.stdout.strip()
