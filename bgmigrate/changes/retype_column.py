"""A column of another type under the same name: int to bigint (keys with all that refers to them), json to jsonb, char to text.

PostgreSQL rewrites the table and every index under ACCESS EXCLUSIVE; pgroll and the shadow-table tools give up at a primary key that foreign
keys point to. Ours fills a column of the new type beside the old one, foreign keys' columns included, and swaps names in one short transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.cast import converted
from bgmigrate.changes.difference import Difference, Differences, Move, Untried
from bgmigrate.changes.successor import Successor, build, finish
from bgmigrate.changes.twins import NoTwin, Twin, twins_of
from bgmigrate.changes.widen_type import shadow, widens
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.naming import trigger_name
from bgmigrate.ops import ExchangeColumns, RequireMovable, StopSynchronizing
from bgmigrate.sql import compose
from bgmigrate.sql.references import references

_WHOLE = ("smallint", "integer", "bigint")


@dataclass(frozen=True, kw_only=True)
class RetypeColumn(Change):
    """Successor, trigger, backfill and twins in expand; the names change in contract, or at the end of expand where only the new type suits both."""

    kind: ClassVar[str] = "retype_column"
    rank: ClassVar[int] = 7
    page: ClassVar[Page] = Page(
        blue="Blue reads and writes the column under its name: the old type until the names change, which it is tried to get on with before.",
        green="Green reads and writes the same column; what only the new type can hold is refused by the server until the names change.",
        wrong=(
            "Statements that were prepared on the server and read the column fail once per session with 0A000 when the names change.",
            "A value that does not convert is NULL in the successor, counts as divergent, and keeps contract from running.",
            "A version whose driver does not get on with either type forbids the change under the same name: refused by plan, with the way round it.",
        ),
    )

    successor: Successor
    twins: tuple[Twin, ...]
    early: str | None  # where the names change at the end of expand: SQL over the column that gives the old type's value
    ordered: bool  # was it an enum, whose values have an order of their own?

    @classmethod
    def moves(cls, differences: Differences) -> Sequence[Move]:
        return [_move(differences, d) for d in _retyped(differences) if not isinstance(_early(differences, d), Finding)]

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d in _retyped(differences):
            assert d.table
            early, move = _early(differences, d), _move(differences, d)
            for what in ("type", "collation", "default", "comment", "identity"):
                differences.take(differences.find(what, d.table, d.name))
            if isinstance(early, Finding):
                refusals.append(early)
                continue
            have, want = differences.heads.tables[d.table].columns[d.name], differences.green.tables[d.table].columns[d.name]
            told = differences.hints.forward.get((d.table, d.name))
            if told and want.not_null and not have.not_null and not references(told, {d.name}):
                told = None  # what takes a NULL's place (set_not_null's), and not what becomes of every value
            forward = told or converted(differences, d.name, have, want)
            back = differences.hints.backward.get((d.table, d.name)) or converted(differences, d.name, want, have)
            try:
                if forward is None or (early and back is None):
                    raise NoTwin(f"the missing cast from {have.type} to {want.type}" if forward is None else f"the missing cast back to {have.type}")
                twins = twins_of(differences, move)
                if early and (held := [t.final for t in twins if t.table != d.table or t.key == "PRIMARY KEY"]):
                    raise NoTwin(f"the key {held[0]}, which cannot change in expand")
            except NoTwin as error:
                refusals.append(_refusal(d, f"because of {error}"))
                continue
            keyed = any(t.constraint and t.constraint.kind == "f" and move.there in t.columns for t in twins)
            successor = Successor(
                table=d.table, old=have, want=want, there=move.there, forward=forward,
                backward=converted(differences, move.there, want, have) if keyed else None,
                own=trigger_name(d.table, d.name, "type") if early else "",  # the exchange turns it round
            )
            ordered = any(t.kind == "e" and compose("{t:t}", t=t.key) == have.type for t in differences.heads.types.values())
            out.append(cls(table=d.table, column=d.name, successor=successor, twins=twins, early=back if early else None, ordered=ordered))
        if refusals:
            raise Refused(refusals[0].what, why=refusals[0].why, next=refusals[0].next, findings=refusals)
        return out

    def expand(self) -> list[Planned]:
        s = self.successor
        if self.early is None:
            return [*s.begin(), *build(self.twins)]
        exchange = ExchangeColumns(
            s.table, s.trigger, s.want.name, s.there, type=s.want.type, default=s.want.default, mirror=self.early,
            required=s.want.not_null and s.old.not_null,  # a NOT NULL that blue does not know waits for contract
            made=_over(s.forward, s.old.name, s.there),
        )
        why = f"{s.want.name}: only the new type suits both versions, so the names change now. ACCESS EXCLUSIVE for an instant."
        return [*s.begin(), *build(self.twins), Planned(stage=Stage.EXCHANGE, step=exchange, because=(why,), undo=(self._back(),))]

    def _back(self) -> ExchangeColumns:
        s = self.successor
        return ExchangeColumns(
            s.table, s.trigger, s.want.name, s.there, type=s.old.type, default=s.old.default, required=s.old.not_null, mirror=s.forward,
            made=_over(self.early or "", s.old.name, s.there), undoing=True,
        )

    def contract(self) -> list[Planned]:
        s = self.successor
        steps = finish([s], self.twins)
        if self.early is None:
            return steps
        # what is left beside it is the old column, and the new one's NOT NULL and default came with its name
        return [self._left(p) for p in steps if p.stage != Stage.REQUIRE]

    def _left(self, planned: Planned) -> Planned:
        s, step = self.successor, planned.step
        if isinstance(step, StopSynchronizing):
            step = replace(step, drop=[s.there], rename={}, alter=[], carry={s.there: s.want.name})
        elif isinstance(step, RequireMovable):
            step = replace(step, columns=[s.there])
        return replace(planned, step=step)

    def warnings(self) -> list[Finding]:
        s, when = self.successor, "in contract" if self.early is None else "at the end of expand"
        return [
            Finding(
                code="BGM214", severity="warning", table=self.table, column=self.column,
                what=f"statements prepared on the server that read {self.table}.{self.column} fail once per session with 0A000 {when}",
                why="PostgreSQL refuses to change the result type of a prepared statement; no tool can spare them that.",
                next="Use prepare_threshold=None with psycopg 3 (or let the pool drop a connection that meets 0A000).",
            ),
            *([Finding(
                code="BGM116", severity="warning", table=self.table, column=self.column,
                what=f"from the end of expand on, {self.table}.{self.column} sorts as {s.want.type}, not in {s.old.type}'s order, for blue too",
                why="ORDER BY, < and > compare what the column holds, and only the enum type knows the order of its values.",
                next="Nothing, where no query of blue's sorts by it; else give the new type a name of its own.",
            )] if self.early is not None and self.ordered else []),
            *([] if self.early is not None else [Finding(
                code="BGM116", severity="warning", table=self.table, column=self.column,
                what=f"until contract, {self.table}.{self.column} is {s.old.type} for both versions: what only {s.want.type} can hold is refused",
                why="A column has one type, whichever version writes.", next="Let green write such values when contract has been applied.",
            )]),
        ]


def _retyped(differences: Differences) -> list[Difference]:
    """Types (and collations) that change under the same name, and that PostgreSQL cannot change in its catalog alone."""
    found = [d for d in differences.all("type", "collation") if d.table and d.name in differences.heads.tables[d.table].columns]
    seen: dict[tuple[str | None, str], Difference] = {}
    for d in found:
        if d.what == "collation" or widens(differences, d) is None:
            seen.setdefault((d.table, d.name), d)
    return list(seen.values())


def _move(differences: Differences, d: Difference) -> Move:
    assert d.table
    want = differences.green.tables[d.table].columns[d.name]
    collation = f" COLLATE {want.collation}" if want.collation else ""
    return Move(table=d.table, old=d.name, there=shadow(d.table, d.name), final=d.name, retyped=want.type + collation)


def _over(expression: str, column: str, other: str) -> str:
    """The same of another column: the server resolves the names, nothing is replaced in the text."""
    return compose("(SELECT ({e:q}) FROM (SELECT {o:i} AS {c:i}) AS bgm_row)", e=expression, o=other, c=column)


def _early(differences: Differences, d: Difference) -> bool | Finding:
    """Must the names change at the end of expand, for green does not get on with the old type? A finding where no one type suits both versions."""
    assert d.table
    have, want = differences.heads.tables[d.table].columns[d.name].type, differences.green.tables[d.table].columns[d.name].type
    if have == want:
        return False
    try:
        green = differences.speech.refusal("green", differences.named(d.table), d.name, want, have, differences.user_types)
        if green is None:
            return False
        blue = differences.speech.refusal("blue", d.table, d.name, have, want, differences.user_types)
    except Untried as untried:
        if {have, want} <= {*_WHOLE}:
            return False  # every driver sends and takes whole numbers of any width
        return _refusal(d, f"for it cannot be tried which version gets on with which type: {untried}", have, want)
    if blue is None:
        return True
    return _refusal(d, f"for no one type suits both versions: green with {have}: {green}; blue with {want}: {blue}", have, want)


def _refusal(d: Difference, reason: str, have: str = "", want: str = "") -> Finding:
    """What to write instead: the new type under a name of its own, with the expressions both ways."""
    new = f"{d.name}_new"
    types = f" from {have} to {want}" if have else ""
    return Finding(
        code="BGM116", table=d.table, column=d.name, what=f"{d.table}.{d.name} cannot change its type{types} under the same name, {reason}",
        why="Both versions read and write the same column while they run: what one of them sends, the other type would refuse or change.",
        next=f'Give the new type a name of its own: {new} = mapped_column(…, info={{"bgmigrate": {{"renamed_from": "{d.name}", "forward": '
        f'"{_sample(d.name, want)}"}}}}), and in the table\'s info {{"bgmigrate": {{"backward": {{"{d.name}": "{_sample(new, have)}"}}}}}}.',
    )


def _sample(column: str, type_: str) -> str:
    return compose("{c:i}::{y:q}", c=column, y=type_ or "…")
