"""What a statement does with every row of a table in use: what takes time in proportion to its size, whatever lock it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bgmigrate.lint.actions import (
    AddColumn,
    AddConstraint,
    AlterType,
    AttachPartition,
    Change,
    Column,
    CreateIndex,
    CreateTable,
    Reindex,
    Rewrite,
    SetNotNull,
    ValidateConstraint,
)
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import rewrites
from bgmigrate.lint.volatile import volatile

Kind = Literal["rewrites", "builds", "scans", "writes"]
WORDS: dict[Kind, str] = {
    "rewrites": "rewrites the table", "builds": "builds an index", "scans": "scans the table", "writes": "writes every row",
}


@dataclass(frozen=True, kw_only=True)
class Work:
    """`certain` is False where it depends on what no revision says."""

    table: str
    kind: Kind
    certain: bool = True


def work(at: Statement, within: Reading) -> list[Work]:
    """For each table that was there before this revision."""
    if at.ours:
        return []
    return [w for w in _work(at, within) if w.table and not within.new(w.table, at)]


def slow(at: Statement, within: Reading) -> str:
    """The same in words, of the statement's own table; nothing for a statement that changes the catalog only."""
    own = {at.action.table, *at.around.parts}
    return next((WORDS[w.kind] for w in work(at, within) if w.table in own), "")


def rewriting(column: Column) -> Literal["yes", "no", "unknown"]:
    """Does ADD COLUMN give each row a value of its own? The type's domain is left out of account."""
    if column.numbers_itself or column.generated == "stored":
        return "yes"
    return volatile(column.default)


def _work(at: Statement, within: Reading) -> Iterator[Work]:
    a, around = at.action, at.around
    stored = tuple(t for t in (a.table, *around.parts) if t not in around.partitioned)  # a partitioned table has no rows of its own
    match a:
        case CreateIndex(concurrently=False, only=False):
            yield from (Work(table=t, kind="builds") for t in stored)
        case Reindex(concurrently=False):
            yield Work(table=a.table or within.table_of(a.name.removeprefix("INDEX "), at), kind="builds")
        case AddConstraint(kind="unique" | "primary key" | "exclude", index=""):
            yield from (Work(table=t, kind="builds") for t in stored)
        case AddConstraint(kind="primary key") if around.nullable:
            yield Work(table=a.table, kind="scans")
        case AddConstraint(kind="check" | "foreign key", valid=True):
            yield from (Work(table=t, kind="scans") for t in stored)
            yield Work(table=a.references, kind="scans", certain=False)  # looked up, by whatever plan
        case ValidateConstraint():
            yield from (Work(table=t, kind="scans") for t in stored)
            yield from (Work(table=t, kind="scans", certain=False) for t in around.referred)
        case SetNotNull() if not within.proved_not_null(a.table, a.column, at) and (at.column is None or at.column.nullable):
            yield from (Work(table=t, kind="scans") for t in stored)
        case AddColumn():
            yield from _new_column(a.column, stored, domain=around.domain)
            if a.column.default:
                yield Work(table=a.column.references, kind="scans", certain=False)
        case AlterType():
            certain = rewrites(a.was or (at.column.type if at.column else ""), a.type)
            if certain is not False:
                yield from (Work(table=t, kind="rewrites", certain=bool(certain)) for t in stored)
                yield from (Work(table=t, kind="scans", certain=False) for t in around.referred)  # its keys are checked again
            elif around.checks:
                yield from (Work(table=t, kind="scans") for t in stored)
        case AttachPartition():
            yield Work(table=a.partition, kind="scans", certain=not around.checks)
            yield Work(table=around.rest, kind="scans", certain=not around.rest_checked)
        case CreateTable() if a.partition_of:
            yield Work(table=around.rest, kind="scans", certain=not around.rest_checked)
        case Rewrite():
            yield Work(table=a.table, kind="rewrites")
        case Change(verb="UPDATE" | "DELETE"):
            yield Work(table=a.table, kind="writes", certain=not a.limited)


def _new_column(c: Column, stored: tuple[str, ...], *, domain: bool) -> Iterator[Work]:
    anew = "yes" if domain else rewriting(c)
    for table in stored:
        if anew != "no":
            yield Work(table=table, kind="rewrites", certain=anew == "yes")
        if c.unique or c.primary_key:
            yield Work(table=table, kind="builds")
        elif c.check or (c.references and c.default) or (not c.nullable and c.default is None and anew == "no"):
            yield Work(table=table, kind="scans")
