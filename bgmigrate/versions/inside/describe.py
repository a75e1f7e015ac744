"""A version's models in the portable form, which a snapshot holds."""

from __future__ import annotations

import datetime
import decimal
import enum
import sys
import uuid
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional

if TYPE_CHECKING:
    from bgmigrate.versions.agent import Version, class_name, drivers, sqlalchemy_version, table_key


def snapshot(version: Version) -> Dict[str, Any]:
    """What the models say, in the portable form."""
    from sqlalchemy import create_mock_engine

    statements: Dict[str, None] = {}  # each once, in order: several MetaData may share a type
    created: Dict[str, Any] = {}

    def note(statement: Any, *_: Any, **__: Any) -> None:
        if getattr(statement, "__visit_name__", "") == "create_table":
            table = statement.element
            known = created.setdefault(table_key(table), table)
            if known is not table:  # several MetaData share it, too
                statements.update(dict.fromkeys(additions(known, table, dialect)))
                return
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
        "tables": described(version, mapped, initial, dialect),
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


def additions(known: Any, table: Any, dialect: Any) -> Iterable[str]:
    """What a table has that another MetaData's of the same name has not."""
    from sqlalchemy.schema import CreateColumn

    for column in table.columns:
        if column.name not in known.columns:
            what = CreateColumn(column).compile(dialect=dialect)
            yield "ALTER TABLE %s ADD COLUMN %s" % (dialect.identifier_preparer.format_table(table), what)


def described(version: Version, mapped: Dict[str, List[str]], initial: Dict[Any, Any], dialect: Any) -> Dict[str, Any]:
    """Every table by its name; one that several MetaData have is all that they say of it, the first one's word first."""
    out: Dict[str, Any] = {}
    for table in version.tables():
        key = table_key(table)
        one = describe(table, mapped.get(key, []), initial, dialect)
        known = out.setdefault(key, one)
        if known is not one:
            known.update({part: {**one[part], **known[part]} for part in ("columns", "hints")}, names=sorted({*one["names"], *known["names"]}))
    return out


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
