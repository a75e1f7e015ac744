"""Python's values as SQL literals."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Any, Optional


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
