"""The functions that keep columns in step under the names that these have in quarantine; and the texts that they had before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from bgmigrate.database import Connection
from bgmigrate.journal import environments, quarantines, synchronizations
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.ops.columns import COLUMNS
from bgmigrate.ops.move import FUNCTIONS, move_of
from bgmigrate.ops.move_functions import functions
from bgmigrate.ops.move_rules import Moved
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.sync import search_path
from bgmigrate.ops.sync_function import Sync
from bgmigrate.sql import compose, load
from bgmigrate.sql.references import identifiers

TEXT = (
    "SELECT p.proname, pg_get_functiondef(p.oid), (SELECT substr(s, 13) FROM unnest(p.proconfig) s WHERE s LIKE 'search\\_path=%%')"
    " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'bgmigrate' AND p.proname = ANY (%s)"
)
RULES = {"forward", "backward", "required", "mirror", "mirror_back", "mirror_from", "fill", "lossy"}


@dataclass(frozen=True, kw_only=True)
class InStep:
    """How one table's triggers get on while columns of it, or the table itself, are `aside`. To be run in the transaction that renames."""

    table: str  # its own key
    place: str  # its key from then on
    statements: tuple[str, ...]
    first: Mapping[str, str]  # the functions that speak of what is aside, with their first texts
    triggers: tuple[str, ...]  # those whose rules are about it
    again: tuple[str, ...]  # functions that have their first texts again

    def record(self, c: Connection) -> None:
        """Keep the first texts, and where the triggers are now."""
        for name, text in self.first.items():
            quarantines.keep_function(c, name, text)
        for name in self.again:
            quarantines.forget_function(c, name)
        synchronizations.set_aside(c, table=self.table, place=self.place, triggers=self.triggers)


def in_step(on: Runtime, table: str, aside: Mapping[str, str], *, place: str = "", now: str = "", back: Mapping[str, str] | None = None) -> InStep:
    """Let a table's functions speak of columns by the names that they have `aside` (own: there), and give the others their first texts back.

    `place`, `now`: the table's key from now on, and until now, where it is not `table`. `back`: columns that get their own names in this
    transaction, as `aside`.
    """
    place, now, back = place or table, now or place or table, back or {}
    texts, first, triggers, again = list[str](), dict[str, str](), list[str](), list[str]()
    known = quarantines.functions(on.connection)
    own = {q: c for c, q in {**aside, **back}.items()}
    found_columns = dict[str, str](on.connection.execute(COLUMNS, [compose("{t:t}", t=now)]).fetchall())
    columns = {own.get(c, c): kind for c, kind in found_columns.items()}
    for sync in synchronizations.all(on.connection, held=True):
        if (sync.aside or sync.table) != table or "part_of" in sync.spec:
            continue
        names = list(_functions(sync))
        if place == table and not _words(sync.spec) & {*aside}:
            again += [n for n in names if n in known]
            texts += [known[n] for n in names if n in known]
            continue
        found = {n: (text, path) for n, text, path in on.connection.execute(TEXT, [names]).fetchall()}
        first |= {n: known.get(n, text) for n, (text, _) in found.items()}
        triggers.append(sync.trigger)
        texts += _texts(on, sync, table, columns, aside, place, found.get(sync.function, ("", None))[1])
    return InStep(table=table, place=place, statements=tuple(texts), first=first, triggers=tuple(triggers), again=tuple(again))


def _functions(sync: Synchronization) -> Iterator[str]:
    if "move" not in sync.spec:
        yield sync.function
        return
    move = Moved(old=sync.table, new=sync.spec["move"]["new"], key=[], parts=[], old_columns={}, new_columns={})
    yield from map(move.name, FUNCTIONS)


def _words(spec: object) -> set[str]:
    """Every name in the rules: of a column that they are about, or that an expression reads."""
    if isinstance(spec, dict):
        return {*spec, *(w for v in spec.values() for w in _words(v))}
    if isinstance(spec, list):
        return {w for v in spec for w in (_words(v) | ({v} if isinstance(v, str) else set()))}
    return identifiers(spec) if isinstance(spec, str) else set()


def _texts(
    on: Runtime, sync: Synchronization, table: str, columns: Mapping[str, str], aside: Mapping[str, str], place: str, path: str | None
) -> Collection[str]:
    """CREATE OR REPLACE for the functions of one synchronization."""
    if "transform" in sync.spec:  # it marks rows whose values only the old version's writes could make stale
        return [load("create_sync_function", name=sync.function, path="", body="    -- what it would read is in quarantine")]
    live = environments.live_environment(on.connection, on.settings.service) or "green"
    if said := sync.spec.get("move"):
        move = move_of(on.connection, table, said["new"], said["key"], said["parts"], said["without"])
        move = replace(move, old_columns=columns, aside=aside, place=place if place != table else "")
        return functions(move, (path or search_path(on)).removesuffix(", pg_temp"), live)
    rules = Sync(table=table, columns=columns, green=live, aside=aside, **{k: v for k, v in sync.spec.items() if k in RULES})
    return [rules.function(sync.function, path or search_path(on))]
