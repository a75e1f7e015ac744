"""Which locks a step's statements take, read from the server while they run; what they scan and rewrite, in the server's own words.

A transaction keeps its locks to its end, so after each statement another connection sees what it has taken. VALIDATE is given a transaction for
that, and what cannot have one (CONCURRENTLY) is kept waiting by a writer of its table and looked at meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import psycopg

from bgmigrate.backfill import session
from bgmigrate.database import Connection, connect
from bgmigrate.ops import Step
from bgmigrate.ops.runtime import Runtime
from tests.lifecycle.steps import Stage, halfway

# Weakest first. A lock that adds nothing to one that is held already is not told.
MODES = ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")
LOCKS = """
    SELECT CASE WHEN nspname = 'public' THEN '' ELSE nspname || '.' END || relname, relkind IN ('i', 'I'), mode FROM pg_locks l
      JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = relnamespace
     WHERE l.pid = %s AND locktype = 'relation' AND granted AND relkind <> 't' AND nspname !~ '^pg_|^information_schema$|^bgmigrate$'
"""
# PostgreSQL says these at client_min_messages = debug1
TELLING = (
    (r'rewriting table "(.*)"', "rewrites {}"), (r'verifying table "(.*)"', "scans {}"), (r'building index "(.*)" on table ".*" .*', "builds {}"),
    (r'validating foreign key constraint "(.*)"', "scans for {}"),
    (r'existing constraints on column ".*\.(.*)" are sufficient to prove that it does not contain nulls', "a CHECK proves {} without a scan"),
)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One statement: the relations on which it newly holds a lock that others may notice, and what it does with rows."""

    statement: str
    transaction: int  # those with one number share it, and keep its locks to its end
    locks: tuple[tuple[str, str], ...]  # mode, relation; strongest first
    blocks: str  # whom they keep waiting, with those that the transaction has had before: "nobody", "writes", "reads and writes"
    rows: str


class Tracer(Runtime):
    """A run whose statements are looked at."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.taken: list[Taken] = []
        self._watched: tuple[str, ...] = ()
        self._transaction, self._held = 0, dict[str, int]()
        self._notices: list[str] = []
        self.watch = psycopg.connect(self.url, autocommit=True)
        self.connection.add_notice_handler(lambda d: self._notices.append(d.message_primary or ""))
        self.connection.execute("SET client_min_messages = debug1")
        tracer = self

        class Cursor(psycopg.Cursor[Any]):
            def execute(self, query: Any, *rest: Any, **options: Any) -> Any:
                text = query.decode() if isinstance(query, bytes) else str(query)
                statement = next((p for p in rest[0] if isinstance(p, str)), "") if "bgm_write_batch(%s" in text else ""
                if statement.startswith("UPDATE ") and not tracer.taken:
                    tracer._begin((statement,))
                    with self.connection.transaction():  # to be looked at before it is over
                        found = super().execute(query, *rest, **options)
                        tracer.look(statement, tracer.watch, self.connection)
                    return found
                batch = text.startswith("UPDATE ") and not text.startswith("UPDATE bgmigrate.") and not tracer.taken
                if text not in tracer._watched and not batch:
                    return super().execute(query, *rest, **options)
                if batch:
                    tracer._begin((text,))
                tracer._notices.clear()
                found = super().execute(query, *rest, **options)
                if self.connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                    tracer.look(text, tracer.watch, self.connection)
                return found

        def worker(*arguments: Any, **options: Any) -> Connection:
            opened = connect(*arguments, **options)
            opened.cursor_factory = Cursor
            return opened

        self.connection.cursor_factory = Cursor
        self._patched = mock.patch.object(session, "connect", worker)
        self._patched.start()

    def close(self) -> None:
        self._patched.stop()
        self.watch.close()
        super().close()

    def strong(
        self, tables: Sequence[str], *statements: str, lock: str = "", before: Callable[[Connection], object] | None = None,
        after: Callable[[Connection, object], None] | None = None,
    ) -> None:
        self._begin(statements)
        super().strong(tables, *statements, lock=lock, before=before, after=after)
        self._begin()

    def weak(self, tables: Sequence[str], statement: str, *, seconds: float | None = None) -> None:
        self._begin((statement,))
        if "CONCURRENTLY" in statement:
            with halfway(self.connection, self.url, tables, lambda: Runtime.weak(self, tables, statement)) as watch:
                self._notices.clear()
                self.look(statement, watch)
        else:
            with self.connection.transaction():
                super().weak(tables, statement)
        self._begin()

    def _begin(self, statements: tuple[str, ...] = ()) -> None:
        self._watched, self._held = statements, {}
        self._transaction += bool(statements)

    def look(self, statement: str, watch: Connection, by: psycopg.Connection[Any] | None = None) -> None:
        """Note what the connection (of a worker, or the run's own) holds more than it did before."""
        new: dict[str, int] = {}
        for relation, index, mode in watch.execute(LOCKS, [(by or self.connection).info.backend_pid]):
            strength = MODES.index(_words(mode))
            # a weak lock on an index is what every statement takes on every index of its table
            if strength > self._held.get(relation, -1) and (not index or strength >= 3):
                new[relation] = max(new.get(relation, -1), strength)
        self._held |= new
        strongest = max(self._held.values(), default=0)
        self.taken.append(Taken(
            statement=statement, transaction=self._transaction, locks=tuple((MODES[s], r) for r, s in sorted(new.items(), key=lambda i: (-i[1], i[0]))),
            blocks="reads and writes" if strongest == 7 else "writes" if strongest >= 4 else "nobody", rows=self._rows(statement),
        ))

    def _rows(self, statement: str) -> str:
        if statement.startswith("UPDATE "):
            return "writes the rows of one batch"
        if "CREATE" in statement and "INDEX CONCURRENTLY" in statement:
            return "scans the table twice"
        told = [  # a wide column may get its table a TOAST table, which is empty
            text.format(found[1]) for n in self._notices for form, text in TELLING if (found := re.fullmatch(form, n)) and "pg_toast" not in found[1]
        ]
        return ", ".join(dict.fromkeys(told)) or "none"


def _words(mode: str) -> str:
    return " ".join(re.findall(r"[A-Z][a-z]+", mode.removesuffix("Lock"))).upper()


def traced(stage: Stage, steps: Sequence[Step]) -> list[tuple[Step, list[Taken]]]:
    """Run steps on a stage whose runtime is a Tracer; the statements of each."""
    on = stage.on
    assert isinstance(on, Tracer)
    out = []
    for step in steps:
        on.taken = []
        stage.step(step)
        out.append((step, on.taken))
    return out
