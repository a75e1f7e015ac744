"""Alembic's operations as actions: what their implementations would send to PostgreSQL, worked out from their arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations, ops
from sqlalchemy import schema as sa_schema
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import dml

from bgmigrate.lint import parse
from bgmigrate.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AlterType,
    Change,
    Column,
    CreateIndex,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropNotNull,
    DropTable,
    Kind,
    Opaque,
    Other,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNotNull,
)

# $1 for parameters: the parser reads it, and no percent sign is doubled
DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_KINDS: dict[str, Kind] = {"foreignkey": "foreign key", "primary": "primary key", "unique": "unique", "check": "check"}


def actions(operation: MigrateOperation, operations: Operations) -> Iterator[Action]:
    """What an operation of Alembic's does."""
    context = operations.migration_context
    match operation:
        case ops.DropTableOp():
            yield DropTable(table=key(operation.table_name, operation.schema))
        case ops.AddColumnOp():
            yield from _add_column(operation, operations)
        case ops.DropColumnOp():
            yield DropColumn(table=key(operation.table_name, operation.schema), column=operation.column_name)
        case ops.AlterColumnOp():
            yield from _alter_column(operation)
        case ops.CreateIndexOp():
            yield _index(operation.to_index(context), guarded=bool(operation.if_not_exists))
        case ops.DropIndexOp():
            given = operation.to_index(context)
            name = key(str(operation.index_name), operation.schema)
            of = key(operation.table_name, operation.schema) if operation.table_name else ""
            yield DropIndex(table=of, name=name, concurrently=bool(given.dialect_options["postgresql"].get("concurrently")))
        case ops.RenameTableOp():
            yield RenameTable(table=key(operation.table_name, operation.schema), to=operation.new_table_name)
        case ops.AddConstraintOp():
            yield constraint(operation.to_constraint(context))
        case ops.DropConstraintOp():
            kind = _KINDS.get(operation.constraint_type or "", "")
            of, guarded = key(operation.table_name, operation.schema), bool(operation.if_exists)
            yield DropConstraint(table=of, name=str(operation.constraint_name), kind=kind, guarded=guarded)
        case ops.BulkInsertOp():
            yield Change(table=key(operation.table.name, getattr(operation.table, "schema", None)), verb="INSERT", text="INSERT")
        case ops.CreateTableCommentOp() | ops.DropTableCommentOp():
            yield Other(table=key(operation.table_name, operation.schema), what="COMMENT", mode="SHARE UPDATE EXCLUSIVE")
        case _:
            yield Opaque(why=f"{type(operation).__name__} is an operation of another library")


def statement(given: Any) -> Iterator[Action]:
    """What a string, a text() or a construct does that is executed."""
    if isinstance(given, (dml.Update, dml.Delete)):
        verb = "UPDATE" if isinstance(given, dml.Update) else "DELETE"
        text = rendered(given)
        of: Any = given.table
        # the values are wanted, which no compiled text has
        uses = tuple(str(v.value) for v in sa.sql.visitors.iterate(given) if isinstance(v, sa.BindParameter))
        yield Change(table=key(of.name, getattr(of, "schema", None)), verb=verb, limited=bool(given._where_criteria), text=text, uses=uses)
    elif isinstance(given, dml.Insert):
        yield Change(table=key(given.table.name, getattr(given.table, "schema", None)), verb="INSERT", text=rendered(given))
    elif isinstance(given, (sa.Select, sa.CompoundSelect)):
        yield Other(what="SELECT")
    elif isinstance(given, sa_schema.CreateTable):
        made = given.element
        yield from (a for a in table(made, guarded=given.if_not_exists) if not isinstance(a, CreateIndex))  # its indexes come by themselves
    elif isinstance(given, sa_schema.CreateIndex):
        yield _index(given.element, guarded=given.if_not_exists)
    else:
        yield from parse.actions(rendered(sa.text(given) if isinstance(given, str) else given))


