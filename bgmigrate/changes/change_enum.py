"""An enum type that loses values, or whose values change their order.

PostgreSQL can do neither; recipes rewrite the table under ACCESS EXCLUSIVE. Ours fills a column of the new type beside the old one while both
versions go on with the type that they know, and lets column and type take the names in one short transaction when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences, Move
from bgmigrate.changes.enum_add_value import columns_of, grows
from bgmigrate.changes.successor import Successor, build, finish
from bgmigrate.changes.twins import NoTwin, Twin, twins_of
from bgmigrate.changes.widen_type import shadow
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.naming import object_name, trigger_name
from bgmigrate.ops import BuildType, RequireData
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class ChangeEnum(Change):
    """New type, shadow column, two-way trigger, backfill and twins in expand; in contract they take the names."""

    kind: ClassVar[str] = "change_enum"
    rank: ClassVar[int] = 6
    page: ClassVar[Page] = Page(
        blue="Blue goes on with the old column and the old type; it may still write a value that is to go.",
        green="Green writes the same column, still of the old type, with the values that both know; the new order holds after contract.",
        wrong=(
            "Rows that hold a value that is to go: expand and contract refuse, with their number and keys.",
            "A value that comes while another goes would be one that the other version does not know: refused, with the two releases to make of it.",
        ),
    )

    type: str
    have: tuple[str, ...]
    labels: tuple[str, ...]
    successors: tuple[Successor, ...]
    twins: tuple[Twin, ...]
    later: bool

    @classmethod
    def moves(cls, differences: Differences) -> Sequence[Move]:
        return [m for d, where in _changed(differences) if _obstacle(differences, d, where) is None for m in _moves(d, where)]

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d, where in _changed(differences):
            differences.take(d)
            reason, moves = _obstacle(differences, d, where), _moves(d, where)
            if reason is None:
                try:
                    twins = tuple(t for m in moves for t in twins_of(differences, m))
                except NoTwin as error:
                    reason = f"of {error}, which cannot be built beside it"
            if reason:
                refusals.append(_refusal(d, reason, where))
                continue
            later = any(differences.hints.waits(m.table, m.final) for m in moves)
            out.append(cls(
                table=moves[0].table, column=moves[0].final, type=d.name, have=d.have.labels, labels=d.want.labels,
                successors=tuple(_successor(differences, d, m, moves) for m in moves), twins=twins, later=later,
            ))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    @property
    def removed(self) -> tuple[str, ...]:
        """The values that green's type does not have."""
        return tuple(v for v in self.have if v not in self.labels)

    @property
    def new(self) -> str:
        """What the new type is called until contract."""
        return fresh(self.type)

    def as_json(self) -> dict[str, Any]:
        """With the type."""
        return {**super().as_json(), "type": self.type}

    def expand(self) -> list[Planned]:
        assert self.table
        type_ = Planned(
            stage=Stage.TYPES, step=BuildType(self.new, labels=list(self.labels)),
            because=(f"{self.type}: with green's values, beside the old type, whose name it takes in contract. No table is locked.",),
        )
        begun = [p for s in self.successors for p in s.begin()]
        return [*([] if self.later else self._demands()), type_, *begun, *build(self.twins)]

    def _demands(self) -> list[Planned]:
        gone = [compose("{v:l}", v=v) for v in self.removed]
        return [
            Planned(
                stage=Stage.DEMAND,
                step=RequireData(
                    s.table, _holds(s.old, gone), f"hold a value in {s.old.name} that {self.type} is to lose", code="BGM212",
                ),
                because=(f"{s.old.name}: no row may hold {', '.join(gone)} any more. Reads the table; locks nothing.",),
            )
            for s in self.successors if gone
        ]

    def contract(self) -> list[Planned]:
        return [*self._demands(), *finish(self.successors, self.twins, types={self.new: self.type})]

    def warnings(self) -> list[Finding]:
        where = ", ".join(f"{s.table}.{s.old.name}" for s in self.successors)
        if not self.removed:
            return [Finding(
                code="BGM212", severity="warning", table=self.table, column=self.column,
                what=f"until contract, {where} sorts and compares in the old order of {self.type} for both versions",
                why="A column has one type, whichever version reads.", next="Let green not rely on the new order before contract.",
            )]
        return [Finding(
            code="BGM212", severity="warning", table=self.table, column=self.column,
            what=f"until contract the old version may write {', '.join(map(repr, self.removed))} into {where}, which the new one cannot load",
            why="SQLAlchemy's Enum raises LookupError for a value that its model does not list. Such rows keep contract from running.",
            next="Let the version that is live stop writing it first, and promise so in its model: "
            f'info={{"bgmigrate": {{"never_writes": {list(self.removed)!r}}}}}. Without that verify tries the value.',
        )]


