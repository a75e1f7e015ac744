"""A project taken to where contract is next: expanded, proved, and switched."""

from __future__ import annotations

from tests.integration.shop import BLUE, GREEN, SEED
from tests.project import Project


def released(project: Project, blue: str = BLUE, green: str = GREEN, seed: str = SEED.format(rows=20)) -> None:
    """Blue is built and filled, green planned, expanded for, verified and made live."""
    project.models(blue=blue, green=green)
    project.start_blue(seed)
    project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
