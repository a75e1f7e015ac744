"""A sequence that the models declare by itself (`Sequence("numbers", metadata=…)`), which no column owns.

Alembic does not compare sequences. Ours makes one before anything draws from it, widens it while both versions do, and drops it only where the
live version's own models made it: what only hand-written migrations make is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Sequence
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import AlterSequence, BuildSequence, DropSequences, RequirePosition

_TYPES = ("smallint", "integer", "bigint")


@dataclass(frozen=True, kw_only=True)
class ChangeSequence(Change):
    """CREATE, or ALTER where it only gets more room, in expand; every other ALTER, and DROP, in contract."""

    kind: ClassVar[str] = "sequence"
    rank: ClassVar[int] = 10
    page: ClassVar[Page] = Page(
        blue="Draws from its sequences as before, and from one that got more room without noticing it.",
        green="Draws from a new sequence as soon as expand is done; other changes (an increment, less room) hold from contract on.",
        wrong=(
            "A new sequence starts where the model says. Set it past numbers that are there: `SELECT setval(…)`.",
            "Contract refuses while a sequence stands beyond its new bounds.",
        ),
    )

    name: str
    have: Sequence | None
    want: Sequence | None

    @classmethod
    def claim(cls, differences: Differences) -> Many[Self]:
        out = []
        for d in differences.all("sequence"):
            differences.take(d)
            out.append(cls(table=None, name=d.name, have=d.have, want=d.want))
        return out

    @property
    def subject(self) -> str:
        return self.name

    def expand(self) -> list[Planned]:
        if self.want and not self.have:
            build = BuildSequence(self.name, self.want.type, self.want.options)
            return [Planned(stage=Stage.TYPES, step=build, because=(f"Sequence {self.name}: before anything draws from it. No table is locked.",))]
        if self.have and self.want and _gets_room(self.have, self.want):
            alter = AlterSequence(self.name, self.want.type, self.want.options, (self.have.type, self.have.options))
            back = alter.undo()
            assert back
            return [
                Planned(
                    stage=Stage.LOOSEN, step=alter, undo=(within(self.have), back),
                    because=(f"Sequence {self.name}: more room, from which both draw. Who draws waits for an instant.",),
                )
            ]
        return []

    def contract(self) -> list[Planned]:
        if not self.want:
            why = f"Sequence {self.name}: only blue drew from it. No table is locked."
            return [Planned(stage=Stage.LAST, step=DropSequences([self.name]), because=(why,))]
        if not self.have or _gets_room(self.have, self.want):
            return []
        return [
            Planned(
                stage=Stage.DEMAND, step=within(self.want),
                because=(f"Sequence {self.name}: it must stand within its new bounds. Nothing is locked.",),
            ),
            Planned(
                stage=Stage.SWAP, step=AlterSequence(self.name, self.want.type, self.want.options),
                because=(f"Sequence {self.name}: as green has it. Who draws waits for an instant.",),
            ),
        ]


def bounds(sequence: Sequence) -> tuple[int, int]:
    """The least and the greatest value that it can give."""
    found = re.search(r"MINVALUE (-?\d+) MAXVALUE (-?\d+)", sequence.options)
    assert found
    return int(found[1]), int(found[2])


def within(sequence: Sequence, name: str | None = None) -> RequirePosition:
    """Demand that a sequence (`name`, or this one itself) stands within this one's bounds."""
    return RequirePosition(name or sequence.key, *bounds(sequence))


def _gets_room(have: Sequence, want: Sequence) -> bool:
    """Is it the same sequence with more numbers to give? Bounds behind it (the least one of an ascending sequence) are none that it meets."""
    rest = re.compile(r"MINVALUE -?\d+ MAXVALUE -?\d+ ")
    (low, high), (least, most) = bounds(have), bounds(want)
    larger = _TYPES.index(want.type) >= _TYPES.index(have.type)
    return larger and least <= low and high <= most and rest.sub("", have.options) == rest.sub("", want.options)
