"""Keeping two versions' columns in step by a trigger, from before anything can be missed until contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bgmigrate.database import Connection
from bgmigrate.journal import environments, synchronizations
from bgmigrate.naming import ident
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import COLUMNS, add_column, column_comment, nothing_filled_yet, refuse_another, there, type_of
from bgmigrate.ops.expressions import tried
from bgmigrate.ops.heirs import family
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.stop import StopSynchronizing
from bgmigrate.ops.sync_function import BACKFILL, Sync
from bgmigrate.sql import compose, load

# A BEFORE trigger of the application may change a column that its statement does not name; UPDATE OF would not notice.
_OTHERS = (
    "SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal AND tgtype & 2 = 2 AND tgtype & 1 = 1"
    " AND tgname !~ '^zz_bgm_'"
)

# What `exchange_columns` leaves on the trigger's function.
EXCHANGED = (
    "SELECT 1 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'bgmigrate' AND p.proname = %s"
    " AND obj_description(p.oid, 'pg_proc') = 'exchanged'"
)


def search_path(on: Runtime) -> str:
    """The schemas in which expressions are evaluated, whatever a session's own search_path is."""
    rows = on.fetch("SELECT unnest(current_schemas(false))")
    return ", ".join(ident(r[0]) for r in rows) or "public"


def other_triggers(on: Runtime, table: str) -> bool:
    """Has the application a BEFORE trigger there, which may change a row?"""
    return on.has(_OTHERS, compose("{t:t}", t=table))


def trigger(on: Runtime, name: str, sync: Sync, table: str) -> str:
    """The CREATE TRIGGER for a table, or one that inherits from it."""
    events = "UPDATE" if other_triggers(on, table) or not sync.watched else compose("UPDATE OF {c:i}", c=sync.watched)
    return load("create_sync_trigger", name=name, table=table, events=events)


def sparing(on: Runtime, table: str, written: Mapping[str, str]) -> list[str]:
    """What a session runs whose backfill writes just what this revision's trigger on the table would find in order: it returns at once."""
    mine = (table, on.revision, dict(written))
    own = [s.trigger for s in synchronizations.all(on.connection) if (s.table, s.revision, s.spec.get("forward")) == mine]
    return [compose("SELECT set_config({s:l}, {n:l}, false)", s=BACKFILL, n=n) for n in own[:1]]


