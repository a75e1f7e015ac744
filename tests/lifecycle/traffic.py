"""Two versions at work on one database, each through its own SQLAlchemy models, and the judge of what they read.

Every write is committed and then read by the version that made it (its own values must be there) and by the other one (what the case
says must be there). A row is *ruled* by the version that last wrote columns which only that version has: the other's follow from them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, MetaData, Table, and_, create_engine, delete, insert, select, text, update
from sqlalchemy.schema import CreateSchema

from bgmigrate.database import sqlalchemy_url
from tests.lifecycle.case import PRELUDE, Case, Row, Seen, Side, Write

SIDES: tuple[Side, Side] = ("blue", "green")


def load(text: str) -> MetaData:
    """The metadata of one version's models, in a namespace of their own."""
    names: dict[str, Any] = {"__name__": "models"}
    exec(compile(PRELUDE + text, "models.py", "exec", dont_inherit=True), names)
    names["Base"].registry.configure()
    metadata: MetaData = names["Base"].metadata
    return metadata


class Traffic:
    """The writers of both versions, and what they must read. `faults` is empty as long as every promise holds."""

    def __init__(self, case: Case, url: str) -> None:
        self.case = case
        self.models = {"blue": load(case.blue), "green": load(case.green)}
        self.writes: dict[Side, tuple[Write, ...]] = {"blue": case.blue_writes, "green": case.green_writes}
        self.faults: list[str] = []
        self._both = False
        self.slowest = 0.0  # seconds that one write took
        self._engines = {s: create_engine(sqlalchemy_url(url), connect_args={"application_name": f"shop-{s}"}) for s in SIDES}
        self._turns = dict.fromkeys(SIDES, 0)
        self._moved = threading.Condition()  # also keeps judge and writers apart: a row is judged before anyone writes it again
        self._stops: dict[Side, threading.Event] = {}
        self._threads: dict[Side, threading.Thread] = {}
        self._rulers: dict[tuple[str, Any], Side] = {}

    # --- writing
    def start(self, side: Side) -> None:
        """Let a version write from now on, on a connection of its own."""
        if not self.writes[side]:
            return
        self._stops[side] = threading.Event()
        self._threads[side] = threading.Thread(target=self._work, args=(side, self._stops[side]), name=f"{side} writer", daemon=True)
        self._threads[side].start()

    def stop(self, *sides: Side) -> None:
        """End writers (all when none is named) and give back their connections, as a drained version does."""
        for side in sides or SIDES:
            if side in self._threads:
                self._stops.pop(side).set()
                self._threads.pop(side).join(60)
            self._engines[side].dispose()

    def once(self, side: Side, rounds: int = 2) -> None:
        """Each of a version's statements, in this thread."""
        with self._moved:
            for _ in range(rounds * len(self.writes[side])):
                self._turn(side)

    def more(self, rounds: int = 2, patience: float = 60.0) -> None:
        """Wait until every running writer has gone through all its statements again, `rounds` times."""
        with self._moved:
            goals = {s: self._turns[s] + rounds * len(self.writes[s]) for s in self._threads}
            reached = self._moved.wait_for(lambda: bool(self.faults) or all(self._turns[s] >= g for s, g in goals.items()), patience)
        if not reached:
            self._fault(f"writers stand still: {self._turns}, wanted {goals} within {patience} s")

    def _work(self, side: Side, stop: threading.Event) -> None:
        while not stop.wait(0.01):  # an application thinks between two requests
            with self._moved:
                self._turn(side)
                self._moved.notify_all()

    def _turn(self, side: Side) -> None:
        number, which = divmod(self._turns[side], len(self.writes[side]))
        write = self.writes[side][which]
        began = time.monotonic()
        try:
            with self._engines[side].connect() as connection:
                self._write(connection, side, write, number)
        except Exception as error:  # whatever a version meets is a broken promise
            self._fault(f"{side}'s {write.kind} of {write.table}: {type(error).__name__}: {str(error).splitlines()[0]}")
        self._turns[side] += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    def _write(self, connection: Connection, side: Side, write: Write, number: int) -> None:
        table = self.models[side].tables[write.table]
        seen = next((s for s in self.case.seen if write.table in (s.table, s.renamed, *s.parts)), None)
        part = seen.parts.get(write.table) if seen else None
        keys = self._key(table)
        found = [*keys, *([table.columns[part]] if part else [])]
        values = write.values(number) if write.values else {}
        where = _at(keys, write.key(number)) if write.key else None
        if where is None:
            rows = connection.execute(insert(table).values(**values).returning(*found)).all()
        elif write.values is None:
            rows = connection.execute(delete(table).where(where).returning(*found)).all()
        else:
            rows = connection.execute(update(table).where(where).values(**values).returning(*found)).all()
        connection.commit()
        own = {c.name for c in table.columns} - self._columns(other(side), self._called(other(side), write.table))
        for row in rows:
            key = _plain(row[:-1] if part else row)
            subject = row[-1] if part else key
            if write.kind == "insert" or part or own & values.keys():
                self._rulers[seen.table if seen else write.table, subject] = side
            self._judge_write(connection, side, write, key, values, seen, subject)

    # --- judging
    def together(self, both: bool) -> None:
        """May each version be asked what it reads of the other's writes? Not before expand, and not after contract."""
        with self._moved:
            self._both = both

    def _judge_write(self, connection: Connection, side: Side, write: Write, key: Any, values: Row, seen: Seen | None, subject: Any) -> None:
        label = f"{side}'s {write.kind} of {write.table}[{key}]"
        mine = self._read(connection, side, write.table, key).get(key)
        both = {s: self._seen(connection, s, seen, subject).get(subject) for s in SIDES} if seen and self._both else {}
        connection.rollback()
        blue, green = both.get("blue"), both.get("green")
        if write.kind == "delete":
            if mine or (not (seen and write.table in seen.parts) and both.get(other(side))):
                self._fault(f"{label}: the row is still read")
        elif mine is None:
            self._fault(f"{label}: the writer does not read its row")
        elif lost := {c: (mine[c], v) for c, v in values.items() if mine[c] != v and not (v is None and c in self.case.filled)}:
            self._fault(f"{label}: the writer reads (got, wrote) {lost}")
        elif seen and both and both[other(side)] is None:
            self._fault(f"{label}: {other(side)} does not see it")
        wrong = differing(seen, self._rulers.get((seen.table, subject), "blue"), blue, green) if seen and blue and green else {}
        if wrong:
            self._fault(f"{label}: {other(side)} reads (got, should) {wrong}")

    def check(self, when: str) -> None:
        """Let both versions read every row of what both know."""
        with self._moved, self._engines["blue"].connect() as connection:
            for seen in self.case.seen:
                blue, green = (self._seen(connection, s, seen) for s in SIDES)
                if blue.keys() != green.keys():
                    self._fault(f"{when}: rows of {seen.table} that one version only sees: {sorted(map(str, blue.keys() ^ green.keys()))[:3]}")
                for key in blue.keys() & green.keys():
                    if wrong := differing(seen, self._rulers.get((seen.table, key), "blue"), blue[key], green[key]):
                        self._fault(f"{when}: {seen.table}[{key}]: (got, should) {wrong}")
                        break

    def memory(self, side: Side) -> dict[str, dict[Any, Row]]:
        """Every row as a version reads it, to be compared later by `same`."""
        with self._moved, self._engines[side].connect() as connection:
            return {t: self._read(connection, side, t) for t in self.models[side].tables}

    def same(self, side: Side, before: Mapping[str, Mapping[Any, Row]], when: str) -> None:
        """Rows that no writer names must read as they did. Call it while no writer runs."""
        for table, rows in self.memory(side).items():
            for key, row in before[table].items():
                if rows.get(key) != row:
                    self._fault(f"{when}: {side} reads {table}[{key}] as {rows.get(key)}, before it was {row}")
                    break

    def ruled_by(self, side: Side) -> None:
        """Every row follows from this version now: after a rollback, or when the other is gone."""
        self._rulers = dict.fromkeys(self._rulers, side)

    def _key(self, table: Table) -> list[Column[Any]]:
        """The columns that tell a table's rows apart."""
        named = next((s.key for s in self.case.seen if s.table == table.key and s.key), None)
        if named is not None:
            return [table.columns[named]]
        return list(table.primary_key.columns)

    def _called(self, side: Side, table: str) -> str:
        """What a version calls the table that either of them calls so."""
        seen = next((s for s in self.case.seen if s.renamed and table in (s.table, s.renamed)), None)
        return table if seen is None else seen.renamed if side == "green" else seen.table

    def _columns(self, side: Side, table: str) -> set[str]:
        found = self.models[side].tables.get(table)
        return {c.name for c in found.columns} if found is not None else set()

    def _seen(self, connection: Connection, side: Side, seen: Seen, key: Any = None) -> dict[Any, Row]:
        """Rows of what both versions read, as one of them reads them."""
        query = seen.blue if side == "blue" else seen.green
        if not query:
            return self._read(connection, side, self._called(side, seen.table), key)
        one = text(f"SELECT * FROM ({query}) seen WHERE CAST(:key AS text) IS NULL OR CAST({seen.key or 'id'} AS text) = CAST(:key AS text)")
        return {row[seen.key or "id"]: dict(row) for row in connection.execute(one, {"key": key}).mappings()}

    def _read(self, connection: Connection, side: Side, name: str, key: Any = None) -> dict[Any, Row]:
        table = self.models[side].tables[name]
        keys = self._key(table)
        query = select(*table.columns) if key is None else select(*table.columns).where(_at(keys, key))
        return {_plain([row[c.name] for c in keys]): dict(row) for row in connection.execute(query).mappings()}

    def _fault(self, text: str) -> None:
        if len(self.faults) < 12:
            self.faults.append(text)