def rendered(given: Any) -> str:
    """A construct as SQL for PostgreSQL, its values written out where that can be done."""
    try:
        return str(given.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    except Exception:  # values that have no literal form
        return str(given.compile(dialect=DIALECT))


def key(name: str, schema: str | None) -> str:
    """A table as we write it."""
    return f"{schema}.{name}" if schema and schema != "public" else name


def table(made: sa.Table, *, guarded: bool = False) -> Iterator[Action]:
    """CREATE TABLE and the indexes that come with it."""
    of = key(made.name, made.schema)
    wanted = [c for c in made.constraints if _rendered_rule(c)]
    yield CreateTable(table=of, columns=tuple(map(column, made.columns)), constraints=tuple(map(constraint, wanted)), guarded=guarded)
    for index in made.indexes:
        yield _index(index)


def column(given: sa.Column[Any]) -> Column:
    """A column's definition."""
    default: Any = given.server_default
    kind = _type(given.type)
    computed = default if isinstance(default, sa.Computed) else None
    serial = given.primary_key and given.table is not None and given.table.autoincrement_column is given and default is None
    if serial and "int" in kind.lower():
        kind = {"BIGINT": "BIGSERIAL", "SMALLINT": "SMALLSERIAL"}.get(kind.upper(), "SERIAL")
    text = _default(default.arg) if isinstance(default, sa.DefaultClause) else None
    return Column(
        name=str(given.name), type=kind, nullable=bool(given.nullable), default=text, identity=isinstance(default, sa.Identity),
        generated="" if computed is None else "virtual" if computed.persisted is False else "stored", primary_key=given.primary_key,
    )


def constraint(given: sa_schema.Constraint) -> AddConstraint:
    """ADD CONSTRAINT."""
    owner: Any = given.table
    of, name = key(owner.name, owner.schema), str(given.name) if given.name is not None else ""
    options: Any = given.dialect_options.get("postgresql", {})
    valid = not options.get("not_valid")
    columns = tuple(str(c.name) for c in getattr(given, "columns", ()))
    match given:
        case sa.ForeignKeyConstraint():
            target = [e.target_fullname.rsplit(".", 1) for e in given.elements]
            return AddConstraint(table=of, name=name, kind="foreign key", columns=columns, valid=valid,
                                 references=target[0][0].removeprefix("public."), referred=tuple(t[1] for t in target))
        case sa.PrimaryKeyConstraint():
            return AddConstraint(table=of, name=name, kind="primary key", columns=columns)
        case sa.UniqueConstraint():
            return AddConstraint(table=of, name=name, kind="unique", columns=columns)
        case sa.CheckConstraint():
            return AddConstraint(table=of, name=name, kind="check", valid=valid, text=_sql(given.sqltext))
        case postgresql.ExcludeConstraint():
            return AddConstraint(table=of, name=name, kind="exclude")
    return AddConstraint(table=of, name=name)


def _index(index: sa.Index, *, guarded: bool = False) -> CreateIndex:
    options = index.dialect_options["postgresql"]
    where = options.get("where")
    owner: Any = index.table
    return CreateIndex(
        table=key(owner.name, owner.schema), name=str(index.name or ""), columns=tuple(_element(e) for e in index.expressions),
        unique=bool(index.unique), concurrently=bool(options.get("concurrently")), guarded=guarded, method=str(options.get("using") or ""),
        predicate=_sql(where) if where is not None else "",
    )


def _element(given: Any) -> str:
    return str(given.name) if isinstance(given, sa.Column) else f"({_sql(given)})"


def _add_column(operation: ops.AddColumnOp, operations: Operations) -> Iterator[Action]:
    given = operation.column._copy() if operation.column.table is not None else operation.column
    made = operations.schema_obj.table(operation.table_name, given, schema=operation.schema)
    of = key(operation.table_name, operation.schema)
    inline = getattr(operation, "inline_references", False) and len(given.foreign_keys) == 1
    target = next(iter(given.foreign_keys)).target_fullname.rsplit(".", 1)[0] if inline else ""
    new = column(given)
    yield AddColumn(table=of, column=Column(**{**vars(new), "references": target}))
    for c in made.constraints:
        if not isinstance(c, sa.PrimaryKeyConstraint) and _rendered_rule(c) and not (inline and isinstance(c, sa.ForeignKeyConstraint)):
            yield constraint(c)
    for index in made.indexes:
        yield _index(index)


def _alter_column(operation: ops.AlterColumnOp) -> Iterator[Action]:
    of, name = key(operation.table_name, operation.schema), operation.column_name
    default: Any = operation.modify_server_default
    if operation.modify_type is not None:
        using = operation.kw.get("postgresql_using") or ""
        was = _type(operation.existing_type) if operation.existing_type is not None else ""
        new = sa.types.to_instance(operation.modify_type)
        yield AlterType(table=of, column=name, type=_type(new), was=was, using=_sql(using) if using else "")
    if operation.modify_nullable is not None:
        if operation.modify_nullable:
            yield DropNotNull(table=of, column=name)
        elif operation.existing_nullable is not False:  # else nothing changes, and PostgreSQL looks at no row
            yield SetNotNull(table=of, column=name)
    if default is not False:
        arg = getattr(default, "arg", default)
        yield SetDefault(table=of, column=name, default=None if default is None else _default(arg))
    if operation.modify_name and operation.modify_name != name:
        yield RenameColumn(table=of, column=name, to=operation.modify_name)


def _rendered_rule(given: Any) -> bool:
    """Does it come to CREATE TABLE? A Boolean's check, for one, only where a database has no such type."""
    rule = getattr(given, "_create_rule", None)
    if isinstance(given, sa.PrimaryKeyConstraint):
        return bool(len(given.columns))
    return rule is None or bool(rule(DIALECT.ddl_compiler(DIALECT, None)))  # type: ignore[arg-type]


def _type(given: Any) -> str:
    try:
        return str(sa.types.to_instance(given).compile(dialect=DIALECT))
    except Exception:  # NullType, or a type of the application's without a form for PostgreSQL
        return ""


def _default(given: Any) -> str:
    """A server default as SQL: a plain string stands for itself."""
    return "'" + given.replace("'", "''") + "'" if isinstance(given, str) else _sql(given)


def _sql(given: Any) -> str:
    if isinstance(given, str):
        return given
    try:
        return str(given.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    except Exception:
        return str(given)
