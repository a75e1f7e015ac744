"""What a revision gets where it asks for a connection: it notes what is executed, and answers no question about rows, for there are none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import inspection

from bgmigrate.lint.known import Known
from bgmigrate.lint.operations import DIALECT


class NoRows:
    """The result of a statement that was not run."""

    rowcount = 0
    returns_rows = True
    lastrowid = inserted_primary_key = None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __getattr__(self, name: str) -> Any:
        if name in ("fetchone", "first", "scalar", "scalar_one_or_none", "one_or_none"):
            return lambda *args, **kw: None
        if name in ("fetchall", "all", "fetchmany", "partitions", "keys"):
            return lambda *args, **kw: []
        if name in ("mappings", "scalars", "unique", "yield_per", "columns", "close", "tuples", "execution_options"):
            return lambda *args, **kw: self
        raise AttributeError(name)


class Bind:
    """Stands for a Connection and for its Engine. `execute`: notes a statement; `apart`: whoever runs statements outside of any transaction."""

    dialect = DIALECT
    closed = False
    name = "postgresql"

    def __init__(self, known: Known, execute: Callable[[Any], None], apart: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        self.known, self._execute, self._apart, self.autocommit = known, execute, apart, False

    @property
    def engine(self) -> Bind:
        """Of the same kind: both can connect and execute."""
        return self

    def execute(self, statement: Any, *args: Any, **kw: Any) -> NoRows:
        """Note it."""
        with self._apart() if self.autocommit else contextlib.nullcontext():
            self._execute(statement)
        return NoRows()

    def exec_driver_sql(self, statement: str, *args: Any, **kw: Any) -> NoRows:
        """Note it."""
        return self.execute(sa.text(statement.replace(":", "\\:")))

    def scalar(self, statement: Any, *args: Any, **kw: Any) -> None:
        """Note it."""
        self.execute(statement)

    def scalars(self, statement: Any, *args: Any, **kw: Any) -> NoRows:
        """Note it."""
        return self.execute(statement)

    def execution_options(self, **options: Any) -> Bind:
        """A connection of its own where the isolation level is AUTOCOMMIT, as far as a reader can tell."""
        other = Bind(self.known, self._execute, self._apart)
        other.autocommit = self.autocommit or str(options.get("isolation_level", "")).upper() == "AUTOCOMMIT"
        return other

    def connect(self, *args: Any, **kw: Any) -> Bind:
        """Itself."""
        return self

    begin = begin_nested = get_transaction = connect

    def __enter__(self) -> Bind:
        return self

    def __exit__(self, *args: object) -> None:
        return None

    def commit(self) -> None:
        """Nothing was begun."""

    rollback = close = commit

    def in_transaction(self) -> bool:
        """As Alembic has it."""
        return not self.autocommit

    def has_table(self, name: str, schema: str | None = None) -> bool:
        """As far as the revisions before say."""
        return Inspector(self).has_table(name, schema)


class Inspector:
    """Answers from what the revisions before have made."""

    def __init__(self, bind: Bind) -> None:
        self.bind, self.engine, self.dialect = bind, bind, DIALECT

    def get_table_names(self, schema: str | None = None, **kw: Any) -> list[str]:
        """Tables of the schema."""
        prefix = f"{schema}." if schema and schema != "public" else ""
        return [t.removeprefix(prefix) for t in self.bind.known.tables if t.startswith(prefix) and "." not in t.removeprefix(prefix)]

    def has_table(self, name: str, schema: str | None = None, **kw: Any) -> bool:
        """Is there one?"""
        return _key(name, schema) in self.bind.known.tables

    def get_columns(self, name: str, schema: str | None = None, **kw: Any) -> list[dict[str, Any]]:
        """A table's columns; their types stay unknown."""
        columns = self.bind.known.tables.get(_key(name, schema), {})
        return [{"name": c.name, "type": sa.types.NullType(), "nullable": c.nullable, "default": c.default} for c in columns.values()]

    def has_column(self, name: str, column: str, schema: str | None = None) -> bool:
        """Has a table this column?"""
        return column in self.bind.known.tables.get(_key(name, schema), {})

    def get_indexes(self, name: str, schema: str | None = None, **kw: Any) -> list[dict[str, Any]]:
        """A table's indexes."""
        of = _key(name, schema)
        return [{"name": i.name, "column_names": list(i.columns), "unique": i.unique} for i in self.bind.known.indexes.values() if i.table == of]

    def get_unique_constraints(self, name: str, schema: str | None = None, **kw: Any) -> list[dict[str, Any]]:
        """A table's unique constraints."""
        return self._keys(name, schema, "unique")

    def get_foreign_keys(self, name: str, schema: str | None = None, **kw: Any) -> list[dict[str, Any]]:
        """A table's foreign keys."""
        return self._keys(name, schema, "foreign key")

    def get_check_constraints(self, name: str, schema: str | None = None, **kw: Any) -> list[dict[str, Any]]:
        """A table's checks."""
        return self._keys(name, schema, "check")

    def get_pk_constraint(self, name: str, schema: str | None = None, **kw: Any) -> dict[str, Any]:
        """A table's primary key."""
        return next(iter(self._keys(name, schema, "primary key")), {"name": None, "constrained_columns": []})

    def get_view_names(self, *args: Any, **kw: Any) -> list[str]:
        """None are known."""
        return []

    get_sequence_names = get_enums = get_schema_names = get_view_names

    def _keys(self, name: str, schema: str | None, kind: str) -> list[dict[str, Any]]:
        return [
            {"name": k.name or None, "column_names": list(k.columns), "constrained_columns": list(k.columns), "referred_table": k.references,
             "referred_columns": list(k.referred), "referred_schema": None, "sqltext": k.text, "options": {}}
            for k in self.bind.known.keys.get(_key(name, schema), ()) if k.kind == kind
        ]

    @contextlib.contextmanager
    def _inspection_context(self) -> Iterator[Inspector]:
        yield self

    def reflect_table(self, table: sa.Table, *args: Any, **kw: Any) -> None:
        """Give a Table that is to be loaded from the database the columns that are known."""
        for c in self.bind.known.tables.get(_key(table.name, table.schema), {}).values():
            table.append_column(sa.Column(c.name, sa.types.NullType(), nullable=c.nullable))


inspection._inspects(Bind)(Inspector)
inspection._inspects(Inspector)(lambda inspector: inspector)


def _key(name: str, schema: str | None) -> str:
    return f"{schema}.{name}" if schema and schema != "public" else name
