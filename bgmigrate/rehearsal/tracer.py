"""Follows every statement of a run: ours and plain Alembic's alike, for both end in a cursor of psycopg."""

from __future__ import annotations

import functools
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import psycopg
from psycopg import pq

from bgmigrate.database import Connection
from bgmigrate.ops import Step
from bgmigrate.rehearsal import notices
from bgmigrate.rehearsal.observer import Held, Observer
from bgmigrate.rehearsal.statement import MODES, Lock, Phase, Statement
from bgmigrate.sql import template

# What is no step, whatever it locks: questions, settings, and a transaction's begin and end.
_PASSED_OVER = re.compile(
    r"(?:SELECT|SHOW|SET|RESET|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START|FETCH|DECLARE|CLOSE|EXPLAIN|VALUES)\b"
    r"|WITH\b(?!.*\b(?:INSERT|UPDATE|DELETE|MERGE)\b)", re.IGNORECASE | re.DOTALL,
)
_ROWS = re.compile(r"(INSERT|UPDATE|DELETE|MERGE|COPY|WITH)\b", re.IGNORECASE)
# What PostgreSQL refuses inside of a transaction.
_OUTSIDE = re.compile(
    r"\s*(?:(?:CREATE|DROP|REINDEX)\b.*\bCONCURRENTLY\b|ALTER\s+TABLE\b.*\bDETACH\b.*\bCONCURRENTLY\b|VACUUM\b|REINDEX\s+(?:SCHEMA|DATABASE|SYSTEM)\b"
    r"|(?:CREATE|DROP)\s+DATABASE\b|ALTER\s+SYSTEM\b|CLUSTER\s*;?\s*$)", re.IGNORECASE | re.DOTALL,
)
_TEMPORARY = re.compile(r"(?:CREATE|DROP)\s+TEMP|.*\bpg_temp\.(?!.*\bUPDATE\b)", re.IGNORECASE | re.DOTALL)  # nobody else's business
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_NAMED = re.compile(r'\b(?:ADD|VALIDATE)\s+CONSTRAINT\s+("(?:[^"]|"")+"|\w+)', re.IGNORECASE)
_NOT_NULL = re.compile(r'ALTER\s+(?:COLUMN\s+)?("(?:[^"]|"")+"|\w+)\s+SET\s+NOT\s+NULL', re.IGNORECASE)
_RETRIED = ("55P03", "40P01")  # the operation tries again

State = dict[int, tuple[str, str, int, int, int]]  # oid -> schema, name, where its rows are, scans, rows scanned