@operation("synchronize_columns")
@dataclass
class SynchronizeColumns(Step):
    """Add columns and the trigger that computes them (and, for dropped ones, computes those), in one transaction: no write is missed.

    ACCESS EXCLUSIVE for an instant; rows are not touched. `forward` computes the new version's columns, `backward` the old one's,
    both in SQL over the table's columns. A `required` column is never left NULL. `mirror` computes columns that neither version writes,
    on every write: a column of another type beside the one that both versions use (`mirror_back`: what a foreign key's ON DELETE on it does to
    that one). `fill`: what takes a NULL's place in columns of both versions. `like`: whose grants and statistics target a column takes, where it
    is no copy. `lossy`: columns that a person lets be NULL for good where their expression cannot take what is there.
    """

    table: str
    name: str
    add: dict[str, str] = field(default_factory=dict)
    forward: dict[str, str] = field(default_factory=dict)
    backward: dict[str, str] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    mirror: dict[str, str] = field(default_factory=dict)
    mirror_back: dict[str, str] = field(default_factory=dict)
    like: dict[str, str] = field(default_factory=dict)
    fill: dict[str, str] = field(default_factory=dict)
    lossy: list[str] = field(default_factory=list)

    def run(self, on: Runtime) -> None:
        if on.has(EXCHANGED, self.name):
            return  # by a run that was killed after a later step: the columns have each other's names now
        refuse_another(on, self.table, self.add)
        self.try_expressions(on)
        sync, tables = self.sync(on), family(on, self.table)
        alone = not any(other_triggers(on, table) for table in tables)
        on.strong(
            tables,
            *(add_column(self.table, c, d) for c, d in self.add.items()),
            *(column_comment(self.table, c, m) for c, m in self.comments.items()),
            sync.function(self.name, search_path(on), alone=alone),
            *(trigger(on, self.name, sync, table) for table in tables),
            lock="ACCESS EXCLUSIVE" if self.add else "SHARE ROW EXCLUSIVE",
            before=lambda c: there(c, self.table),
            after=lambda c, before: self._after(on, c, before),
        )

    def sync(self, on: Runtime) -> Sync:
        """The rules of the trigger, over the table's columns as they are."""
        columns = dict(on.fetch(COLUMNS, compose("{t:t}", t=self.table))) | {c: type_of(d) for c, d in self.add.items()}
        if on.offline:  # the script does not know the table: the columns that the expressions are about stand for it
            columns |= dict.fromkeys((*self.forward, *self.backward, *self.mirror, *self.fill), "")
        live = None if on.offline or on.scratch else environments.live_environment(on.connection, on.settings.service)
        return Sync(
            table=self.table, columns=columns, forward=self.forward, backward=self.backward, required=self.required,
            mirror=self.mirror, mirror_back=self.mirror_back, fill=self.fill, green="blue" if live == "green" else "green",
        )

    def _after(self, on: Runtime, c: Connection, before: object) -> None:
        nothing_filled_yet(on, c, self.table, self.add, before)
        copies = {new: e.strip().strip('"').replace('""', '"') for new, e in {**self.forward, **self.mirror}.items()}
        for new, source in (copies | self.like).items():  # a successor keeps its predecessor's own grants and statistics target
            query = load("column_grants", table=compose("{t:t}", t=self.table), old=source, new=new)
            for grant in c.execute(query.encode()).fetchall():
                c.execute(grant[0].encode())
        if not on.scratch:
            spec = {"forward": self.forward, "backward": self.backward, "required": self.required, "mirror": self.mirror,
                    "mirror_back": self.mirror_back, "fill": self.fill, "lossy": self.lossy}
            synchronizations.record(c, revision=on.revision, table=self.table, trigger=self.name, function=self.name, spec=spec)

    def try_expressions(self, on: Runtime) -> None:
        """Let the server parse every expression over an empty copy of the table, before anything changes.

        Raises Refused (BGM904) with the server's words.
        """
        if on.offline:
            return
        c = on.connection
        for column, expression in (*self.forward.items(), *self.backward.items(), *self.mirror.items(), *self.fill.items()):
            called = f"{self.table}.{column}"
            with tried(called, expression, f"for {called}"), c.transaction(force_rollback=True):
                c.execute(load("try_copy", table=self.table, copy=self.table.rpartition(".")[2]).encode())
                for name, definition in self.add.items():
                    c.execute(compose("ALTER TABLE pg_temp.{t:i} ADD COLUMN IF NOT EXISTS {c:i} {d:q}", t=self.table.rpartition(".")[2],
                                      c=name, d=definition).encode())
                c.execute(compose("EXPLAIN UPDATE pg_temp.{t:i} SET {c:i} = ({e:q})", t=self.table.rpartition(".")[2], c=column,
                                  e=expression).encode())

    def undo(self) -> Step:
        return StopSynchronizing(self.table, self.name, list(self.add))

    def merge(self, other: Step) -> SynchronizeColumns | None:
        if isinstance(other, SynchronizeColumns) and (other.table, other.name) == (self.table, self.name):
            return SynchronizeColumns(
                self.table, self.name, self.add | other.add, self.forward | other.forward, self.backward | other.backward,
                self.required + other.required, self.comments | other.comments, self.mirror | other.mirror,
                self.mirror_back | other.mirror_back, self.like | other.like, self.fill | other.fill,
                self.lossy + other.lossy,
            )
        return None
