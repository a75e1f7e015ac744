"""A column under a new name, with everything that hangs on it.

Alembic's maintainers' word is that a rolling upgrade never renames; pgroll hides the column behind a view for each version. Ours gives green
a real column of its own with twins of every index, key and constraint, keeps both in step, and lets the twins take the names when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.cast import assigned
from bgmigrate.changes.demands import Demand, asked, of_column
from bgmigrate.changes.difference import Differences, Move
from bgmigrate.changes.set_not_null import nothing_takes_its_place, value_of
from bgmigrate.changes.successor import Successor, build, finish
from bgmigrate.changes.twins import NoTwin, Twin, twins_of
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import DropNotNull
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class RenameColumn(Change):
    """New column, two-way trigger, backfill and twins in expand; trigger, old column and old names go in contract."""

    kind: ClassVar[str] = "rename_column"
    rank: ClassVar[int] = 10
    page: ClassVar[Page] = Page(
        blue="Blue goes on with the old column. What green writes into the new one is there, in the same statement.",
        green="Green has a column of its own under the new name, with the same indexes, keys and constraints; what blue writes is there.",
        wrong=(
            "An INSERT that sets green's column to NULL where the old column has a default counts as blue's, unless the session says who it is.",
            "A trigger of your own that fires after zz_bgm_… and writes one of the two columns makes them differ: verify finds it, contract refuses.",
            "Where green alone has NOT NULL, blue's NULLs are what `forward` or the default says; without one contract refuses while there are any.",
            "Views, functions and policies that use the old column must read the new one before contract can drop it.",
        ),
    )

    successors: tuple[Successor, ...]
    twins: tuple[Twin, ...]
    demand: Demand | None = None  # where green forbids the NULLs that blue may write, and nothing stands for them

    @property
    def old(self) -> str:
        """The name that blue has for the column."""
        return self.successors[0].old.name

    @classmethod
    def moves(cls, differences: Differences) -> Sequence[Move]:
        return [
            Move(table=table, old=old, there=new, final=new, retyped=_retyped(differences, table, old, new))
            for table, renames in sorted(differences.renames.items()) for new, old in renames.items()
        ]

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for m in cls.moves(differences):
            have, want = differences.heads.tables[m.table].columns[m.old], differences.green.tables[m.table].columns[m.final]
            for what in ("type", "collation", "comment", "default", "identity", "not null"):
                differences.take(differences.find(what, m.table, m.final))
            told = _expressions(differences, m, have, want)
            if isinstance(told, Finding):
                refusals.append(told)
                continue
            forward, backward = told
            tightened = want.not_null and not have.not_null and (m.table, m.final) not in differences.hints.forward
            value = value_of(differences, m.table, want) if tightened else None
            if value is not None:
                forward = compose("coalesce({f:q}, {v:q})", f=forward, v=value)
            successor = Successor(table=m.table, old=have, want=want, there=m.there, forward=forward, backward=backward)
            demand = of_column(differences, m.table, m.old) if tightened and value is None else None
            out.append(cls(table=m.table, column=m.final, successors=(successor,), twins=_twins(differences, m), demand=demand))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    def expand(self) -> list[Planned]:
        assert self.table
        steps = [*asked(self.demand, early=True), *(p for s in self.successors for p in s.begin()), *build(self.twins)]
        for s in self.successors:
            if s.old.not_null and not s.want.not_null:
                why = f"{s.old.name}: green may write NULL into {s.want.name}. ACCESS EXCLUSIVE for an instant."
                steps.append(Planned(stage=Stage.LOOSEN, step=DropNotNull(self.table, [s.old.name]), because=(why,)))
        return steps

    def contract(self) -> list[Planned]:
        return finish(self.successors, self.twins)

    def warnings(self) -> list[Finding]:
        assert self.table and self.column
        return [nothing_takes_its_place(self.table, self.column)] if self.demand else []


def _retyped(differences: Differences, table: str, old: str, new: str) -> str | None:
    want = differences.green.tables[table].columns[new]
    return want.type if want.type != differences.heads.tables[table].columns[old].type else None

def _expressions(differences: Differences, m: Move, have: Column, want: Column) -> tuple[str, str] | Finding:
    """Each column in terms of the other: copies, what the hints say, or assignments where the types differ."""
    forward, backward = differences.hints.forward.get((m.table, m.final)), differences.hints.backward.get((m.table, m.old))
    if forward is None:
        forward = assigned(differences, m.old, have, want)
    if backward is None:
        backward = assigned(differences, m.final, want, have)
    if forward is not None and backward is not None:
        return forward, backward
    return Finding(
        code="BGM116", table=m.table, column=m.final,
        what=f"{m.table}.{m.old} ({have.type}) is renamed to {m.final} with another type ({want.type}), and nothing says how one becomes the other",
        why="PostgreSQL assigns neither type to the other by itself: each version's writes must be converted for the other.",
        next='Say both ways: '
        f'mapped_column(info={{"bgmigrate": {{"renamed_from": "{m.old}", "forward": "…SQL over {m.old}…"}}}}) and, in the table\'s '
        f'info, {{"bgmigrate": {{"backward": {{"{m.old}": "…SQL over {m.final}…"}}}}}}.',
    )


def _twins(differences: Differences, move: Move) -> tuple[Twin, ...]:
    try:
        return twins_of(differences, move)
    except NoTwin as error:
        raise Refused(
            f"{move.table}.{move.old} cannot be renamed to {move.final} yet, because of {error}",
            why="Its twin would have to exist beside it, and bgmigrate cannot build it.",
            next=f"Keep the database's name and rename the attribute only: {move.final} = mapped_column(\"{move.old}\").", code="BGM901",
        ) from None