class Tracer:
    """A `Watch`. `statements` grows with the run; `phase` is its owner's to set, by `begin`.

    `revisions`: the revision of each file. `told`: called with each statement when it has ended, `passing` after each operation.
    """

    def __init__(self, observer: Observer, revisions: Mapping[str, str], told: Callable[[Statement], None] = lambda s: None) -> None:
        self.observer, self.revisions, self.told = observer, revisions, told
        self.statements: list[Statement] = []
        self.phase: Phase = "expand"
        self.passing: Callable[[str, Step], None] = lambda revision, step: None
        self.initial: dict[int, str] = {}
        self.looking = True  # else statements are only timed, so that nothing of ours keeps a lock for longer
        self._notices: list[str] = []

    def begin(self, phase: Phase, initial: Mapping[int, str]) -> None:
        """A phase begins; `initial`: the relations that there are now and that applications use, by oid."""
        self.phase, self.initial = phase, dict(initial)

    def connected(self, connection: Connection) -> None:
        """Follow what this connection executes."""
        factory, tracer = connection.cursor_factory, self

        class Followed(factory):  # type: ignore[misc, valid-type]
            def execute(self, query: Any, params: Any = None, **kw: Any) -> Any:
                return tracer.follow(self.connection, query, lambda: super(Followed, self).execute(query, params, **kw))

            def executemany(self, query: Any, params_seq: Any, **kw: Any) -> Any:
                return tracer.follow(self.connection, query, lambda: super(Followed, self).executemany(query, params_seq, **kw))

        connection.cursor_factory = Followed
        connection.add_notice_handler(lambda d: self._notices.append(d.message_primary or ""))

    def passed(self, revision: str, step: Step) -> None:
        """An operation has been run."""
        self.passing(revision, step)

    def follow(self, c: Connection, query: Any, run: Callable[[], Any]) -> Any:
        """Run a statement, and look at what it does where it is one of a revision's."""
        sql = _text(query)
        if _PASSED_OVER.match(sql) or _TEMPORARY.match(sql) or (_ROWS.match(sql) and "bgmigrate." in sql):
            return run()
        if (where := _origin(self.revisions)) is None:
            return run()
        revision, path, line, op = where
        made = Statement(revision=revision, op=op, phase=self.phase, sql=sql, path=path, line=line)
        idle = c.info.transaction_status == pq.TransactionStatus.IDLE
        if not self.looking:
            return self._timed(made, run)
        if c.autocommit and idle and _OUTSIDE.match(sql):
            return self._outside(c, made, run)
        if c.autocommit and idle:  # its locks stay until they have been looked at
            with c.transaction():
                return self._inside(c, made, run)
        return self._inside(c, made, run)

    def _timed(self, made: Statement, run: Callable[[], Any]) -> Any:
        made.began = time.monotonic()
        try:
            return run()
        finally:
            made.seconds = time.monotonic() - made.began
            self.statements.append(made)

    def _inside(self, c: Connection, made: Statement, run: Callable[[], Any]) -> Any:
        first = c.info.transaction_status == pq.TransactionStatus.IDLE
        before = self._state(c, made)
        held = {} if first else self.observer.held(c.info.backend_pid)
        self._notices.clear()
        made.began = time.monotonic()
        try:
            return run()
        except psycopg.Error as error:
            _failed(made, error)
            raise
        finally:
            made.seconds = time.monotonic() - made.began
            self._ended(c, made, before, held, self.observer.held(c.info.backend_pid))

    def _outside(self, c: Connection, made: Statement, run: Callable[[], Any]) -> Any:
        before = self._state(c, made)
        self._notices.clear()
        result: list[Any] = []
        made.began = time.monotonic()
        seen: Held = {}

        def work() -> None:
            try:
                result.append(run())
            except psycopg.Error as error:
                _failed(made, error)
                raise

        waited = 0.0
        try:
            seen, waited = self.observer.during(c.info.backend_pid, work)
        finally:
            made.seconds = time.monotonic() - made.began - waited
            self._ended(c, made, before, {}, seen)
        return result[0]

    def _state(self, c: Connection, made: Statement) -> State:
        if c.info.transaction_status == pq.TransactionStatus.INERROR:
            return {}
        cursor = psycopg.Cursor(c)
        cursor.execute("SELECT set_config('client_min_messages', 'debug1', false)")
        rows = cursor.execute(template("rehearsal_state").encode()).fetchall()
        made.lock_timeout = rows[0][6] if rows else "0"
        return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}

    def _ended(self, c: Connection, made: Statement, before: State, held: Held, now: Held) -> None:
        """Say what the statement did; one that made only what nobody uses yet is a step as well."""
        work = notices.read(self._notices)
        after = {} if made.error else self._state(c, Statement(revision="", op="", phase=self.phase, sql=""))
        made.held = self._locks(held)
        made.locks = self._locks({k: v for k, v in now.items() if k not in held})
        known = {name.rpartition(".")[2] if "." in name else name: name for name in self.initial.values()}
        moved = [oid for oid, was in before.items() if oid in after and after[oid][2] != was[2] and oid in self.initial]
        truncated = re.match(r"\s*TRUNCATE\b", made.sql, re.IGNORECASE)
        made.rewrites = _unique([*(known[t] for t in work.rewrites if t in known), *(self.initial[o] for o in moved if not truncated)])
        made.verified = _unique(known[t] for t in work.verified if t in known)
        ours = [(i, known[t]) for i, t in work.indexes if t in known and not truncated]  # TRUNCATE builds them of nothing
        made.indexes_built, made.built_on = _unique(i for i, _ in ours), _unique(t for _, t in ours)
        made.validated = _unique([*work.foreign_keys, *(_checked(made.sql, made.verified))])
        made.proved = work.proved
        made.scanned = {
            self.initial[oid]: after[oid][4] - was[4]
            for oid, was in before.items() if oid in self.initial and oid in after and after[oid][3] > was[3] and not truncated
        }
        if _ROWS.match(made.sql) and not made.locks and not made.held:
            return  # Alembic's version table, or a table that is new
        if made.sqlstate not in _RETRIED:
            self.statements.append(made)
            self.told(made)

    def _locks(self, held: Held) -> tuple[Lock, ...]:
        """The strongest lock on each relation of the application's; of an index only one that blocks its readers."""
        best: dict[int, Lock] = {}
        for (oid, mode), (_, _, kind) in held.items():
            if oid in self.initial and (kind in "rpmv" or mode == MODES[7]) and kind not in "St":
                lock = Lock(relation=self.initial[oid], mode=mode, kind=kind)
                if oid not in best or MODES.index(mode) > MODES.index(best[oid].mode):
                    best[oid] = lock
        return tuple(sorted(best.values(), key=lambda x: (-MODES.index(x.mode), x.relation)))


def _failed(made: Statement, error: psycopg.Error) -> None:
    made.error, made.sqlstate = (error.diag.message_primary or str(error)).strip(), error.sqlstate


def _checked(sql: str, tables: tuple[str, ...]) -> list[str]:
    """The names of the constraints that rows were checked against, as far as the statement has them."""
    if not tables:
        return []
    return [m[1].strip('"') for m in _NAMED.finditer(sql)] or [f"{tables[0]}.{m[1]}".replace('"', "") for m in _NOT_NULL.finditer(sql)]


def _unique(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _text(query: Any) -> str:
    text = query.decode() if isinstance(query, bytes) else str(query)
    return _COMMENTS.sub("", text).strip()


_absolute = functools.cache(os.path.abspath)


def _origin(revisions: Mapping[str, str]) -> tuple[str, str, int, str] | None:
    """The revision, its file and line and the operation that this statement comes from; None for what is no revision's."""
    frame: FrameType | None = sys._getframe(2)
    op = ""
    while frame is not None:
        code, file = frame.f_code, _absolute(frame.f_code.co_filename)
        if not op and code.co_name == "invoke" and code.co_filename.endswith("operations/base.py"):
            op = _verb(frame.f_locals.get("operation"))
        if file in revisions:
            return revisions[file], file, frame.f_lineno, op or "execute"
        frame = frame.f_back
    return None


def _verb(operation: Any) -> str:
    """What a revision calls it: `op.<verb>(…)`."""
    if isinstance(operation, Step):
        return operation.verb
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(operation).__name__.removesuffix("Op")).lower()
    return "execute" if name.startswith("execute") else name
