"""The process of one version: imports its models, describes them and runs what the probes ask, and nothing else.

Started as `python -I agent.py READ WRITE` under the version's own interpreter: Python 3.8 or newer, the standard library and
SQLAlchemy 1.4 or newer, no bgmigrate and no Alembic. One JSON object a line comes in on descriptor READ and one goes out on
WRITE for each; whatever the application prints goes to stderr. Nothing here connects anywhere until a probe is asked for.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import gc
import importlib
import importlib.util
import os
import sys
import traceback
import uuid
from json import dumps, loads  # ours, whatever the application makes of that module
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

DRIVERS = ("psycopg", "psycopg2", "asyncpg", "pg8000")


class Version:
    """The models of the version that this process has loaded."""

    def __init__(self) -> None:
        self.metadatas: List[Any] = []
        self.models: List[str] = []
        self._tables: List[Any] = []

    def load(self, paths: List[str], models: List[str]) -> Dict[str, Any]:
        """Import the modules, find every MetaData that they name, and configure the mappers."""
        sys.path[:0] = paths
        found: List[Any] = []
        for entry in models:
            module, _, attribute = entry.partition(":")
            value = importlib.import_module(module)
            for part in filter(None, attribute.split(".")):
                value = getattr(value, part)
            if attribute:
                found.extend(metadatas(value, entry))
        if not found:
            raise LookupError("none of %s names a declarative base, registry or MetaData (module:attribute)" % ", ".join(models))
        self.metadatas = list({id(m): m for m in found}.values())
        self.models, self._tables = models, []
        from sqlalchemy.orm import configure_mappers

        configure_mappers()
        return {"sqlalchemy": sqlalchemy_version()}

    def tables(self) -> List[Any]:
        """Every table, parents before children where foreign keys allow it."""
        self._tables = self._tables or [t for m in self.metadatas for t in m.sorted_tables]
        return self._tables

    def mappers(self) -> List[Any]:
        """Every mapper of these tables, in a fixed order."""
        from sqlalchemy.orm import mapperlib

        tables = set(self.tables())
        registries = mapperlib._all_registries()  # the only list of them all: a MetaData does not know who maps its tables
        mine = [m for r in registries for m in r.mappers if m.local_table in tables and not getattr(m, "non_primary", False)]
        return sorted(mine, key=lambda m: class_name(m.class_))


def metadatas(value: Any, entry: str) -> List[Any]:
    """The MetaData behind a declarative base, a registry, a MetaData, or a list of such."""
    from sqlalchemy import MetaData

    if isinstance(value, (list, tuple, set, frozenset)):
        return [m for v in value for m in metadatas(v, entry)]
    metadata = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
    if not isinstance(metadata, MetaData):
        raise TypeError("%s is %r, which is no declarative base, registry or MetaData" % (entry, type(value).__name__))
    return [metadata]


def sqlalchemy_version() -> str:
    """The version's own SQLAlchemy."""
    import sqlalchemy

    return sqlalchemy.__version__


def class_name(cls: type) -> str:
    """`module.Class`."""
    return "%s.%s" % (cls.__module__, cls.__qualname__)


def table_key(table: Any) -> str:
    """`users`, or `schema.users` outside of public."""
    return str(table.name) if table.schema in (None, "public") else "%s.%s" % (table.schema, table.name)


