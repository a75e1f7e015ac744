"""Checks and foreign keys that take the place of another of the same name, or come back in a rollback: built beside, proved, and then exchanged."""

from __future__ import annotations

from dataclasses import replace

from bgmigrate.catalog import Constraint
from bgmigrate.changes.base import Planned, Stage
from bgmigrate.changes.demands import Demand
from bgmigrate.naming import object_name
from bgmigrate.ops import AddConstraint, AddUnvalidated, CommentOnConstraints, ReplaceConstraint, Step


def added(table: str, want: Constraint, stage: Stage) -> Planned:
    """The constraint, new."""
    on = "on both tables " if want.kind == "f" else ""
    why = f"{want.name}: added NOT VALID (a lock {on}for an instant), validated while reads and writes go on."
    return Planned(stage=stage, step=AddConstraint(table, want.name, want.definition), because=(why,))


def exchanged(table: str, have: Constraint, want: Constraint, stage: Stage, back: Demand | None) -> list[Planned]:
    """The new one under a name of ours, and then in the old one's place. `back`: what rollback asks the rows before it brings the old one back."""
    ours, was = object_name("new", table, want.name), object_name("was", table, have.name)
    undo = (*given_back(table, replace(have, name=was), back), ReplaceConstraint(table, have.name, was))
    why = f"{want.name}: as green has it, beside the old one. Added NOT VALID for an instant, validated while reads and writes go on."
    take = f"{want.name}: the old one goes, the new one takes its name. ACCESS EXCLUSIVE for an instant, no scan."
    return [
        Planned(stage=stage, step=AddConstraint(table, ours, want.definition, becomes=want.name), because=(why,)),
        Planned(stage=stage, step=ReplaceConstraint(table, want.name, ours), because=(take,), undo=undo),
    ]


def given_back(table: str, have: Constraint, demand: Demand | None) -> tuple[Step, ...]:
    """What brings a constraint back in a rollback: the rows are asked before anything changes."""
    if not have.validated:
        return (AddUnvalidated(table, have.name, have.definition), *commented(table, have))
    return (*([demand.step] if demand else []), AddConstraint(table, have.name, have.definition), *commented(table, have))


def commented(table: str, have: Constraint, name: str = "") -> tuple[Step, ...]:
    """Its comment, where it has one."""
    return (CommentOnConstraints(table, {name or have.name: have.comment}),) if have.comment is not None else ()
