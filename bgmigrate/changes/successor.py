"""A column that takes another's place: built beside it, kept in step, and at the end under its name with all that hung on the old one.

Renaming, retyping and rebuilding an enum are all this. Shadow-table tools copy the whole table for it, and leave foreign keys that point to
the column to the operator; ours copies the one column and builds twins of everything, foreign keys of other tables included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Planned, Stage
from bgmigrate.changes.server_default import set_default
from bgmigrate.changes.twins import Twin, constraint_names, index_names
from bgmigrate.naming import ident, trigger_name
from bgmigrate.ops import (
    AdoptIndex,
    BackfillRows,
    RemoveConstraint,
    RenameConstraints,
    RequireMovable,
    RequireNotNull,
    Step,
    StopSynchronizing,
    StopTogether,
    SynchronizeColumns,
)
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class Successor:
    """`old` as the migrations have it, `want` as green has it, `there` until contract. `forward`, `backward`: SQL over the row."""

    table: str
    old: Column
    want: Column
    there: str
    forward: str
    backward: str | None  # without another name: only where a foreign key's ON DELETE or ON UPDATE may write it
    type: str = ""  # where it is not called as in green until contract
    own: str = ""  # a trigger that it does not share with the other columns of its table

    @property
    def renames(self) -> bool:
        """Has green another name for the column, so that it is there under its own from the first?"""
        return self.there == self.want.name

    @property
    def trigger(self) -> str:
        """What the sync trigger of this column is called."""
        return self.own or trigger_name(self.table, self.want.name)

    def begin(self) -> list[Planned]:
        """Column, trigger and backfill."""
        bare = replace(self.want, type=self.type or self.want.type, default=None, not_null=False, serial=None, identity="")
        sync = SynchronizeColumns(
            self.table, self.trigger, add={self.there: bare.definition},
            like={} if self.forward == ident(self.old.name) else {self.there: self.old.name},
            comments={self.there: self.want.comment} if self.want.comment else {},
        )
        back = {self.old.name: self.backward} if self.backward is not None else {}
        if self.renames:
            sync.forward, sync.backward = {self.there: self.forward}, back
        else:
            sync.mirror, sync.mirror_back = {self.there: self.forward}, back
        if self.renames:
            why = f"{self.old.name} -> {self.there}: both stay, each follows the other. ACCESS EXCLUSIVE for an instant."
        else:
            why = f"{self.old.name}: a column of the new type beside it, which shows every write. ACCESS EXCLUSIVE for an instant."
        filled = f"{self.want.name}: rows that were there, in short batches in key order; resumes where it stopped."
        return [
            self.movable(),
            Planned(stage=Stage.SYNCHRONIZE, step=sync, because=(why,)),
            Planned(stage=Stage.BACKFILL, step=BackfillRows(self.table, follow={self.there: self.forward}), because=(filled,)),
        ]

    def movable(self) -> Planned:
        """What uses the old column must be such as can be carried over, in both phases before anything else."""
        why = f"{self.old.name}: views, policies and triggers that use it are carried over in contract; what cannot be is named here. Locks nothing."
        return Planned(stage=Stage.DEMAND, step=RequireMovable(self.table, [self.old.name]), because=(why,))

    def required(self) -> list[Planned]:
        """NOT NULL for it, where green has it so."""
        if not self.want.not_null:
            return []
        why = f"{self.want.name}: NOT NULL for its successor, proved by a CHECK that is validated while reads and writes go on."
        return [Planned(stage=Stage.REQUIRE, step=RequireNotNull(self.table, [self.there]), because=(why,))]

    def end(self) -> StopSynchronizing:
        """Trigger and old column go; it takes the name, the default and the sequence."""
        first, alter, last = _numbering(self)
        return StopSynchronizing(
            self.table, self.trigger, drop=[self.old.name], rename={} if self.renames else {self.there: self.want.name}, alter=alter,
            carry={self.old.name: self.want.name}, first=first, last=last,
        )


def build(twins: Iterable[Twin]) -> list[Planned]:
    """The twins, in expand: indexes after the backfill, then constraints."""
    steps = []
    for twin in twins:
        if twin.constraint and not twin.key:
            stage, how = Stage.CONSTRAINTS, "Added NOT VALID for an instant, validated while reads and writes go on."
        elif twin.key and twin.partitioned:
            stage, how = Stage.CONSTRAINTS, "Each partition's index is built while reads and writes go on, then attached."
        else:
            stage, how = Stage.INDEXES, "Built after the backfill. SHARE UPDATE EXCLUSIVE, reads and writes go on."
        whose = f"as {twin.old}, on" if twin.old else "on"
        why = f"{twin.final}: {whose} {', '.join(twin.columns) or 'the new columns'}. {how}"
        steps.append(Planned(stage=stage, step=twin.build(), because=(why,)))
        if twin.key == "UNIQUE" and twin.adopts and not twin.moves:
            why = f"{twin.final}: the constraint takes that index. ACCESS EXCLUSIVE for an instant, no scan."
            adopt = AdoptIndex(twin.table, twin.final, twin.built, twin.deferrable)
            steps.append(Planned(stage=Stage.CONSTRAINTS, step=adopt, because=(why,)))
    return steps


def finish(successors: Sequence[Successor], twins: Sequence[Twin], types: dict[str, str] | None = None) -> list[Planned]:
    """The end of them in contract: NOT NULL, old foreign keys, then each table's columns in one transaction with its twins' names."""
    steps = [p for s in successors for p in (s.movable(), *s.required())]
    tables = list(dict.fromkeys(s.table for s in successors))
    for twin in twins:
        if twin.constraint and twin.constraint.kind == "f" and twin.old and twin.constraint.references != twin.table:
            why = f"{twin.old}: its successor {twin.built} holds what it held. ACCESS EXCLUSIVE on both tables for an instant."
            steps.append(Planned(stage=Stage.RELEASE, step=RemoveConstraint(twin.table, twin.old, successor=twin.built), because=(why,)))
        if twin.key == "PRIMARY KEY" and twin.partitioned:
            why = f"{twin.final}: of partitions that have come since. Reads and writes go on."
            steps.append(Planned(stage=Stage.RELEASE, step=twin.build(), because=(why,)))
    ends = []
    for table in tables:
        mine = [t for t in twins if t.table == table]
        end = StopSynchronizing(
            table, next(s.trigger for s in successors if s.table == table), constraints=constraint_names(mine),
            indexes=index_names(mine), adopt={t.final: t.adoption() for t in mine if t.adopts and (t.moves or t.key == "PRIMARY KEY")},
            types=types if types and len(tables) == 1 else {},
            keys={t.final: [t.built, t.constraint.definition] for t in mine if t.constraint and t.key == "PRIMARY KEY" and t.partitioned},
            first=[  # it would hold the column that it points to
                compose("ALTER TABLE {t:t} DROP CONSTRAINT IF EXISTS {n:i}", t=table, n=t.old)
                for t in mine if t.old and t.constraint and t.constraint.kind == "f" and t.constraint.references == table
            ],
        )
        for successor in (s for s in successors if s.table == table):
            step: Step = replace(successor.end(), name=end.name)
            end = end.merge(step) or end
        ends.append(end)
    names = ", ".join(s.old.name for s in successors)
    if types and len(tables) > 1:
        why = f"{names}: in all tables at once, for they have one type. ACCESS EXCLUSIVE on all of them for an instant."
        together = StopTogether([_arguments(e) for e in ends], types)
        steps.append(Planned(stage=Stage.SWAP, step=together, because=(why,)))
    else:
        why = f"{names}: trigger and column go together, successor and twins take the names. ACCESS EXCLUSIVE for an instant."
        steps += [Planned(stage=Stage.SWAP, step=end, because=(why,)) for end in ends]
    for table in dict.fromkeys(t.table for t in twins if t.table not in tables):
        if moved := constraint_names(t for t in twins if t.table == table):
            why = f"{', '.join(moved.values())}: the successors take the names. ACCESS EXCLUSIVE for an instant."
            steps.append(Planned(stage=Stage.SWAP, step=RenameConstraints(table, moved), because=(why,)))
    return steps


def _arguments(end: StopSynchronizing) -> dict[str, Any]:
    """The arguments of one table's end that are not left out."""
    return {"table": end.table, "name": end.name} | {k: v for k, v in end.arguments() if k}


