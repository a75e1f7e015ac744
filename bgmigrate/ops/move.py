"""Keeping two tables in step by triggers on both, from before anything can be missed until contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bgmigrate.database import Connection
from bgmigrate.journal import backfills, environments, synchronizations
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.naming import split
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import COLUMNS, drop_column
from bgmigrate.ops.expressions import tried
from bgmigrate.ops.heirs import family
from bgmigrate.ops.move_functions import functions
from bgmigrate.ops.move_rules import Moved, Part
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.sync import other_triggers, search_path
from bgmigrate.sql import compose, load
from bgmigrate.sql.references import identifiers

TRIGGER = "SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = %s"
ON_OLD, ON_NEW = ("move", "made", "gone"), ("hold", "back")  # the triggers' roles
FUNCTIONS = ("move", "back", "hold")


def move_of(c: Connection | None, old: str, new: str, key: list[str], parts: list[dict[str, Any]], without: dict[str, str]) -> Moved:
    """The move that an operation's arguments (or the journal) tell of. Without a connection the expressions' words stand for the columns."""
    read = [Part(forward=p["forward"], when=p.get("when") or "true", backward=p.get("backward") or {}) for p in parts]
    if c is None:
        of_old = {i for p in read for e in (*p.forward.values(), p.when) for i in identifiers(e)} | {c for p in read for c in p.backward}
        of_new = {i for p in read for e in p.backward.values() for i in identifiers(e)} | {*read[0].forward}
        return Moved(
            old=old, new=new, key=key, parts=read, without=without, old_columns=dict.fromkeys(sorted(of_old), ""),
            new_columns=dict.fromkeys(sorted(of_new), ""), guessed=True,
        )
    there = [dict[str, str](c.execute(COLUMNS, [compose("{t:t}", t=t)]).fetchall()) for t in (old, new)]
    return Moved(old=old, new=new, key=key, parts=read, without=without, old_columns=there[0], new_columns=there[1])


def recorded(c: Connection, sync: Synchronization) -> Moved:
    """The move that the journal tells of, by its main trigger."""
    said = sync.spec["move"]
    return move_of(c, sync.table, said["new"], said["key"], said["parts"], said["without"])


@operation("synchronize_tables")
@dataclass
class SynchronizeTables(Step):
    """Make the triggers by which a write to either table shows in the other, in one transaction. SHARE ROW EXCLUSIVE on both for an instant.

    `key`: the new table's columns that identify a row. Each of `parts` is a row that an old row may have: `forward` gives its columns and `when`
    says whether there is one, in SQL over the old table's row; `backward` gives old columns, in SQL over the new table's row. `without`: what
    an old column holds while there is no new row (NULL where nothing is said).
    """

    old: str
    new: str
    key: list[str]
    parts: list[dict[str, Any]]
    without: dict[str, str] = field(default_factory=dict)

    def run(self, on: Runtime) -> None:
        move = move_of(None if on.offline else on.connection, self.old, self.new, self.key, self.parts, self.without)
        self._try(on, move)
        live = None if on.offline or on.scratch else environments.live_environment(on.connection, on.settings.service)
        on.strong(
            [self.old, self.new],
            *functions(move, search_path(on), "blue" if live == "green" else "green"), *self._triggers(on, move),
            lock="SHARE ROW EXCLUSIVE",
            before=lambda c: c.execute(TRIGGER, [compose("{t:t}", t=self.old), move.name()]).fetchone(),
            after=lambda c, before: self._record(on, c, move, before),
        )

    def _triggers(self, on: Runtime, move: Moved) -> Iterator[str]:
        for table in family(on, self.old):
            def trigger(role: str, when: str, events: str, table: str = table) -> str:
                return load("create_move_trigger", name=move.name(role), when=when, events=events, table=table, function=move.name())

            if on.offline or not on.has(TRIGGER, compose("{t:t}", t=table), move.name("made")):  # there is no CREATE OR REPLACE for it
                yield load("create_move_insert_trigger", name=move.name("made"), table=table, function=move.name())
            read = [c for c in move.old_columns if any(c in move.read(p) for p in move.parts)]
            every = move.guessed or other_triggers(on, table)
            yield trigger("move", "AFTER", "UPDATE" if every else compose("UPDATE OF {c:i}", c=read))
            # BEFORE: the foreign keys of the new table would refuse it otherwise
            yield trigger("gone", "BEFORE", "DELETE OR UPDATE" if every else compose("DELETE OR UPDATE OF {c:i}", c=list(move.link.values())))
        told = [c for c in move.new_columns if any(c in (*move.told(p), *move.key) for p in move.parts)]
        every = move.guessed or other_triggers(on, self.new)
        events = "INSERT OR DELETE OR UPDATE"
        common: dict[str, Any] = {"table": self.new, "function": move.name("back")}
        yield load("create_move_trigger", name=move.name("hold"), when="BEFORE", events=events, **common)
        if move.two_way:
            only = "" if every else compose(" OF {c:i}", c=told)
            yield load("create_move_trigger", name=move.name("back"), when="AFTER", events=events + only, **common)

    def _record(self, on: Runtime, c: Connection, move: Moved, before: object) -> None:
        if on.scratch:
            return
        if before is None:  # what the journal says of a backfill is about a former table of the same name
            backfills.begin_again(c, revision=on.revision, table=self.old, columns=[self.new])
        spec = {"move": {"new": self.new, "key": self.key, "parts": self.parts, "without": self.without}}
        for table, roles, function in ((self.old, ON_OLD, "move"), (self.new, ON_NEW if move.two_way else ON_NEW[:1], "back")):
            for role in roles:
                synchronizations.record(
                    c, revision=on.revision, table=table, trigger=move.name(role), function=move.name(function),
                    spec=spec if role == "move" else {"part_of": move.name()},
                )

    def _try(self, on: Runtime, move: Moved) -> None:
        """Let the server plan every expression. Raises Refused (BGM904) with its words."""
        if on.offline:
            return
        for what, statement, expression in self._trials(move):
            with tried(what, expression, f"on {self.new}"), on.connection.transaction(force_rollback=True):
                on.connection.execute(("EXPLAIN " + statement).encode())

    def _trials(self, move: Moved) -> Iterator[tuple[str, str, str]]:
        """(what it is for, a statement that has the expression in its place, the expression)."""
        o, n = (compose("{t:t} AS {a:i}", t=t, a=split(t)[1]) for t in (self.old, self.new))
        linked = move.linked("bgm_new", "bgm_old")
        yield self.new, compose("SELECT FROM {n:t} AS bgm_new, {o:t} AS bgm_old WHERE {w:q}", n=self.new, o=self.old, w=linked), linked
        for part in move.parts:
            yield self.new, compose("SELECT FROM {o:q} WHERE ({e:q})", o=o, e=part.when), part.when
            for c, e in part.forward.items():
                yield f"{self.new}.{c}", compose("INSERT INTO {t:t} ({c:i}) SELECT ({e:q}) FROM {o:q}", t=self.new, c=c, e=e, o=o), e
            for c, e in part.backward.items():
                one = compose("(SELECT ({e:q}) FROM {n:q} LIMIT 1)", e=e, n=n)
                yield f"{self.old}.{c}", compose("UPDATE {t:t} SET {c:i} = {v:q}", t=self.old, c=c, v=one), e

    def undo(self) -> Step:
        return StopSynchronizingTables(self.old, self.new, whole=True)


@operation("stop_synchronizing_tables")
@dataclass
class StopSynchronizingTables(Step):
    """Drop the triggers of both tables and the old one's columns in one transaction, so that no write meets one without the other.

    ACCESS EXCLUSIVE on both for an instant. `whole`: the new table goes with them, whose foreign keys would refuse the old version's deletes.
    """

    old: str
    new: str
    drop: list[str] = field(default_factory=list)
    whole: bool = False

    def run(self, on: Runtime) -> None:
        # as the version that still writes locks them: its own table, then by our triggers the other one
        there = [t for t in ((self.new, self.old) if self.drop else (self.old, self.new)) if on.exists(t)]
        move = Moved(old=self.old, new=self.new, key=[], parts=[], old_columns={}, new_columns={})
        triggers = [(t, r) for t in (family(on, self.old) if self.old in there else []) for r in ON_OLD]
        triggers += [(self.new, r) for r in ON_NEW] if self.new in there else []
        on.strong(
            there,
            *(compose("DROP TRIGGER IF EXISTS {n:i} ON {t:t}", n=move.name(role), t=table) for table, role in triggers),
            *(compose("DROP FUNCTION IF EXISTS bgmigrate.{n:i}", n=move.name(role)) for role in FUNCTIONS),
            *(drop_column(self.old, c) for c in self.drop if self.old in there),
            *([compose("DROP TABLE IF EXISTS {t:t}", t=self.new)] if self.whole else []),
            lock="ACCESS EXCLUSIVE",
            after=lambda c, _: None if on.scratch else self._forget(c, move),
        )

    def removes(self) -> Iterable[tuple[str, str | None]]:
        return [(self.old, c) for c in self.drop]

    def _forget(self, c: Connection, move: Moved) -> None:
        for table, roles in ((self.old, ON_OLD), (self.new, ON_NEW)):
            for role in roles:
                synchronizations.remove(c, table=table, trigger=move.name(role))
