"""Does a version's driver, with the type that its model has for a column, get on with another type in the database?"""

from __future__ import annotations

import datetime
import decimal
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS, VERSION, table_key
    from bgmigrate.versions.inside.samples import binds, of_type
    from bgmigrate.versions.inside.session import told, with_connection

NUMBERS = (7, 11, 4211)


def speak(url: str, driver: str, table: str, column: str, own: str, other: str, actual: str) -> Optional[str]:
    """Write, read, update, compare, list and sort values in two tables of the same form, whose column has the version's own type and the other.

    `own`, `other`: the tables' names; `actual`: the own type as the database has it. What does not work with the own type either says nothing
    of the other. Returns what goes wrong; None when nothing does.
    """
    found = next(c for t in VERSION.tables() if table_key(t) == table for c in t.columns if c.name == column)

    def work(connection: Any) -> Optional[str]:
        from sqlalchemy import Column, Integer, MetaData, Table

        transaction = connection.begin()
        try:
            type_, values = spoken(found.type, column, actual, connection.dialect)
            here, there = (
                Table(name, MetaData(), Column("k", Integer, primary_key=True, autoincrement=False), Column("v", type_)) for name in (own, other)
            )
            if not values:
                return "no value of its type is known"
            known = [outcomes(connection, here, values), outcomes(connection, there, values)]
            if not any(error is None for error, _ in known[0]):
                return "its own type fails as well: %s" % known[0][0][0]
            return next((unlike(a, b) for a, b in zip(*known) if unlike(a, b)), None)
        finally:
            transaction.rollback()

    result: Optional[str] = with_connection(url, driver, work)
    return result


def spoken(type_: Any, name: str, actual: str, dialect: Any) -> Tuple[Any, List[Any]]:
    """The type and values of it. A decorator that takes only objects of the application's own hands on what the type inside it sends."""
    from sqlalchemy import types

    values = [v for v in said(type_, name, actual) if binds(type_, v, dialect)]
    if values or not isinstance(type_, types.TypeDecorator):
        return type_, values
    return spoken(type_.impl_instance if hasattr(type_, "impl_instance") else type_.impl, name, actual, dialect)


def said(type_: Any, name: str, actual: str) -> List[Any]:
    """Some ordinary values, and some that a type of less precision would not keep."""
    values = [v for n in NUMBERS for v in of_type(type_, n, name, actual)[:1]]
    first = values[0] if values else None
    if isinstance(first, bool):
        values = [True, False]
    elif isinstance(first, float):
        values += [0.1, 1.123456789012345, -1e20]
    elif isinstance(first, decimal.Decimal):
        values += [decimal.Decimal("1.5"), decimal.Decimal("-1.123456789")]
    elif isinstance(first, datetime.datetime):
        values.append(first.replace(microsecond=123456))
    elif isinstance(first, str):
        values += ["a", "a b"]
    return values


def outcomes(connection: Any, table: Any, values: List[Any]) -> List[Tuple[Optional[str], Any]]:
    """What each of the statements gives: (error, result). The same ones in the same order for every table."""
    from sqlalchemy import Enum, insert, select, update

    out: List[Tuple[Optional[str], Any]] = []
    for n, value in enumerate(values):
        def written(n: int = n, value: Any = value) -> Any:
            connection.execute(insert(table).values(k=n, v=value))
            return Read(value, connection.execute(select(table.c.v).where(table.c.k == n)).scalar())

        def changed(n: int = n, value: Any = value) -> Any:
            connection.execute(update(table).where(table.c.k == n).values(v=value))
            return Read(value, connection.execute(select(table.c.v).where(table.c.k == n)).scalar())

        def compared(value: Any = value) -> Any:
            found = connection.execute(select(table.c.k).where(table.c.v == value).order_by(table.c.k)).scalars().all()
            return Found(found, [k for k, v in enumerate(values) if v == value])

        out += [tried(connection, "writing %r" % (value,), written), tried(connection, "updating to %r" % (value,), changed),
                tried(connection, "comparing it with %r" % (value,), compared)]
    def listed() -> Any:
        found = connection.execute(select(table.c.k).where(table.c.v.in_(values)).order_by(table.c.k)).scalars().all()
        return Found(found, list(range(len(values))))

    def sorted_() -> Any:
        found = connection.execute(select(table.c.k).order_by(table.c.v, table.c.k)).scalars().all()
        return Found(found, found)

    out.append(tried(connection, "looking for it in a list", listed))
    # no other type has an enum's order: plan says so, and it is no reason against the change
    return out if isinstance(getattr(table.c.v.type, "impl", table.c.v.type), Enum) else [*out, tried(connection, "sorting by it", sorted_)]


class Read:
    """A value as it was written and as it is read."""

    def __init__(self, wrote: Any, reads: Any) -> None:
        self.wrote, self.reads = wrote, reads

    def as_good_as(self, own: "Read") -> bool:
        """Is it of one Python type with the own column's, and the same or nearer to what was written?"""
        if type(self.reads) is not type(own.reads):
            return False
        try:
            return self.reads in (own.reads, self.wrote) or bool(abs(self.reads - self.wrote) <= abs(own.reads - own.wrote))
        except TypeError:  # nothing that has a distance
            return False


class Found:
    """The rows that a question finds, and those that it should."""

    def __init__(self, rows: Any, right: Any) -> None:
        self.rows, self.right = list(rows), list(right)


def tried(connection: Any, what: str, work: Callable[[], Any]) -> Tuple[Optional[str], Any]:
    """(error, result), in a savepoint that stays where it went well."""
    point = connection.begin_nested()
    try:
        result = work()
        point.commit()
        return None, result
    except Exception as error:
        point.rollback()
        fault: Dict[str, Any] = told(error)
        return "%s fails: %s" % (what, fault["message"]), None


def unlike(own: Tuple[Optional[str], Any], other: Tuple[Optional[str], Any]) -> Optional[str]:
    """What the other table's outcome has against it; None where it is as good as the own one's."""
    if own[0] is not None:
        return None
    if other[0] is not None:
        return other[0]
    a, b = own[1], other[1]
    if isinstance(a, Found):
        return None if b.rows in (a.rows, a.right) else "the same question finds other rows"
    return None if b.as_good_as(a) else "it reads %r where it wrote %r" % (b.reads, b.wrote)


COMMANDS["speak"] = speak
