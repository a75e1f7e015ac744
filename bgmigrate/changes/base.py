"""What a kind of change is: the planner's word. Frozen, pure, and never seeing a connection; it never appears in a revision file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self

from bgmigrate.changes.difference import Differences, Move
from bgmigrate.findings import Finding
from bgmigrate.naming import trigger_name
from bgmigrate.ops import BackfillRows, RequireNotNull, Step


class Stage(IntEnum):
    """The order of things, within expand and within contract."""

    FOLLOW = -20  # in contract: what a killed run has done to its end
    DEMAND = -10  # in both phases before everything else: what the rows must be like
    # expand: add columns and triggers, then backfill, then indexes (so that the backfill's updates stay HOT), then constraints
    TYPES = 0
    TABLES = 10
    LOOSEN = 15
    COLUMNS = 20
    SYNCHRONIZE = 30
    BACKFILL = 40
    INDEXES = 50
    CONSTRAINTS = 60
    EXCHANGE = 65
    CATALOG = 70
    VIEWS = 80
    # contract: prove what is tightened while both sides are still kept in step, then drop trigger and columns together
    REQUIRE = 100
    RELEASE = 105
    SWAP = 110
    AFTER = 120
    REFER = 125  # foreign keys, when the keys that they point to are there
    DROP = 130
    LAST = 140
    COMMENTS = 150


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A step in its place, with the reason and the lock that a reviewer reads above it."""

    stage: Stage
    step: Step
    because: tuple[str, ...]
    undo: tuple[Step, ...] | None = None  # what rollback runs, where it takes more than the step's own undoing

    @property
    def undone(self) -> tuple[Step, ...]:
        """What rollback runs for this step, in order."""
        if self.undo is not None:
            return self.undo
        own = self.step.undo()
        return (own,) if own is not None else ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the documentation says of a kind beside the revisions it writes: what each version reads and writes meanwhile, and what can go wrong."""

    blue: str
    green: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two versions, understood. A subclass is one row of the catalogue and one file."""

    kind: ClassVar[str] = ""
    rank: ClassVar[int] = 50  # lower ones claim first
    page: ClassVar[Page]

    table: str | None
    column: str | None = None

    @classmethod
    def moves(cls, differences: Differences) -> Sequence[Move]:
        """The columns to which this kind will give successors, asked of all kinds before the first one claims: they may share an index."""
        return ()

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        """Take from the pool what this kind understands. Raises Refused where it understands and must say no."""
        raise NotImplementedError

    def expand(self) -> list[Planned]:
        """The steps that both versions can live with."""
        return []

    def contract(self) -> list[Planned]:
        """The steps that only the candidate can live with."""
        return []

    def warnings(self) -> list[Finding]:
        """What a person should know before it is accepted."""
        return []

    @property
    def subject(self) -> str:
        """What it is about, as plans and revisions name it."""
        return ".".join(filter(None, (self.table, self.column)))

    @property
    def touched(self) -> set[tuple[str, str]]:
        """The columns, each with its table, that no earlier release's trigger may still write."""
        return {(self.table, c) for c in (self.column, getattr(self, "old", None)) if self.table and c}

    @property
    def sync_name(self) -> str:
        """What the trigger of this column is called."""
        assert self.table and self.column
        return trigger_name(self.table, self.column)

    def required(self) -> Planned:
        """NOT NULL for this column, in contract."""
        assert self.table and self.column
        return Planned(
            stage=Stage.REQUIRE, step=RequireNotNull(self.table, [self.column]),
            because=(f"{self.column}: NOT NULL, proved by a CHECK that is validated while reads and writes go on.",),
        )

    def filled(self, step: BackfillRows) -> Planned:
        """The backfill of this column, in expand."""
        why = f"{self.column}: rows that were there, in short batches in key order; resumes where it stopped."
        return Planned(stage=Stage.BACKFILL, step=step, because=(why,))

    def as_json(self) -> dict[str, Any]:
        """The change as `plan --json` lists it."""
        return {
            "kind": self.kind, "table": self.table, "column": self.column,
            "expand": [line for p in self.expand() for line in p.because], "contract": [line for p in self.contract() for line in p.because],
        }
