"""An enum type that loses values, or whose values change their order.

PostgreSQL can do neither; recipes rewrite the table under ACCESS EXCLUSIVE. Ours fills a column of the new type beside the old one while both
versions go on with the type that they know, and lets column and type take the names in one short transaction when blue is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences
from bgmigrate.changes.enum_add_value import columns_of, grows
from bgmigrate.changes.server_default import set_default
from bgmigrate.changes.twins import NoTwin, Twin, changed_by_rename, constraint_names, index_names, twin_of
from bgmigrate.changes.widen_type import shadow
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.naming import object_name, split
from bgmigrate.ops import BackfillRows, BuildType, RequireData, RequireNotNull, Step, StopSynchronizing, SynchronizeColumns
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class ChangeEnum(Change):
    """New type, shadow column, two-way trigger, backfill and twins in expand; in contract they take the names."""

    kind: ClassVar[str] = "change_enum"
    rank: ClassVar[int] = 6

    type: str
    have: tuple[str, ...]
    labels: tuple[str, ...]
    columns: tuple[Column, ...]  # as green has them
    twins: tuple[Twin, ...]
    later: bool

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, refusals = [], []
        for d in differences.all("user type"):
            if d.have and d.want and d.have.kind == d.want.kind == "e" and not grows(d.have.labels, d.want.labels):
                differences.take(d)
                where = list(columns_of(differences.heads, d.name))
                reason = _obstacle(differences, d, where)
                if reason is None:
                    table = where[0][0]
                    try:
                        twins = tuple(_twins(differences, d.name, table))
                    except NoTwin as error:
                        reason = f"of {error}, which cannot be built beside it"
                if reason:
                    refusals.append(_refusal(d, reason, where))
                    continue
                columns = tuple(differences.green.tables[table].columns[c] for _, c in where)
                later = any(differences.hints.waits(table, c.name) for c in columns)
                out.append(cls(table=table, column=columns[0].name, type=d.name, have=d.have.labels, labels=d.want.labels, columns=columns,
                               twins=twins, later=later))
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
        steps: list[Planned] = [*([] if self.later else self._demands()), type_]
        for column in self.columns:
            there = shadow(self.table, column.name)
            bare = replace(column, type=compose("{t:t}", t=self.new), default=None, not_null=False)
            sync = SynchronizeColumns(
                self.table, self.sync_name, add={there: bare.definition}, forward={there: self._forward(column.name)},
                backward={column.name: compose("{c:i}::text::{t:t}", c=there, t=self.type)},
                comments={there: column.comment} if column.comment else {},
            )
            why = f"{column.name}: a column of the new type beside it, each follows the other. ACCESS EXCLUSIVE for an instant."
            steps.append(Planned(stage=Stage.SYNCHRONIZE, step=sync, because=(why,)))
            steps.append(self.filled(BackfillRows(self.table, follow={there: self._forward(column.name)})))
        for twin in self.twins:
            stage = Stage.CONSTRAINTS if twin.constraint and not twin.is_unique else Stage.INDEXES
            why = f"{twin.final}: as on the old column, while reads and writes go on."
            steps.append(Planned(stage=stage, step=twin.build(), because=(why,)))
        return steps

    def _forward(self, column: str) -> str:
        """The same label in the new type; NULL for one that is gone, so that blue's write of it is no error."""
        if not self.removed:
            return compose("{c:i}::text::{t:t}", c=column, t=self.new)
        gone = [compose("{v:l}", v=v) for v in self.removed]
        return compose("CASE WHEN {c:i}::text IN ({g:q}) THEN NULL ELSE {c:i}::text END::{t:t}", c=column, g=gone, t=self.new)

    def _demands(self) -> list[Planned]:
        assert self.table
        gone = [compose("{v:l}", v=v) for v in self.removed]
        return [
            Planned(
                stage=Stage.DEMAND,
                step=RequireData(
                    self.table, compose("{c:i}::text IN ({g:q})", c=c.name, g=gone), f"hold a value in {c.name} that {self.type} is to lose",
                    code="BGM212",
                ),
                because=(f"{c.name}: no row may hold {', '.join(gone)} any more. Reads the table; locks nothing.",),
            )
            for c in self.columns if gone
        ]

    def contract(self) -> list[Planned]:
        assert self.table
        steps = self._demands()
        for column in self.columns:
            if column.not_null:
                why = f"{column.name}: NOT NULL for its successor, proved by a CHECK that is validated while reads and writes go on."
                there = shadow(self.table, column.name)
                steps.append(Planned(stage=Stage.REQUIRE, step=RequireNotNull(self.table, [there]), because=(why,)))
        swap: Step = StopSynchronizing(
            self.table, self.sync_name, drop=[c.name for c in self.columns], rename={shadow(self.table, c.name): c.name for c in self.columns},
            alter=[a for c in self.columns for a in set_default(c.name, c.default)], constraints=constraint_names(self.twins),
            indexes=index_names(self.twins), types={self.new: self.type},
        )
        why = f"{self.type}: trigger, old column and old type go, the new ones take their names. ACCESS EXCLUSIVE for an instant."
        steps.append(Planned(stage=Stage.SWAP, step=swap, because=(why,)))
        for twin in (t for t in self.twins if t.is_unique):
            why = f"{twin.final}: the constraint takes that index. ACCESS EXCLUSIVE for an instant, no scan."
            steps.append(Planned(stage=Stage.AFTER, step=twin.adopt(), because=(why,)))
        return steps

    def warnings(self) -> list[Finding]:
        where = ", ".join(f"{self.table}.{c.name}" for c in self.columns)
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


