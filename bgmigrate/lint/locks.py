"""Which tables a statement locks against traffic (PostgreSQL documentation, 13.3.1, and ALTER TABLE's page).

What is said here is compared with what servers do: tests/differential.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bgmigrate.lint.actions import (
    AddColumn,
    AddConstraint,
    AlterType,
    AttachPartition,
    CreateIndex,
    CreateTable,
    CreateTrigger,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropNotNull,
    DropTable,
    DropTrigger,
    Lock,
    Other,
    Reindex,
    RenameColumn,
    RenameTable,
    Rewrite,
    SetDefault,
    SetNotNull,
    Truncate,
)
from bgmigrate.lint.statement import Reading, Statement

STRONG = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")  # writers wait; for the last, readers too
_EXCLUSIVE = (
    AlterType, DropColumn, AddColumn, AddConstraint, SetNotNull, DropNotNull, SetDefault, RenameColumn, DropConstraint, DropTrigger, Rewrite,
    Truncate, DropTable,
)


def taken(at: Statement, within: Reading) -> Iterator[tuple[str, str]]:
    """(table, mode) for each table in use that is locked against writers or readers until the transaction ends."""
    if at.transaction is not None:
        yield from during(at, within)


def during(at: Statement, within: Reading) -> Iterator[tuple[str, str]]:
    """The same for as long as the statement lasts, in a transaction or not."""
    if at.ours:
        return
    for table, mode in _modes(at, within):
        if table and not within.new(table, at):
            yield within.original(table, at), mode


def exclusive(at: Statement, within: Reading) -> set[str]:
    """The tables in use that nobody can even read until the transaction ends."""
    return {table for table, mode in taken(at, within) if mode == "ACCESS EXCLUSIVE"}


def _modes(at: Statement, within: Reading) -> Iterator[tuple[str, str]]:
    a, around = at.action, at.around
    whole = (a.table, *around.parts)  # ALTER TABLE, and what else goes down to partitions
    match a:
        case AddConstraint(kind="foreign key"):
            yield from _each((*whole, a.references), "SHARE ROW EXCLUSIVE")
        case CreateIndex(concurrently=False):
            yield from _each((a.table,) if a.only else whole, "SHARE")
        case DropIndex(concurrently=False):
            yield from _each((a.table or within.table_of(a.name, at), *around.parts), "ACCESS EXCLUSIVE")
        case Reindex(concurrently=False):
            yield a.table or within.table_of(a.name.removeprefix("INDEX "), at), "SHARE"
        case CreateTrigger():
            yield from _each(whole, "SHARE ROW EXCLUSIVE")
        case CreateTable():
            yield from _each((a.partition_of, around.rest if a.partition_of else ""), "ACCESS EXCLUSIVE")
            yield from _each(a.references, "SHARE ROW EXCLUSIVE")
        case AttachPartition():
            yield from _each((a.partition, around.rest), "ACCESS EXCLUSIVE")
            yield from _each(around.referred, "SHARE ROW EXCLUSIVE")
        case DetachPartition(concurrently=False):
            yield from _each((a.table, a.partition, around.rest), "ACCESS EXCLUSIVE")
        case RenameTable():
            yield a.table, "ACCESS EXCLUSIVE"
        case Lock() if a.mode in STRONG:
            yield from _each(whole, a.mode)
        case Other() if a.mode in STRONG:
            yield a.table, a.mode
        case _ if isinstance(a, _EXCLUSIVE):
            yield from _each((*whole, *around.referred), "ACCESS EXCLUSIVE")
            if isinstance(a, (DropTable, Truncate)) and a.cascade:
                yield from _each(around.referring, "ACCESS EXCLUSIVE")
            if isinstance(a, AddColumn):
                yield a.column.references, "SHARE ROW EXCLUSIVE"


def _each(tables: Iterable[str], mode: str) -> Iterator[tuple[str, str]]:
    yield from ((t, mode) for t in tables)
