"""A command line that people type all day must not make them wait."""

from __future__ import annotations

from tests.benchmarks import startup


def test_help_starts_within_one_and_a_half_times_of_alembics() -> None:
    taken = startup.seconds(5)
    assert taken["bgmigrate"] <= 1.5 * taken["alembic"], taken
