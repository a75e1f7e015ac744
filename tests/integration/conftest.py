"""Fixtures of several integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.gate import TOKEN, Gate, Serve
from tests.integration.shop import BLUE, GREEN
from tests.project import Project


@pytest.fixture
def serve(project: Project) -> Iterator[Serve]:
    """Start `bgmigrate serve` on a free port."""

    def start(**environ: str) -> Gate:
        return Gate(project.start("serve", "--listen", "127.0.0.1:0", json=False, environ={"BGMIGRATE_SERVE__TOKEN": TOKEN, **environ}))

    yield start
    project.close()


@pytest.fixture
def expanded(project: Project) -> Project:
    """Expanded for green; blue is live and nothing is proved."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue("INSERT INTO users (name) VALUES ('Ada')")
    project.must("plan", "-m", "full name", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    return project
