"""Which tables a statement locks against traffic, and whether it takes its time (PostgreSQL documentation, 13.3.1, and ALTER TABLE's page)."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import (
    AddColumn,
    AddConstraint,
    AlterType,
    AttachPartition,
    Change,
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
    RenameColumn,
    RenameTable,
    Rewrite,
    SetDefault,
    SetNotNull,
    Truncate,
    ValidateConstraint,
)
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import rewrites

_EXCLUSIVE = (
    AlterType, DropColumn, AddColumn, SetNotNull, DropNotNull, SetDefault, RenameColumn, RenameTable, DropTable, DropConstraint, DropTrigger,
    Rewrite, Truncate, DetachPartition,
)


def taken(at: Statement, within: Reading) -> Iterator[tuple[str, str]]:
    """(table, mode) for each table in use that is locked against writers or readers until the transaction ends."""
    if at.ours or at.transaction is None:
        return
    for table, mode in _modes(at, within):
        if table and not within.new(table, at):
            yield within.original(table, at), mode


def exclusive(at: Statement, within: Reading) -> set[str]:
    """The tables in use that nobody can even read until the transaction ends."""
    return {table for table, mode in taken(at, within) if mode == "ACCESS EXCLUSIVE"}


def slow(at: Statement, within: Reading) -> str:
    """What takes time in proportion to a table that is in use; nothing for a statement that changes the catalog only."""
    a = at.action
    if not a.table or within.new(a.table, at) or at.ours:
        return ""
    match a:
        case CreateIndex(concurrently=False):
            return "builds an index"
        case AddConstraint(valid=True, kind="check" | "foreign key"):
            return "scans the table"
        case AddConstraint(index="", kind="unique" | "primary key" | "exclude"):
            return "builds an index"
        case AlterType() if rewrites(a.was or (at.column.type if at.column else ""), a.type) is not False:
            return "rewrites the table"
        case ValidateConstraint():
            return "scans the table"
        case SetNotNull() if not within.proved_not_null(a.table, a.column, at):
            return "scans the table"
        case Rewrite():
            return "rewrites the table"
        case Change(verb="UPDATE" | "DELETE", limited=False):
            return "writes every row"
    return ""


def _modes(at: Statement, within: Reading) -> Iterator[tuple[str, str]]:
    a = at.action
    match a:
        case AddConstraint(kind="foreign key"):
            yield a.table, "SHARE ROW EXCLUSIVE"
            yield a.references, "SHARE ROW EXCLUSIVE"
        case AddConstraint():
            yield a.table, "ACCESS EXCLUSIVE"
        case CreateIndex(concurrently=False):
            yield a.table, "SHARE"
        case DropIndex(concurrently=False):
            yield a.table or within.table_of(a.name, at), "ACCESS EXCLUSIVE"
        case CreateTrigger():
            yield a.table, "SHARE ROW EXCLUSIVE"
        case CreateTable():
            yield a.partition_of, "ACCESS EXCLUSIVE"
        case AttachPartition():
            yield a.partition, "ACCESS EXCLUSIVE"
        case Lock() if a.mode in ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"):
            yield a.table, a.mode
        case _ if isinstance(a, _EXCLUSIVE):
            yield a.table, "ACCESS EXCLUSIVE"
