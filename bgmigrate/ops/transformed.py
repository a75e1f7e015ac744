"""The trigger of a transform: it empties what a version's write has made stale, and marks the row for a catch-up pass; and its end.

There is no trigger that could run the project's Python. So a stale value is never left for a right one: until a pass comes by, the new version
reads NULL there, as it does before the first pass.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from bgmigrate.backfill.compare_and_set import empty, there
from bgmigrate.backfill.keys import Key
from bgmigrate.backfill.transform import Transform
from bgmigrate.naming import ident, trigger_name
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.heirs import family
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load, template

# Their text depends on the session's settings; a key must read the same whoever writes it.
_SPELT = {
    "date": ("DateStyle = 'ISO, YMD'",), "timestamp": ("DateStyle = 'ISO, YMD'", "TimeZone = 'UTC'"), "interval": ("IntervalStyle = 'postgres'",),
    "double precision": ("extra_float_digits = 1",), "real": ("extra_float_digits = 1",), "bytea": ("bytea_output = 'hex'",),
}


def name_of(table: str, transform: Transform) -> str:
    """The trigger's and its function's: it sorts after the `sync` ones, and sees what they have made of the row."""
    return trigger_name(table, transform.writes[0], "transform")


def marking(on: Runtime, table: str, key: Key, transform: Transform, backfill: int, green: str, every: bool) -> list[str]:
    """The statements that set the trigger up. `every`: an application's own BEFORE trigger may change a column that no statement names."""
    name, watched = name_of(table, transform), list(dict.fromkeys((*transform.reads, *key.columns)))
    settings = sorted({s for t in key.types for spelt, these in _SPELT.items() if t.startswith(spelt) for s in these})
    said = json.dumps({"transform": transform.function, "backfill": backfill, "columns": sorted({*transform.reads, *transform.writes})})
    return [
        load(
            "create_transform_function", name=name, green=green, backfill=backfill, changed=_changed(transform.reads),
            written=_changed(transform.writes), moved=_changed(key.columns), empty=empty(transform.writes, "NEW."),
            there=there(transform.reads, key.columns, "NEW."), nothing=" ".join(f"NEW.{ident(c)} := NULL;" for c in transform.writes),
            key=[f"NEW.{ident(c)}::text" for c in key.columns], settings="".join(f" SET {s}" for s in settings),
        ),
        compose("COMMENT ON FUNCTION bgmigrate.{n:i}() IS {m:l}", n=name, m=said),
        *(
            load("create_sync_trigger", name=name, table=t, events="UPDATE" if every else compose("UPDATE OF {c:i}", c=watched))
            for t in family(on, table)
        ),
    ]


def _changed(columns: Sequence[str]) -> str:
    # as text: the types' own operators may be in a schema that is not in the path
    return " OR ".join(f"NEW.{ident(c)}::text IS DISTINCT FROM OLD.{ident(c)}::text" for c in columns)


def ended(on: Runtime, table: str, columns: Sequence[str]) -> list[str]:
    """The statements that end every transform which reads or writes one of these columns, its marks and the journal's word of it included."""
    if on.offline or not columns or not on.exists(table):
        return []
    tables = family(on, table)
    asked = {"tables": [compose("{t:t}", t=t) for t in tables], "columns": list(columns)}
    found = on.connection.execute(template("transform_triggers").encode(), asked).fetchall()
    out = [compose("DROP TRIGGER IF EXISTS {n:i} ON {t:t}", n=n, t=t) for t, n in found]
    for name in dict.fromkeys(n for _, n in found):
        out.append(compose("DROP FUNCTION IF EXISTS bgmigrate.{n:i}()", n=name))
        if not on.scratch:
            out += [
                compose(
                    "DELETE FROM bgmigrate.due WHERE backfill_id IN"
                    " (SELECT (spec -> 'transform' ->> 'backfill')::bigint FROM bgmigrate.synchronization WHERE trigger = {n:l})", n=name,
                ),
                compose("DELETE FROM bgmigrate.synchronization WHERE trigger = {n:l}", n=name),
            ]
    return out


@operation("stop_transforming")
@dataclass
class StopTransforming(Step):
    """Drop the trigger that marks rows for a transform of these columns; what stands in them stays. SHARE ROW EXCLUSIVE for an instant.

    `drop_columns` and `stop_synchronizing` do it themselves for the columns that they drop.
    """

    table: str
    writes: list[str] = field(default_factory=list)

    def run(self, on: Runtime) -> None:
        if statements := ended(on, self.table, self.writes):
            on.strong(family(on, self.table), *statements, lock="ACCESS EXCLUSIVE")