def snapshot(version: Version) -> Dict[str, Any]:
    """What the models say, in the portable form."""
    from sqlalchemy import create_mock_engine

    statements: Dict[str, None] = {}  # each once, in order: several MetaData may share a type

    def note(statement: Any, *_: Any, **__: Any) -> None:
        if hasattr(statement, "compile"):
            kw = {} if getattr(statement, "__visit_name__", "").startswith(("create", "drop", "add", "ddl", "set_")) else {"literal_binds": True}
            text = str(statement.compile(dialect=dialect, **({"compile_kwargs": kw} if kw else {})))
        else:
            text = str(statement)
        if text.strip():
            statements[text.strip()] = None

    # A named paramstyle: with %s styles the compiler doubles every percent sign of a CHECK or default.
    engine: Any = create_mock_engine("postgresql://", note, paramstyle="named")
    dialect = engine.dialect
    dialect._backslash_escapes = False  # see literal(): before 2.1 an unconnected dialect doubles the backslashes of comments and defaults
    for metadata in version.metadatas:
        metadata.create_all(engine, checkfirst=False)
    mapped: Dict[str, List[str]] = {}
    initial: Dict[Any, Any] = {}
    for mapper in version.mappers():
        for table in mapper.tables:
            mapped.setdefault(table_key(table), []).append(class_name(mapper.class_))
        initial.update(class_defaults(mapper))
    return {
        "schema": "bgmigrate.snapshot/1",
        "ddl": in_fixed_order(list(statements)),
        "tables": {table_key(t): describe(t, mapped.get(table_key(t), []), initial, dialect) for t in version.tables()},
        "models": version.models,
        "sqlalchemy": sqlalchemy_version(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "drivers": drivers(),
    }


def in_fixed_order(statements: List[str]) -> List[str]:
    """The statements with neighbours of one kind sorted: SQLAlchemy keeps indexes, constraints' comments and circular foreign keys in sets."""
    import itertools

    def kind(text: str) -> str:
        words = text.split()
        if words[:1] == ["ALTER"] and "FOREIGN KEY" not in text:
            return ""  # the application's own DDL, whose order may matter
        return " ".join(w for w in words[:3] if w in ("CREATE", "UNIQUE", "INDEX", "ALTER", "COMMENT", "CONSTRAINT")).replace("UNIQUE ", "")

    groups = itertools.groupby(statements, kind)
    return [s for name, group in groups for s in (sorted(group) if name in ("CREATE INDEX", "ALTER", "COMMENT CONSTRAINT") else group)]


def describe(table: Any, classes: List[str], initial: Dict[Any, Any], dialect: Any) -> Dict[str, Any]:
    """One table of the portable form."""
    return {
        "name": str(table.name),
        "schema": None if table.schema in (None, "public") else str(table.schema),
        "columns": {
            str(c.name): {
                "type": str(c.type.compile(dialect=dialect)),
                "nullable": bool(c.nullable),
                "primary_key": bool(c.primary_key),
                "default": default_of(c, initial.get(c)),
                "server_default": c.server_default is not None,
                "hints": dict(c.info.get("bgmigrate", {})),
                "values": [str(v) for v in getattr(c.type, "enums", None) or ()],
            }
            for c in table.columns
        },
        "names": sorted(given_names(table, dialect)),
        "hints": dict(table.info.get("bgmigrate", {})),
        "mapped_by": sorted(set(classes)),
    }


def given_names(table: Any, dialect: Any) -> Iterable[str]:
    """Names of constraints and indexes that the model or its naming convention gives; PostgreSQL makes up the others."""
    prepare, convention = dialect.identifier_preparer, table.metadata.naming_convention
    for thing in list(table.constraints) + list(table.indexes):
        if thing.name is not None or set(convention) - {"ix"}:
            try:
                name = prepare.format_constraint(thing) if thing in table.constraints else prepare.format_index(thing)
            except AssertionError:
                continue  # 2.1's way of saying that neither model nor convention names it; older ones return None
            if name:
                yield name.strip('"').replace('""', '"')


def class_defaults(mapper: Any) -> Dict[Any, Any]:
    """Scalar defaults that a class fills in itself: fields of dataclasses and of pydantic models (SQLModel)."""
    import dataclasses

    cls = mapper.class_
    fields = {n: f.default for n, f in getattr(cls, "__dataclass_fields__", {}).items() if f.default is not dataclasses.MISSING}
    pydantic = getattr(cls, "model_fields", None) or getattr(cls, "__fields__", None)
    if isinstance(pydantic, dict):
        fields.update({n: getattr(f, "default", None) for n, f in pydantic.items()})
    plain = (str, int, float, bool, bytes, decimal.Decimal, enum.Enum, datetime.date, datetime.time, uuid.UUID)
    return {
        attr.columns[0]: fields[attr.key]
        for attr in mapper.column_attrs
        if attr.key in fields and isinstance(fields[attr.key], plain) and hasattr(attr.columns[0], "table")
    }


def default_of(column: Any, initial: Any) -> Optional[Dict[str, str]]:
    """What Python fills in on INSERT: a scalar as an SQL literal of the column's own type, or only that there is something."""
    default = column.default
    if default is None:
        scalar = initial
        if scalar is None:
            return None
    elif getattr(default, "is_sequence", False):
        return {"kind": "sequence"}
    elif getattr(default, "is_clause_element", False):
        return {"kind": "sql"}
    elif getattr(default, "is_scalar", False):
        scalar = default.arg
    else:
        return {"kind": "callable"}
    text = literal(scalar, column.type)
    return {"kind": "scalar", "sql": text} if text is not None else {"kind": "callable"}


def literal(value: Any, type_: Any) -> Optional[str]:
    """The value as SQL, as the type itself would send it; None when neither the type nor we can say it."""
    from sqlalchemy import literal as bind
    from sqlalchemy.dialects.postgresql.base import PGDialect
    from sqlalchemy.exc import SQLAlchemyError

    make: Any = PGDialect
    dialect = make(paramstyle="named")  # no driver's: those wrap JSON in objects of their own
    dialect._backslash_escapes = False  # as standard_conforming_strings has it; 1.4 assumes the opposite until it is connected
    if isinstance(value, bytes):
        return written(value)  # SQLAlchemy writes them as text
    try:
        text = str(bind(value, type_).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        return text.replace("ARRAY[]", "'{}'") if value == [] else text  # ARRAY[] has no type of its own
    except (SQLAlchemyError, NotImplementedError, TypeError, ValueError, AttributeError):
        pass  # SQLAlchemy 1.4 has no literals of dates, UUIDs and the like: the bound value is written out below
    try:
        processor = type_.dialect_impl(dialect).bind_processor(dialect)
        return written(processor(value) if processor else value)
    except Exception:  # a TypeDecorator is the application's code and may raise anything
        return None


def written(value: Any) -> Optional[str]:
    """A bound value as an SQL literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, decimal.Decimal)):
        return str(value)
    if isinstance(value, bytes):
        return "'\\x%s'" % value.hex()
    if isinstance(value, enum.Enum):
        value = value.name
    if isinstance(value, (datetime.date, datetime.time)):
        value = value.isoformat()
    if isinstance(value, datetime.timedelta):
        value = "%r seconds" % value.total_seconds()
    if isinstance(value, (list, tuple)):
        parts = [written(v) for v in value]
        return None if None in parts else "ARRAY[%s]" % ", ".join(map(str, parts)) if parts else "'{}'"
    if isinstance(value, (str, uuid.UUID)):
        text = str(value).replace("'", "''")
        return "E'%s'" % text.replace("\\", "\\\\") if "\\" in text else "'%s'" % text
    return None


def drivers() -> List[str]:
    """The PostgreSQL drivers that are installed here and that this SQLAlchemy can use."""
    modern = int(sqlalchemy_version().split(".")[0]) >= 2
    usable = {"psycopg": modern, "asyncpg": bool(importlib.util.find_spec("greenlet"))}
    return [d for d in DRIVERS if importlib.util.find_spec(d) and usable.get(d, True)]


def failure(error: BaseException) -> Dict[str, Any]:
    """An error as it travels: its type and first line, and the whole traceback without our own frames."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    last = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    said = last[-1 if isinstance(error, SyntaxError) else 0] if last else repr(error)  # a SyntaxError shows its place before it says what it is
    return {"error": said, "traceback": "".join(lines)}


def extend(sources: List[Tuple[str, str]]) -> None:
    """Take in the probes' code (bgmigrate/versions/inside); it adds its own commands and shares this file's names."""
    space = {**globals(), "__name__": "bgmigrate_probes"}
    for name, source in sources:
        exec(compile(source, name, "exec"), space)


VERSION = Version()
COMMANDS: Dict[str, Callable[..., Any]] = {"load": VERSION.load, "snapshot": lambda: snapshot(VERSION), "extend": extend}


def serve(read: int, write: int) -> None:
    """Answer requests until the other end closes."""
    gc.set_threshold(100_000)  # models are half a million objects that stay: looking through them for garbage takes a third of the time
    with os.fdopen(read, encoding="utf-8") as requests, os.fdopen(write, "w", encoding="utf-8") as answers:
        for line in requests:
            request = loads(line)
            try:
                answer = {"result": COMMANDS[request["command"]](**request.get("arguments", {}))}
            except (Exception, SystemExit) as error:  # an application may call sys.exit() when imported
                answer = failure(error)
            answers.write(dumps(answer, default=str) + "\n")
            answers.flush()


if __name__ == "__main__":
    os.dup2(2, 1)  # what the application prints is not an answer
    serve(int(sys.argv[1]), int(sys.argv[2]))
