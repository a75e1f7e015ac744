"""What a revision gets where it asks for a connection: SQLAlchemy's own, over a driver that sends nothing and finds no rows.

Questions about the schema are answered from what the revisions before have made.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.url import make_url
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql import functions

from bgmigrate.lint.known import Known
from bgmigrate.lint.operations import key

Apart = Callable[[], contextlib.AbstractContextManager[None]]


class _Answers:
    """What a dialect is asked, answered without a server."""

    known: Known

    # PostgreSQL's own ask the catalog for many tables at once; these ask the functions below for one after another
    has_multi_table: Any = getattr(DefaultDialect, "has_multi_table", None)  # came with SQLAlchemy 2.1
    get_multi_columns: Any = DefaultDialect.get_multi_columns
    get_multi_indexes: Any = DefaultDialect.get_multi_indexes
    get_multi_pk_constraint: Any = DefaultDialect.get_multi_pk_constraint
    get_multi_foreign_keys: Any = DefaultDialect.get_multi_foreign_keys
    get_multi_unique_constraints: Any = DefaultDialect.get_multi_unique_constraints
    get_multi_check_constraints: Any = DefaultDialect.get_multi_check_constraints
    get_multi_table_comment: Any = DefaultDialect.get_multi_table_comment
    get_multi_table_options: Any = DefaultDialect.get_multi_table_options

    def initialize(self, connection: Any) -> None:
        """Nothing to ask."""

    on_connect = get_default_isolation_level = set_isolation_level = do_ping = initialize

    def get_isolation_level(self, *args: Any) -> str:
        """As PostgreSQL has it."""
        return "READ COMMITTED"

    reset_isolation_level = set_isolation_level

    def get_isolation_level_values(self, *args: Any) -> list[str]:
        """As PostgreSQL has them."""
        return ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "READ UNCOMMITTED"]

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """Has it been made?"""
        return self.known.there(key(table_name, schema))

    def get_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> Any:
        """Tables of the schema."""
        prefix = f"{schema}." if schema and schema != "public" else ""
        made = [t.removeprefix(prefix) for t in self.known.tables if t.startswith(prefix) and "." not in t.removeprefix(prefix)]
        return _Names(made, lambda name: self.known.there(prefix + name))

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A table's columns; of their types only that they have one is known."""
        if not self.known.there(key(table_name, schema)):
            raise exc.NoSuchTableError(table_name)
        columns = self.known.tables.get(key(table_name, schema), {})
        return [
            {"name": c.name, "type": sa.types.NullType(), "nullable": c.nullable, "default": c.default, "autoincrement": False, "comment": None}
            for c in columns.values()
        ]

    def get_indexes(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A table's indexes."""
        of = key(table_name, schema)
        own = [(i.name, i.columns, i.unique) for i in self.known.indexes.values() if i.table == of]
        own += [(k.name, k.columns, True) for k in self.known.keys.get(of, ()) if k.kind == "unique"]
        return [
            {"name": n, "column_names": list(c), "unique": u, "include_columns": [], "dialect_options": {}}
            for n, c, u in own if not any(e.startswith("(") for e in c)
        ]

    def get_unique_constraints(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A table's unique constraints."""
        return self._keys(table_name, schema, "unique")

    def get_foreign_keys(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A table's foreign keys."""
        return self._keys(table_name, schema, "foreign key")

    def get_check_constraints(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A table's checks."""
        return self._keys(table_name, schema, "check")

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A table's primary key."""
        none: dict[str, Any] = {"name": None, "constrained_columns": [], "comment": None}
        return next(iter(self._keys(table_name, schema, "primary key")), none)

    def get_table_comment(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """None is known."""
        return {"text": None}

    def get_table_options(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """None are known."""
        return {}

    def get_view_names(self, *args: Any, **kw: Any) -> Any:
        """None are known."""
        return []

    get_sequence_names = get_schema_names = get_materialized_view_names = get_temp_table_names = get_view_names
    get_enums = get_domains = get_view_names

    def has_schema(self, *args: Any, **kw: Any) -> Any:
        """Every schema is there."""
        return True

    def has_sequence(self, *args: Any, **kw: Any) -> Any:
        """None is known."""
        return False

    has_type = has_sequence

    def _keys(self, table: str, schema: str | None, kind: str) -> list[dict[str, Any]]:
        return [
            {"name": k.name or None, "column_names": list(k.columns), "constrained_columns": list(k.columns), "comment": None,
             "referred_table": k.references.rpartition(".")[2], "referred_schema": k.references.rpartition(".")[0] or None,
             "referred_columns": list(k.referred), "sqltext": k.text, "options": {}, "dialect_options": {}}
            for k in self.known.keys.get(key(table, schema), ()) if k.kind == kind
        ]


class _Names(list[str]):
    """Tables that are known, and whether one that is asked for by name is there."""

    def __init__(self, names: list[str], there: Callable[[str], bool]) -> None:
        super().__init__(names)
        self.there = there

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.there(name)


class Dialect(_Answers, PGDialect):  # type: ignore[misc]  # looser in its arguments
    """PostgreSQL's, with no server behind it."""

    driver = "none"
    supports_statement_cache = False
    supports_server_side_cursors = False
    use_insertmanyvalues = False

    def __init__(self, known: Known) -> None:
        super().__init__(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        self.known = known
        self.dbapi = cast(Any, _DRIVER)
        self.server_version_info = (17, 0)
        self.default_schema_name = "public"
        self._backslash_escapes = False


class Cursor:
    """Finds nothing, in as many columns as are asked for: what counts rows counts none."""

    rowcount = 0
    lastrowid = None
    arraysize = 1

    def __init__(self, raw: Callable[[str], None]) -> None:
        self.raw, self.noted = raw, False  # who notes what is given to the cursor itself, past SQLAlchemy
        self.description: Sequence[Sequence[Any]] | None = None
        self.rows: list[tuple[Any, ...]] = []

    def execute(self, statement: Any, *args: Any, **kw: Any) -> Cursor:
        """Send nothing."""
        if not self.noted:
            self.raw(str(statement))
        self.noted = False
        return self

    executemany = execute

    def close(self, *args: Any) -> None:
        """Nothing is open."""

    setinputsizes = close

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *args: object) -> None:
        return None

    def fetchone(self) -> tuple[Any, ...] | None:
        """The row of an aggregate, or none."""
        return self.rows.pop() if self.rows else None

    def fetchall(self, *args: Any) -> list[tuple[Any, ...]]:
        """Likewise."""
        rows, self.rows = self.rows, []
        return rows

    fetchmany = fetchall


def bind(known: Known, note: Callable[[Any], None], apart: Apart) -> sa.Connection:
    """A connection. Every statement that is executed on it, or on its engine, is noted; `apart` stands around those in AUTOCOMMIT."""
    def plain(statement: str) -> None:
        note(sa.text(statement.replace(":", "\\:")))

    driver: Any = SimpleNamespace(
        cursor=lambda *args, **kw: Cursor(plain), commit=_nothing, rollback=_nothing, close=_nothing, set_isolation_level=_nothing,
        set_session=_nothing, add_notice_handler=_nothing, autocommit=False, notices=[],
        info=SimpleNamespace(transaction_status=0, server_version=170000),
    )
    dialect = Dialect(known)
    # sys.modules knows no such driver: the engine is put together by hand
    engine = Engine(StaticPool(lambda: driver, dialect=dialect), dialect, make_url("postgresql+none://"))

    @event.listens_for(engine, "before_execute")
    def construct(connection: sa.Connection, given: Any, *args: Any) -> None:
        with _around(connection, apart):
            note(given)

    @event.listens_for(engine, "before_cursor_execute")
    def text(connection: sa.Connection, cursor: Cursor, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if context is None or context.compiled is None:  # exec_driver_sql: the driver's own text
            with _around(connection, apart):
                plain(statement)
        cursor.noted = True
        cursor.description = _columns(statement, context)
        cursor.rows = _aggregate(statement, context)

    return engine.connect()


def _around(connection: sa.Connection, apart: Apart) -> contextlib.AbstractContextManager[None]:
    alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
    return apart() if alone else contextlib.nullcontext()


def _columns(statement: str, context: Any) -> list[tuple[Any, ...]] | None:
    compiled = getattr(context, "compiled", None)
    expected = getattr(compiled, "_result_columns", None)
    if expected:
        return [(c.keyname, None, None, None, None, None, None) for c in expected]
    words = statement.lstrip().lower()
    return [("?column?", None, None, None, None, None, None)] if words.startswith(("select", "with", "show", "values")) else None


def _aggregate(statement: str, context: Any) -> list[tuple[Any, ...]]:
    """The one row that an aggregate gives of no rows."""
    given = getattr(getattr(context, "compiled", None), "statement", None)
    if isinstance(given, sa.Select):
        columns = [c.element if isinstance(c, sa.Label) else c for c in given.selected_columns]
        if given._group_by_clauses or not columns or not all(isinstance(c, _AGGREGATES) for c in columns):
            return []
        return [tuple(0 if isinstance(c, functions.count) else None for c in columns)]
    return [(0,)] if re.match(r"\s*select\s+count\s*\([^)]*\)\s*(as\s+\w+\s*)?from", statement, re.IGNORECASE) else []


def _nothing(*args: Any, **kw: Any) -> None:
    return None


_AGGREGATES = (functions.count, functions.max, functions.min, functions.sum)


class _Error(Exception):
    pass


_DRIVER = SimpleNamespace(
    paramstyle="numeric", Error=_Error, Warning=_Error, InterfaceError=_Error, DatabaseError=_Error, DataError=_Error, OperationalError=_Error,
    IntegrityError=_Error, InternalError=_Error, ProgrammingError=_Error, NotSupportedError=_Error, Binary=bytes, threadsafety=2,
)