def fresh(type_: str) -> str:
    """The key of an enum type that is to replace another, in the same schema."""
    schema, _, _ = type_.rpartition(".")
    return f"{schema}." * bool(schema) + object_name("enum", type_)


def _changed(differences: Differences) -> list[tuple[Difference, list[tuple[str, str]]]]:
    """Enum types that lose values or change their order, with the columns that have them."""
    return [
        (d, list(columns_of(differences.heads, d.name))) for d in differences.all("user type")
        if d.have and d.want and d.have.kind == d.want.kind == "e" and not grows(d.have.labels, d.want.labels)
    ]


def _moves(d: Difference, where: Sequence[tuple[str, str]]) -> list[Move]:
    return [Move(table=t, old=c, there=shadow(t, c), final=c, renewed=(d.name, fresh(d.name))) for t, c in where]


def _obstacle(differences: Differences, d: Difference, where: list[tuple[str, str]]) -> str | None:
    """Why it cannot be rebuilt; None when it can."""
    gone, come = ([repr(v) for v in a.labels if v not in b.labels] for a, b in ((d.have, d.want), (d.want, d.have)))
    if come:
        return f"{', '.join(come)} would come " + (f"while {', '.join(gone)} would go" if gone else "and the others would change their order")
    if not where:
        return "no table has a column of it"
    if left := [f"{t}.{c}" for t, c in where if (t, c) not in columns_of(differences.green, d.name)]:
        return f"{', '.join(left)} would leave it as well"
    if new := [f"{t}.{c}" for t, c in columns_of(differences.green, d.name) if (t, c) not in where]:
        return f"{', '.join(new)} is new and would have the old type"
    return None


def _refusal(d: Difference, reason: str, where: list[tuple[str, str]]) -> Finding:
    gone = [v for v in d.have.labels if v not in d.want.labels]
    come = [v for v in d.want.labels if v not in d.have.labels]
    table, column = where[0] if where else (None, None)
    if come and gone:
        new = f"{column or 'column'}_new"
        advice = (
            f"Under another column name both versions keep their own values: {new} = mapped_column(Enum(…, name='{d.name}_new'), "
            f'info={{"bgmigrate": {{"forward": "{_mapped(column or "column", gone, come, d.name + "_new")}"}}}}), and in the table\'s info '
            f'{{"bgmigrate": {{"backward": {{"{column}": "{_mapped(new, come, gone, d.name)}"}}}}}}. '
            f"Or take two releases: add {', '.join(map(repr, come))} in this one, remove {', '.join(map(repr, gone))} in the next."
        )
    elif come:
        advice = f"Take two releases: add {', '.join(map(repr, come))} where the old order stays in this one, change the order in the next."
    else:
        advice = f"Give each column a type of its own under a new name ({d.name}_new), in a column of a new name with `forward` and `backward`."
    return Finding(
        code="BGM212", table=table, column=column,
        what=f"the enum type {d.name}{f' of {table}.{column}' if table else ''} cannot change from ({', '.join(d.have.labels)}) to"
        f" ({', '.join(d.want.labels)}), because {reason}",
        why="Both versions read and write the same column while they run: each would meet values that it does not know.", next=advice,
    )


def _mapped(column: str, gone: Sequence[str], come: Sequence[str], type_: str) -> str:
    """The expression that a person completes: one label becomes another, the others stay."""
    return compose("CASE {c:i}::text WHEN {a:l} THEN {b:l} ELSE {c:i}::text END::{t:t}", c=column, a=gone[0], b=come[0], t=type_)


def _successor(differences: Differences, d: Difference, m: Move, moves: Sequence[Move]) -> Successor:
    """The same label in the new type; NULL for one that is gone, so that blue's write of it is no error."""
    old, new = differences.heads.tables[m.table].columns[m.old], fresh(d.name)
    gone = [compose("{v:l}", v=v) for v in d.have.labels if v not in d.want.labels]
    array = "[]" if old.type.endswith("[]") else ""
    plain = compose("{c:i}::text{a:q}::{t:t}{a:q}", c=m.old, t=new, a=array)
    # columns of several tables get the type at once: a trigger that they share with others would go with theirs
    first = next(x.old for x in moves if x.table == m.table)
    return Successor(
        table=m.table, old=old, want=differences.green.tables[m.table].columns[m.final], there=m.there, type=compose("{t:t}", t=new) + array,
        forward=compose("CASE WHEN {h:q} THEN NULL ELSE {p:q} END", h=_holds(old, gone), p=plain) if gone else plain, backward=None,
        own=trigger_name(m.table, first, "type") if any(x.table != m.table for x in moves) else "",
    )


def _holds(column: Column, labels: Sequence[str]) -> str:
    """The condition that a row holds one of these labels."""
    if column.type.endswith("[]"):
        return compose("{c:i}::text[] && ARRAY[{g:q}]", c=column.name, g=labels)
    return compose("{c:i}::text IN ({g:q})", c=column.name, g=labels)