def _numbering(s: Successor) -> tuple[list[str], list[str], list[str]]:
    """How default, sequence and identity go along, as statements of the transaction that drops the old column: before it, in it, at its end."""
    place = compose("{t:t}", t=s.table)
    if s.want.identity and (s.old.identity or s.old.serial):
        # the sequence goes with the column that owns it: its position is kept for the new one's
        kept = f"bgmigrate.position_{hashlib.sha256(s.trigger.encode()).hexdigest()[:8]}"
        position = compose("pg_sequence_last_value(pg_get_serial_sequence({t:l}, {c:l})::regclass)", t=place, c=s.old.name)
        first = [compose("SELECT set_config({k:l}, {p:q}::text, true)", k=kept, p=position)]
        kind = "ALWAYS" if s.want.identity == "a" else "BY DEFAULT"
        last = [
            compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} ADD GENERATED {k:q} AS IDENTITY {o:q}", t=s.table, c=s.want.name, k=kind,
                    o=s.want.identity_options or ""),
            compose(
                "SELECT setval(pg_get_serial_sequence({t:l}, {c:l}), nullif(current_setting({k:l}, true), '')::bigint)"
                " WHERE nullif(current_setting({k:l}, true), '') IS NOT NULL", t=place, c=s.want.name, k=kept,
            ),
        ]
        return first, [], last
    if s.want.serial and s.old.serial:
        schema = s.table.rpartition(".")[0]
        sequence, wanted = (f"{schema}." * bool(schema) + name for name in (s.old.serial, s.want.serial))
        first = [
            compose("ALTER SEQUENCE {q:t} OWNED BY {t:t}.{c:i}", q=sequence, t=s.table, c=s.there),
            compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} SET DEFAULT nextval({q:l})", t=s.table, c=s.there, q=compose("{q:t}", q=sequence)),
        ]
        last = [compose("ALTER SEQUENCE {q:t} AS {y:q}", q=sequence, y=s.want.type)] if s.want.type != s.old.type else []
        if wanted != sequence:
            last.append(compose("ALTER SEQUENCE {q:t} RENAME TO {n:i}", q=sequence, n=s.want.serial))
        return first, [], last
    return [], set_default(s.want.name, s.want.default), []
