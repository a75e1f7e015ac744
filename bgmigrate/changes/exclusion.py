"""Exclusion constraints as steps; what adds one, brings one back in a rollback, and asks whether either is possible."""

from __future__ import annotations

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Planned, Stage
from bgmigrate.changes.demands import Demand, asked
from bgmigrate.ops import BuildExclusion, Step
from bgmigrate.ops.build_exclusion import small


def demanded(table: str, want: Constraint, demand: Demand | None, *, early: bool = False) -> list[Planned]:
    """The table is small enough, and its rows do not exclude each other. `early`: as part of expand."""
    return [sized(table, want), *asked(demand, early=early)]


def sized(table: str, want: Constraint) -> Planned:
    """The table is small enough."""
    why = f"{want.name}: PostgreSQL builds it under ACCESS EXCLUSIVE only, so the table must be small. Locks nothing."
    return Planned(stage=Stage.DEMAND, step=small(table, want.name), because=(why,))


def added(table: str, want: Constraint, name: str, stage: Stage, old: Constraint | None = None) -> Planned:
    """The constraint, under a name. `old`: the one that has its own name until then."""
    becomes = want.name if old and old.definition != want.definition else ""
    why = f"{want.name}: built on the small table. ACCESS EXCLUSIVE for as long as that takes."
    return Planned(stage=stage, step=BuildExclusion(table, name, want.definition, becomes=becomes), because=(why,))


def brought_back(table: str, have: Constraint, demand: Demand | None) -> tuple[Step, ...]:
    """What brings it back in a rollback: size and rows are asked before anything changes."""
    return (small(table, have.name), *([demand.step] if demand else []), BuildExclusion(table, have.name, have.definition))
