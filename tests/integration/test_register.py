"""Registering: the first version makes its environment live, a later one is a candidate, and nothing is guessed."""

from __future__ import annotations

import subprocess

import pytest

from tests.integration.shop import BLUE, GREEN
from tests.project import Project


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with two versions and an empty database."""
    project.models(blue=BLUE, green=GREEN)
    return project


def versions(project: Project) -> list[tuple[str, str, str]]:
    """What is registered now."""
    return [
        (r[0], r[1], r[2])
        for r in project.sql("SELECT environment, state, version FROM bgmigrate.version WHERE state IN ('deployed', 'candidate') ORDER BY 1, 2 DESC")
    ]


def test_the_first_version_makes_blue_live(shop: Project) -> None:
    result = shop.must("register", "--version", "1.0", "--source", shop.spec("blue")).json
    assert (result["environment"], result["state"], result["live"], result["outcome"]) == ("blue", "deployed", True, "done")
    assert shop.sql("SELECT environment, generation FROM bgmigrate.live") == [("blue", 1)]
    assert shop.sql("SELECT from_environment, to_environment, kind FROM bgmigrate.switch_history") == [(None, "blue", "first")]


def test_or_the_environment_that_is_named(shop: Project) -> None:
    shop.must("register", "--env", "green", "--version", "1.0", "--source", shop.spec("blue"))
    assert shop.sql("SELECT environment FROM bgmigrate.live") == [("green",)]


def test_a_version_of_the_idle_environment_is_a_candidate_and_changes_nobody_s_traffic(shop: Project) -> None:
    shop.must("register", "--version", "1.0", "--source", shop.spec("blue"))
    assert shop.must("register", "--env", "green", "--version", "2.0", "--source", shop.spec("green")).json["state"] == "candidate"
    assert versions(shop) == [("blue", "deployed", "1.0"), ("green", "candidate", "2.0")]
    assert shop.sql("SELECT environment, generation FROM bgmigrate.live") == [("blue", 1)]


def test_a_new_version_of_the_live_environment_is_what_it_runs(shop: Project) -> None:
    shop.must("register", "--version", "1.0", "--source", shop.spec("blue"))
    shop.must("register", "--env", "blue", "--version", "1.1", "--source", shop.spec("blue"))
    assert versions(shop) == [("blue", "deployed", "1.1")]
    assert shop.sql("SELECT version FROM bgmigrate.version WHERE state = 'replaced'") == [("1.0",)]


def test_registering_the_same_again_does_nothing(shop: Project) -> None:
    arguments = ("register", "--env", "blue", "--version", "1.0", "--source", shop.spec("blue"))
    shop.must(*arguments)
    assert shop.must(*arguments).json["outcome"] == "nothing_to_do"
    assert shop.sql("SELECT count(*) FROM bgmigrate.version") == [(1,)]


def test_the_second_one_must_say_which_environment(shop: Project) -> None:
    shop.must("register", "--source", shop.spec("blue"))
    result = shop.must("register", "--source", shop.spec("green"), code=2)
    assert "--env blue" in result.json["next"]
    assert "--env green" in result.json["next"]


def test_a_version_is_called_as_git_describes_it(shop: Project) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=shop.directory, check=True, capture_output=True)

    (shop.directory / "models.py").write_text(BLUE)
    git("init")
    git("add", ".")
    git("commit", "-m", "one")
    git("tag", "v1.4")
    assert shop.must("register").json["version"] == "v1.4"
    (shop.directory / "models.py").write_text(GREEN)
    assert shop.must("register", "--env", "green").json["version"] == "v1.4-dirty"
    assert shop.must("register", "--env", "green", "--source", "git:v1.4").json["version"] == "v1.4"


def test_outside_of_git_it_is_called_as_its_source(shop: Project) -> None:
    assert shop.must("register", "--source", shop.spec("blue")).json["version"] == shop.spec("blue")


def test_a_version_that_cannot_be_loaded_leaves_nothing_behind(shop: Project) -> None:
    result = shop.must("register", "--source", "path:nowhere", code=2)
    assert "BGM922" in result.codes
    assert shop.sql("SELECT to_regnamespace('bgmigrate')") == [(None,)]


def test_development_is_declared_not_guessed(shop: Project) -> None:
    shop.must("register", "--version", "1.0", "--source", shop.spec("blue"))
    assert shop.must("status").json["development"] is False
    assert shop.must("register", "--development").json["development"] is True
    assert shop.must("status").json["development"] is True


def test_a_development_database_needs_no_live_environment(shop: Project) -> None:
    shop.must("register", "--development")
    assert shop.must("status").json["live"] is None


def test_a_candidate_that_is_gone_is_retired(shop: Project) -> None:
    shop.must("register", "--version", "1.0", "--source", shop.spec("blue"))
    shop.must("register", "--env", "green", "--version", "2.0", "--source", shop.spec("green"))
    assert shop.must("register", "--retire", "--env", "green").json["retired"] == ["2.0"]
    assert versions(shop) == [("blue", "deployed", "1.0")]
    assert shop.must("register", "--retire", "--env", "green").json["outcome"] == "nothing_to_do"


def test_the_live_version_cannot_be_gone(shop: Project) -> None:
    shop.must("register", "--version", "1.0", "--source", shop.spec("blue"))
    assert "BGM911" in shop.must("register", "--retire", "--env", "blue", code=3).codes
    assert shop.must("register", "--retire", code=2).json["next"]


def test_a_snapshot_file_stands_for_its_version(shop: Project) -> None:
    shop.must("snapshot", shop.spec("blue"), "-o", "blue.json")
    shop.must("register", "--env", "blue", "--version", "1.0", "--source", "snapshot:blue.json")
    again = shop.must("register", "--env", "blue", "--version", "1.0", "--source", shop.spec("blue"))
    assert again.json["outcome"] == "nothing_to_do"
    assert shop.must("snapshot", "deployed").json["snapshot"]["tables"].keys() == {"users"}
