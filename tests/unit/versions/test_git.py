"""`git:REF`: a ref of the project's repository, in a worktree that is gone afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bgmigrate.settings import Settings
from bgmigrate.versions.load import snapshot_of
from bgmigrate.versions.process import VersionFailed

MODELS = "from sqlalchemy import *\nBase = MetaData()\nTable({!r}, Base, Column('id', Integer, primary_key=True))\n"


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of its repository: `old` has another table than the working tree."""
    inside = tmp_path / "services" / "shop"
    inside.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    (inside / "models.py").write_text(MODELS.format("blue"))
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "blue")
    git(tmp_path, "tag", "old")
    (inside / "models.py").write_text(MODELS.format("green"))
    return inside


def test_a_ref_is_loaded_as_it_was_and_the_worktree_is_gone(project: Path) -> None:
    settings = Settings(directory=project, models=("models:Base",))
    assert set(snapshot_of(settings, "git:old").tables) == {"blue"}
    assert set(snapshot_of(settings, None).tables) == {"green"}
    assert len(git(project, "worktree", "list").splitlines()) == 1


def test_the_worktree_goes_also_when_loading_fails(project: Path) -> None:
    with pytest.raises(VersionFailed):
        snapshot_of(Settings(directory=project, models=("models:Nothing",)), "git:old")
    assert len(git(project, "worktree", "list").splitlines()) == 1


def test_an_unknown_ref_is_named(project: Path) -> None:
    with pytest.raises(VersionFailed, match="no ref v99"):
        snapshot_of(Settings(directory=project, models=("models:Base",)), "git:v99")