def _plain(key: Sequence[Any]) -> Any:
    """A key of one column as its value."""
    return key[0] if len(key) == 1 else tuple(key)


def _at(columns: Sequence[Column[Any]], key: Any) -> ColumnElement[bool]:
    """The condition for the row with that key."""
    values = key if isinstance(key, tuple) else (key,)
    return and_(*(c == v for c, v in zip(columns, values, strict=True)))


def other(side: Side) -> Side:
    """The other version."""
    return "green" if side == "blue" else "blue"


def differing(seen: Seen, ruler: Side, blue: Row, green: Row) -> dict[str, tuple[Any, Any]]:
    """Columns of the version that follows which are not what the ruling version's row says."""
    source, target, rule = (blue, green, seen.to_green) if ruler == "blue" else (green, blue, seen.to_blue)
    want = {c: v for c, v in source.items() if c in target} | dict(rule(source))
    return {c: (target.get(c), w) for c, w in want.items() if not (w(target.get(c)) if callable(w) else target.get(c) == w)}


def create_all(text: str, engine: Engine) -> Iterable[Table]:
    """Build a version's schema as its own models do."""
    metadata = load(text)
    with engine.begin() as connection:
        for schema in sorted({t.schema for t in metadata.tables.values() if t.schema}):
            connection.execute(CreateSchema(schema, if_not_exists=True))
    metadata.create_all(engine)
    return metadata.sorted_tables
