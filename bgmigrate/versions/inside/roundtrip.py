"""Insert, select, update and delete of every class and table of a version, as its own SQLAlchemy and driver do it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS, VERSION, table_key
    from bgmigrate.versions.inside.extremes import labels, widths
    from bgmigrate.versions.inside.hooks import SILENCED
    from bgmigrate.versions.inside.rows import Maker, ParentFailed, Target
    from bgmigrate.versions.inside.samples import Sampler
    from bgmigrate.versions.inside.session import told, with_connection
    from bgmigrate.versions.inside.together import together

SAMPLERS: Dict[str, Sampler] = {}
INSERT, SELECT, UPDATE, DELETE = 8, 1, 4, 16  # pg_relation_is_updatable()'s bits; SELECT is always there
Stage = Tuple[str, int, Callable[[Any, Any], None]]


def sampler(facts: Dict[str, Any], first: int, database: str) -> Sampler:
    """The values of one database: what its CHECKs taught once is not learned again."""
    if database not in SAMPLERS:
        SAMPLERS[database] = Sampler(facts, first)
    SAMPLERS[database].facts = facts
    return SAMPLERS[database]


def roundtrip(
    url: str, driver: str, facts: Dict[str, Any], first: int, deferrable: bool, only: Optional[List[str]] = None, limits: str = ""
) -> List[Dict[str, Any]]:
    """Try everything and leave nothing; one result for each thing tried. `only`: the names of targets."""

    def work(connection: Any) -> List[Dict[str, Any]]:
        transaction = connection.begin()
        try:
            if limits:
                connection.exec_driver_sql(limits)
            maker = Maker(VERSION, sampler(facts, first, url), connection)
            trip = Trip(maker, facts, deferrable)
            for target in maker.targets:
                if only is None or target.name in only:
                    trip.run(target)
            return trip.results
        finally:
            transaction.rollback()

    return list(with_connection(url, driver, work))


class Trip:
    """The stages of each target; a stage that fails is told, and the others are tried on a new row."""

    def __init__(self, maker: Maker, facts: Dict[str, Any], deferrable: bool) -> None:
        self.maker, self.facts, self.deferrable = maker, facts, deferrable
        self.results: List[Dict[str, Any]] = []

    def run(self, target: Target) -> None:
        """Minimal insert; full insert and all that follows; one insert for each enum label."""
        if not self.allows(target, INSERT):
            self.read_at_least(target)
            return
        began = len(self.results)
        self.maker.shared.ready(target)
        _, minimal = self.maker.settled(lambda s: self.inserted(s, target, full=False))
        self.note(target, "insert minimal", minimal)
        stages, full = [s for s in self.stages(target) if self.allows(target, s[1])], True
        while stages:
            at: List[str] = ["insert full"]

            def work(session: Any, stages: List[Stage] = stages, at: List[str] = at, full: bool = full) -> None:
                row = self.inserted(session, target, full=full)
                for name, _, stage in stages:
                    at[0] = name
                    stage(session, row)

            _, error = self.maker.settled(work)
            names = [s[0] for s in stages]
            reached = names.index(at[0]) if at[0] in names else -1
            if full and (len(stages) == len(self.stages(target)) or error is None or reached < 0):
                self.note(target, "insert full", error if reached < 0 else None)
            for name in names[: max(reached, 0)]:
                self.note(target, name, None)
            if reached < 0:
                if full and (isinstance(error, ParentFailed) or minimal is None):
                    full = False  # its parents, or a column that a view computes, cannot be written; a row without them is still read and deleted
                    continue
                self.read_at_least(target)
                break
            self.note(target, at[0], error, self.culprits(target) if error is not None and at[0] == "update" else None)
            if error is not None and at[0] == "delete":
                self.results[-1]["alone"] = self.maker.settled(lambda s: self.delete_alone(s, target))[1] is None
            stages = stages[reached + 1 :] if error is not None else []
        for column, value in labels(target) if minimal is None else ():  # a row that cannot be written says nothing of them
            _, error = self.maker.settled(partial(self.inserted, target=target, full=False, fixed={column: value}))
            self.note(target, "insert label", error, [column.name], str(getattr(value, "name", value)))
        for column, wide in widths(self.facts, target) if minimal is None else ():
            _, error = self.maker.settled(partial(self.inserted, target=target, full=False, fixed={column: wide}))
            self.note(target, "insert wide", error, [column.name])
        if not any(r["error"] for r in self.results[began:]):  # what fails for single rows need not be told again
            for name, write in together(self.maker, target, self.allows(target, DELETE)):
                _, error = self.maker.settled(partial(self.checked, write))
                self.note(target, name, error)
                self.results[-1]["together"] = True

    def read_at_least(self, target: Target) -> None:
        """Select from what cannot be written."""
        _, error = self.maker.settled(lambda s: s.execute(self.query(target).limit(1)).all())
        self.note(target, "select", error)

    def checked(self, write: Callable[[Any], None], session: Any) -> None:
        """A write whose deferred constraints have spoken."""
        write(session)
        self.check(session)

    def stages(self, target: Target) -> List[Stage]:
        """What is done with a full row, in order; the row goes with the last."""
        if target.mapper is None:
            plain: List[Stage] = [
                ("select", SELECT, lambda s, row: self.core_select(s, target, row)),
                ("delete", DELETE, lambda s, row: self.core_delete(s, target, row)),
            ]
            if any(not c.primary_key and not target.is_generated(c) for c in target.columns):
                plain.insert(1, ("update", UPDATE, lambda s, row: self.core_update(s, target, row)))
            return plain
        out: List[Stage] = [("select", SELECT, lambda s, row: self.reload(s, target, row))]
        for relation in sorted(target.mapper.relationships, key=lambda r: r.key):
            if relation.lazy not in ("raise", "raise_on_sql", "noload", True) or relation.lazy == "select":
                out.append(("load " + relation.key, SELECT, partial(self.load, relation)))
        out.append(("update", UPDATE, lambda s, row: self.update(s, target, row)))
        out.append(("delete", DELETE, lambda s, row: self.delete(s, row)))
        return out

    def inserted(self, session: Any, target: Target, **how: Any) -> Any:
        row = self.maker.insert(session, target, **how)
        self.check(session)
        return row

    def reload(self, session: Any, target: Target, row: Any) -> None:
        """Read the row back and compare what was written."""
        names = list(target.columns.values())
        before = {n: getattr(row, n) for n in names}
        session.expire(row)
        session.refresh(row)
        wrong = [n for n in names if before[n] is not None and not same(before[n], getattr(row, n))]
        if wrong:
            raise Differs(wrong[0], before[wrong[0]], getattr(row, wrong[0]))

    def load(self, relation: Any, session: Any, row: Any) -> None:
        """Read a relationship as the application would."""
        value = getattr(row, relation.key)
        if hasattr(value, "all") and relation.lazy == "dynamic":
            value.all()
        elif hasattr(value, "select") and relation.lazy == "write_only":
            session.execute(value.select()).all()

    def update(self, session: Any, target: Target, row: Any, only: Any = None) -> None:
        """Write every column anew, and read it back."""
        values = self.maker.values(session, target, full=True, update=True)
        if only is not None:
            values = {c: v for c, v in values.items() if c is only}
        self.maker.assign(target, row, values)
        session.flush()
        self.check(session)
        if only is None:
            self.reload(session, target, row)

    def delete(self, session: Any, row: Any) -> None:
        """Delete through the session, so that its cascades run."""
        session.delete(row)
        session.flush()
        self.check(session)

    def delete_alone(self, session: Any, target: Target) -> None:
        """Delete a row that has nothing but what it requires: does the delete itself work, and only a cascade not?"""
        row = self.inserted(session, target, full=False)
        if target.mapper is None:
            self.core_delete(session, target, row)
        else:
            self.delete(session, row)

    def culprits(self, target: Target) -> List[str]:
        """The columns whose UPDATE alone fails."""
        if target.mapper is None:
            return []
        out = []
        for column in target.columns:
            def work(session: Any, column: Any = column) -> None:
                self.update(session, target, self.inserted(session, target, full=True), column)

            if not column.primary_key and self.maker.settled(work)[1] is not None:
                out.append(column.name)
        return out

    def core_select(self, session: Any, target: Target, row: Any) -> None:
        session.execute(self.query(target).where(self.maker.where(target, row))).one()

    def core_update(self, session: Any, target: Target, row: Any) -> None:
        values = self.maker.values(session, target, full=True, update=True)
        where = self.maker.where(target, row)
        if values and target.table.primary_key:
            session.execute(target.table.update().where(where).values({c.key: v for c, v in values.items() if not c.primary_key}))
            self.check(session)

    def core_delete(self, session: Any, target: Target, row: Any) -> None:
        session.execute(target.table.delete().where(self.maker.where(target, row)))
        self.check(session)

    def query(self, target: Target) -> Any:
        from sqlalchemy import select

        return select(*target.columns) if target.mapper is None else select(target.mapper.class_)

    def allows(self, target: Target, operation: int) -> bool:
        """Whether the relation takes such statements at all; a view may only be there to be read."""
        return operation == SELECT or bool(self.facts.get(target.key, {}).get("allows", 28) & operation)

    def check(self, session: Any) -> None:
        """Let deferred constraints speak now."""
        if self.deferrable:
            from sqlalchemy import text

            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

    def note(self, target: Target, stage: str, error: Optional[Exception], columns: Optional[List[str]] = None, label: Optional[str] = None) -> None:
        tables = [table_key(t) for t in target.mapper.tables] if target.mapper is not None else [target.key]
        fault = None if error is None else {**told(error), **({"column": error.column} if isinstance(error, Differs) else {})}
        # a class may have less than its table (another base's class of it, exclude_properties), and be there to be read
        partial = bool(fault and fault.get("state") == "23502" and fault.get("column") not in [c.name for c in target.columns])
        self.results.append({
            "target": target.name, "table": target.key, "tables": tables, "stage": stage, "columns": columns or [], "label": label,
            "error": fault, "partial": partial, "unhooked": SILENCED[0] if SILENCED else None,
        })


class Differs(Exception):
    """A value was read back other than it was written."""

    def __init__(self, column: str, wrote: Any, read: Any) -> None:
        super().__init__("%s was written as %r and read back as %r" % (column, wrote, read))
        self.column = column


def same(wrote: Any, read: Any) -> bool:
    """Equal as the application would see it; what cannot be compared counts as equal."""
    try:
        return bool(wrote == read) or str(wrote) == str(read)
    except Exception:  # comparing is the application's code for types of its own
        return True


COMMANDS["roundtrip"] = roundtrip
