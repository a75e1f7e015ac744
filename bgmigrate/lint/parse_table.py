"""CREATE TABLE and ALTER TABLE as actions; nodes are pglast's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bgmigrate.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AlterType,
    AttachPartition,
    Column,
    CreateTable,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropNotNull,
    Kind,
    Other,
    Rewrite,
    SetDefault,
    SetNotNull,
    ValidateConstraint,
)
from bgmigrate.lint.parse import name_of, sql

_KINDS: dict[str, Kind] = {
    "CONSTR_UNIQUE": "unique", "CONSTR_PRIMARY": "primary key", "CONSTR_CHECK": "check", "CONSTR_FOREIGN": "foreign key",
    "CONSTR_EXCLUSION": "exclude", "CONSTR_NOTNULL": "not null",
}
_REWRITES = {"AT_SetTableSpace": "SET TABLESPACE", "AT_SetLogged": "SET LOGGED", "AT_SetUnLogged": "SET UNLOGGED",
             "AT_SetAccessMethod": "SET ACCESS METHOD"}
# What is not ACCESS EXCLUSIVE (PostgreSQL: AlterTableGetLockLevel in src/backend/commands/tablecmds.c).
_MODES = {
    **dict.fromkeys(("AT_SetStatistics", "AT_ClusterOn", "AT_DropCluster", "AT_SetOptions", "AT_ResetOptions", "AT_SetRelOptions",
                     "AT_ResetRelOptions"), "SHARE UPDATE EXCLUSIVE"),
    **dict.fromkeys(("AT_EnableTrig", "AT_EnableTrigAll", "AT_EnableTrigUser", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_DisableTrig",
                     "AT_DisableTrigAll", "AT_DisableTrigUser"), "SHARE ROW EXCLUSIVE"),
}


def created(node: Any) -> Iterator[Action]:
    """CREATE TABLE."""
    table = name_of(node.relation)
    elements = node.tableElts or ()
    parents = [name_of(r) for r in node.inhRelations or ()]
    yield CreateTable(
        table=table, columns=tuple(column(e) for e in elements if type(e).__name__ == "ColumnDef"),
        constraints=tuple(constraint(table, e) for e in elements if type(e).__name__ == "Constraint"),
        partition_of=parents[0] if parents and node.partbound else "", guarded=node.if_not_exists,
        takes_rest=_takes_rest(node.partbound),
    )


def altered(node: Any) -> Iterator[Action]:
    """ALTER TABLE, one action for each of its commands."""
    table = name_of(node.relation)
    if node.objtype.name != "OBJECT_TABLE":
        yield Other(what=f"ALTER {node.objtype.name.removeprefix('OBJECT_')}")
        return
    for command in node.cmds:
        yield _command(table, command)


def column(node: Any) -> Column:
    """A column's definition with the constraints that stand in it."""
    have = {c.contype.name: c for c in node.constraints or ()}
    default = have.get("CONSTR_DEFAULT")
    generated = have.get("CONSTR_GENERATED")
    references = have.get("CONSTR_FOREIGN")
    virtual = generated is not None and getattr(generated, "generated_kind", "s") == "v"
    return Column(
        name=node.colname, type=sql(node.typeName) if node.typeName else "",
        nullable="CONSTR_NOTNULL" not in have and "CONSTR_PRIMARY" not in have,
        default=sql(default.raw_expr) if default is not None else None, identity="CONSTR_IDENTITY" in have,
        generated="" if generated is None else "virtual" if virtual else "stored",
        primary_key="CONSTR_PRIMARY" in have, unique="CONSTR_UNIQUE" in have, check="CONSTR_CHECK" in have,
        references=name_of(references.pktable) if references is not None else "",
    )


def constraint(table: str, node: Any) -> AddConstraint:
    """A constraint of a table."""
    kind = _KINDS.get(node.contype.name, "")
    columns = node.fk_attrs if kind == "foreign key" else node.keys
    return AddConstraint(
        table=table, name=node.conname or "", kind=kind, columns=tuple(c.sval for c in columns or ()), valid=not node.skip_validation,
        index=node.indexname or "", references=name_of(node.pktable) if node.pktable else "",
        referred=tuple(c.sval for c in node.pk_attrs or ()),
        text=sql(node.raw_expr) if node.raw_expr else f"{node.keys[0].sval} IS NOT NULL" if kind == "not null" else "",
    )


def _command(table: str, command: Any) -> Action:
    name, given = command.name, command.def_
    match command.subtype.name:
        case "AT_AddColumn":
            return AddColumn(table=table, column=column(given))
        case "AT_DropColumn":
            return DropColumn(table=table, column=name)
        case "AT_AlterColumnType":
            return AlterType(table=table, column=name, type=sql(given.typeName), using=sql(given.raw_default) if given.raw_default else "")
        case "AT_SetNotNull":
            return SetNotNull(table=table, column=name)
        case "AT_DropNotNull":
            return DropNotNull(table=table, column=name)
        case "AT_ColumnDefault":
            return SetDefault(table=table, column=name, default=sql(given) if given is not None else None)
        case "AT_AddConstraint" if given.contype.name == "CONSTR_NOTNULL" and not given.skip_validation:  # 18+: SET NOT NULL with a name
            return SetNotNull(table=table, column=given.keys[0].sval)
        case "AT_AddConstraint":
            return constraint(table, given)
        case "AT_DropConstraint":
            return DropConstraint(table=table, name=name, cascade=command.behavior.name == "DROP_CASCADE", guarded=command.missing_ok)
        case "AT_ValidateConstraint":
            return ValidateConstraint(table=table, name=name)
        case "AT_AttachPartition":
            return AttachPartition(table=table, partition=name_of(given.name), takes_rest=_takes_rest(given.bound))
        case "AT_DetachPartition":
            return DetachPartition(table=table, partition=name_of(given.name), concurrently=given.concurrent)
        case kind if kind in _REWRITES:
            return Rewrite(table=table, how=_REWRITES[kind])
        case other:
            return Other(table=table, what=f"ALTER TABLE {other.removeprefix('AT_')}", mode=_MODES.get(other, "ACCESS EXCLUSIVE"))


def _takes_rest(bound: Any) -> bool:
    return bound is not None and bool(bound.is_default)
