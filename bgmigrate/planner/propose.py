"""From differences to a proposal: which changes there are, and the steps of both phases in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bgmigrate.changes import KINDS, Change, Difference, Differences, Planned, Stage
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import BuildSchema, BuildType, DropTypes, StopSynchronizing, SynchronizeColumns
from bgmigrate.planner.conversions import asked
from bgmigrate.planner.renames import refuse_undecided

SHARED = "zz_bgm_sync_"  # a table's trigger for all columns that are kept in step


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is to be written: the changes, and the merged steps of expand and contract in order."""

    changes: tuple[Change, ...]
    expand: tuple[Planned, ...]
    contract: tuple[Planned, ...]
    drift: tuple[str, ...] = ()  # what the live version has and the migrations do not give

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What a person should know before accepting it."""
        return (*(f for c in self.changes for f in c.warnings()), *map(_drifted, self.drift))


def propose(differences: Differences) -> Proposal:
    """Let every kind claim its part. Raises Refused (exit 3) naming each difference that no kind understands."""
    refuse_undecided(differences)
    built, dropped = _types(differences)
    changes: list[Change] = []
    refusals: list[Finding] = []
    differences.moves = tuple(m for kind in KINDS for m in kind.moves(differences))
    for kind in KINDS:
        try:
            changes += kind.claim(differences)
        except Refused as refused:
            refusals += refused.findings
    refusals += [_unclaimed(d) for d in differences.pool]
    if refusals:
        first = refusals[0]
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        raise Refused(first.what + more, why=first.why, next=first.next, findings=refusals)
    changes.sort(key=lambda c: (c.table or "", _position(differences, c), c.kind))
    names: dict[str, str] = {}
    expand = _ordered([*built, *(p for c in changes for p in c.expand())], names)
    expand = [*asked(differences, expand), *expand]
    contract = _ordered([*dropped, *(p for c in changes for p in c.contract())], names)
    return Proposal(
        changes=tuple(changes), expand=tuple(expand), contract=tuple(contract), drift=tuple(differences.unknown_to_migrations())
    )


def _position(differences: Differences, change: Change) -> int:
    table = differences.green.tables.get(change.table or "")
    return list(table.columns).index(change.column) if table and change.column and change.column in table.columns else 999


def _ordered(planned: Iterable[Planned], names: dict[str, str]) -> list[Planned]:
    """By stage; steps of one stage that may share a transaction become one. `names`: each table's one sync trigger, by table."""
    out: list[Planned] = []
    for p in sorted(planned, key=lambda p: p.stage):
        step = p.step
        if isinstance(step, SynchronizeColumns) and step.name.startswith(SHARED):
            step.name = names.setdefault(step.table, step.name)
        elif isinstance(step, StopSynchronizing) and step.name.startswith(SHARED):
            step.name = names.get(step.table, step.name)
        for i, earlier in enumerate(out):
            merged = earlier.step.merge(step) if earlier.stage == p.stage else None
            if merged is not None:
                undo = None if earlier.undo is None and p.undo is None else (*p.undone, *earlier.undone)
                because = earlier.because + tuple(b for b in p.because if b not in earlier.because)
                out[i] = replace(earlier, step=merged, because=because, undo=undo)
                break
        else:
            out.append(replace(p, step=step))
    return out


def _types(differences: Differences) -> tuple[list[Planned], list[Planned]]:
    """Types come before what needs them (expand) and go after it (contract); they are no change of their own."""
    final = differences.final
    schemas = {x.schema for things in (final.tables, final.types, final.sequences) for x in things.values()}
    built, dropped = [
        Planned(stage=Stage.TYPES, step=BuildSchema(s), because=(f"Schema {s}: only green has something in it. No table is locked.",))
        for s in sorted(schemas - differences.heads.schemas)
    ], []
    for d in differences.all("user type"):
        if d.have is None:
            step = BuildType(d.name, labels=list(d.want.labels)) if d.want.kind == "e" else BuildType(d.name, domain=d.want.definition)
            built.append(Planned(stage=Stage.TYPES, step=step, because=(f"Type {d.name}: for green's columns. No table is locked.",)))
            differences.take(d)
        elif d.want is None:
            dropped.append(Planned(stage=Stage.LAST, step=DropTypes([d.name]), because=(f"Type {d.name}: no column has it any more.",)))
            differences.take(d)
    return built, dropped


def _drifted(name: str) -> Finding:
    table, _, column = name.partition(".")
    return Finding(
        code="BGM807", severity="warning", table=table, column=column or None, what=f"the live version has {name}, which the migrations do not give",
        why="The plan starts at the migrations' schema; where the database differs from it, steps may fail or be missing.",
        next="Add the missing revision, or correct --from.",
    )


_OF_COLUMNS = ("column", "type", "not null", "default", "identity", "generated", "collation", "comment")


def _unclaimed(d: Difference) -> Finding:
    return Finding(
        code="BGM901", table=d.table or d.name, column=d.name if d.what in _OF_COLUMNS else None,
        what=f"bgmigrate cannot split this difference yet: {d}",
        why="A change that is not split may break one of the two versions; it is never passed over in silence.",
        next="Take it out of this release, or write its expand and contract revisions by hand "
        "(alembic revision --head expand@head, alembic revision --head contract@head).",
    )