def _obstacle(differences: Differences, d: Difference, where: list[tuple[str, str]]) -> str | None:
    """Why it cannot be rebuilt; None when it can."""
    gone, come = ([repr(v) for v in a.labels if v not in b.labels] for a, b in ((d.have, d.want), (d.want, d.have)))
    if come:
        return f"{', '.join(come)} would come " + (f"while {', '.join(gone)} would go" if gone else "and the others would change their order")
    if not where:
        return "no table has a column of it"
    if len({t for t, _ in where}) > 1:
        return "columns of several tables have it: " + ", ".join(f"{t}.{c}" for t, c in where)
    if left := [f"{t}.{c}" for t, c in where if (t, c) not in columns_of(differences.green, d.name)]:
        return f"{', '.join(left)} would leave it as well"
    if new := [f"{t}.{c}" for t, c in columns_of(differences.green, d.name) if (t, c) not in where]:
        return f"{', '.join(new)} is new and would have the old type"
    arrays = [f"{t}.{c}" for t, c in where if differences.heads.tables[t].columns[c].type.endswith("[]")]
    return f"{', '.join(arrays)} is an array of it" if arrays else None


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
        what=f"the enum type {d.name} cannot change from ({', '.join(d.have.labels)}) to ({', '.join(d.want.labels)}), because {reason}",
        why="Both versions read and write the same column while they run: each would meet values that it does not know.", next=advice,
    )


def _mapped(column: str, gone: Sequence[str], come: Sequence[str], type_: str) -> str:
    """The expression that a person completes: one label becomes another, the others stay."""
    return compose("CASE {c:i}::text WHEN {a:l} THEN {b:l} ELSE {c:i}::text END::{t:t}", c=column, a=gone[0], b=come[0], t=type_)


def _twins(differences: Differences, type_: str, table: str) -> Iterator[Twin]:
    renames = [
        compose("ALTER TABLE {t:t} RENAME COLUMN {o:i} TO {n:i}", t=t, o=c, n=shadow(t, c)) for t, c in columns_of(differences.heads, type_)
    ]
    after = differences.on_heads.after(*renames, compose("ALTER TYPE {t:t} RENAME TO {n:i}", t=type_, n=split(fresh(type_))[1]))
    names = {n for t in differences.heads.tables.values() for n in (*t.indexes, *t.constraints, t.name)}
    yield from (twin_of(after.tables[table], thing, names) for thing in changed_by_rename(differences.heads, after, table))
