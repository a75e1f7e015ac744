"""Rows that one version commits, and what the other one reads of them."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS, VERSION, dumps_sorted, table_key
    from bgmigrate.versions.inside.describe import literal
    from bgmigrate.versions.inside.extremes import labels
    from bgmigrate.versions.inside.hierarchy import base_of, of_base
    from bgmigrate.versions.inside.roundtrip import sampler
    from bgmigrate.versions.inside.rows import Maker, Target
    from bgmigrate.versions.inside.session import attempt, key_of, read_only, told, with_connection

Place = Tuple[str, Tuple[str, ...]]


def write(url: str, driver: str, facts: Dict[str, Any], first: int) -> List[Dict[str, Any]]:
    """Commit a minimal row, a full row and one for each enum label of everything; says where each row is: `{"table", "key": [text]}`."""

    def work(connection: Any) -> List[Dict[str, Any]]:
        maker = Maker(VERSION, sampler(facts, first, url), connection)
        maker.shared.note = partial(places_of, maker)
        out: Dict[Place, Dict[str, Any]] = {}
        for target in maker.targets:
            if not facts.get(target.key, {}).get("allows", 28) & 8:
                continue
            maker.shared.ready(target)
            committed(connection)
            kinds: List[Dict[str, Any]] = [{"full": False}, {"full": True}]
            for how in kinds + [{"full": False, "fixed": {column: value}} for column, value in labels(target)]:

                def one(session: Any, target: Target = target, how: Dict[str, Any] = how) -> List[Place]:
                    maker.insert(session, target, **how)
                    return places_of(maker, session)

                places, error = maker.settled(one, keep=True)
                if error is None and committed(connection):
                    for place in places:
                        out.setdefault(place, {"table": place[0], "key": list(place[1])})
                    for column, value in how.get("fixed", {}).items() if places else ():
                        out[places[-1]]["label"] = [column.name, str(getattr(value, "name", value))]
        for place in maker.shared.noted:
            out.setdefault(place, {"table": place[0], "key": list(place[1])})
        committed(connection)
        return list(out.values())

    return list(with_connection(url, driver, work))


def committed(connection: Any) -> bool:
    """Commit; False when a constraint that waits for that refuses the row."""
    try:
        connection.commit()
        return True
    except Exception:
        if connection.closed or connection.invalidated:
            raise
        connection.rollback()
        return False


def places_of(maker: Maker, session: Any) -> List[Place]:
    """Where the rows are that were just made, parents included: the base table and the texts of its key."""
    from sqlalchemy import Text, cast, select

    found = []
    for made, row in maker.made:
        base = base_of(made.mapper).local_table if made.mapper is not None else made.table
        columns = list(base.primary_key.columns)
        if columns:
            query = select(*(cast(c, Text) for c in columns)).where(maker.where(made, row)).select_from(base)
            found.append((table_key(base), tuple(session.execute(query).one())))
    return found


def read(url: str, driver: str, rows: List[Dict[str, Any]], delete: bool) -> List[Dict[str, Any]]:
    """Load each row through the ORM (or Core): its values in a comparable form, or why it cannot be loaded, column by column."""

    def work(connection: Any) -> List[Dict[str, Any]]:
        if not delete:  # nothing is to be taken back: without savepoints a row costs a third of the round trips
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        transaction = connection.begin()
        try:
            reader = Reader(Maker(VERSION, sampler({}, 1, ""), connection), attempt if delete else read_only)
            return [reader.row(r, delete) for r in rows]
        finally:
            transaction.rollback()

    return list(with_connection(url, driver, work))


class Reader:
    """Finds rows by the text of their keys."""

    def __init__(self, maker: Maker, attempt: Callable[..., Tuple[Any, Optional[Exception]]] = attempt) -> None:
        self.maker, self.connection, self.attempt = maker, maker.connection, attempt
        self.of_key: Dict[str, Target] = {}
        for target in maker.targets:
            if target.mapper is None or base_of(target.mapper) is target.mapper or target.key not in self.of_key:
                self.of_key[target.key] = target

    def row(self, where: Dict[str, Any], delete: bool) -> Dict[str, Any]:
        """What this version makes of one row."""
        target = self.of_key.get(where["table"])
        out: Dict[str, Any] = {"table": where["table"], "key": where["key"]}
        if target is None or len(list(target.table.primary_key)) != len(where["key"]):
            return {**out, "unknown": True}
        found, error = self.attempt(self.connection, lambda s: self.loaded(s, target, where["key"]))
        if error is not None:
            return {**out, "error": told(error), "columns": self.refused(target, where["key"])}
        if found is None:
            return {**out, "missing": True}
        if delete:
            _, error = self.attempt(self.connection, lambda s: self.deleted(s, target, where["key"]))
            if error is not None:
                out["delete"] = {**told(error), "key": key_of(told(error))}
        return {**out, "values": found}

    def condition(self, target: Target, key: List[str]) -> Any:
        from sqlalchemy import Text, and_, cast

        return and_(*(cast(c, Text) == k for c, k in zip(target.table.primary_key.columns, key)))

    def loaded(self, session: Any, target: Target, key: List[str]) -> Optional[Dict[str, Any]]:
        from sqlalchemy import select

        if target.mapper is None:
            row = session.execute(select(*target.columns).where(self.condition(target, key))).first()
            return None if row is None else {"%s.%s" % (target.key, c.name): plain(v, c.type) for c, v in zip(target.columns, row)}
        instance = self.instance(session, target, key)
        if instance is None:
            return None
        mine = type(instance).__mapper__
        out = {}
        for attr in mine.column_attrs:
            for column in attr.columns:
                if getattr(column, "table", None) in mine.tables:
                    out["%s.%s" % (table_key(column.table), column.name)] = plain(getattr(instance, attr.key), column.type)
        return out

    def refused(self, target: Target, key: List[str]) -> Dict[str, Any]:
        """The columns that alone cannot be loaded, with what was said and what stands in the database."""
        from sqlalchemy import Text, cast, select

        out = {}
        for column in [c for c in target.columns if c.table is target.table]:
            where = self.condition(target, key)
            _, error = self.attempt(self.connection, partial(run_query, select(column).where(where)))
            if error is not None:
                stands, _ = self.attempt(self.connection, partial(run_query, select(cast(column, Text)).where(where)))
                out[column.name] = {**told(error), "value": stands[0][0] if stands else None}
        return out

    def instance(self, session: Any, target: Target, key: List[str]) -> Any:
        from sqlalchemy import select

        found = session.execute(select(target.mapper.class_).where(self.condition(target, key))).unique().scalars().all()
        return of_base(found, target.mapper)

    def deleted(self, session: Any, target: Target, key: List[str]) -> None:
        if target.mapper is None:
            session.execute(target.table.delete().where(self.condition(target, key)))
        else:
            session.delete(self.instance(session, target, key))
            session.flush()


def run_query(query: Any, session: Any) -> Any:
    """All its rows."""
    return session.execute(query).all()


def plain(value: Any, type_: Any) -> Tuple[str, Optional[str]]:
    """A value in a form that two processes can compare: its kind and its text; `other` is not comparable."""
    if value is None:
        return "null", None
    if isinstance(value, enum.Enum):
        text = literal(value, type_)
        return ("text", text.strip("'")) if text else ("other", None)
    if isinstance(value, bool):
        return "boolean", str(value)
    if isinstance(value, (int, float, decimal.Decimal)):
        number = decimal.Decimal(str(value))
        return "number", str(number.normalize() if number else decimal.Decimal(0))
    if isinstance(value, (str, uuid.UUID)):
        return "text", str(value)
    if isinstance(value, (bytes, memoryview)):
        return "bytes", bytes(value).hex()
    if isinstance(value, datetime.datetime):
        return "moment", (value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if value.tzinfo else value).isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return type(value).__name__, value.isoformat()
    if isinstance(value, datetime.timedelta):
        return "interval", repr(value.total_seconds())
    if isinstance(value, (list, dict)):
        return "json", dumps_sorted(value)
    return "other", None


COMMANDS.update(write=write, read=read)
