"""What contract is to drop, renamed away first: every name change is one short transaction with the functions that keep it in step.

Other tools drop, or rename and stop there (`_trash`): what is renamed then goes stale, and cannot be had back without a loss. Ours goes on being
written by its triggers, so that it has the same name and the same meaning again whenever somebody needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bgmigrate.database import Connection
from bgmigrate.journal import quarantines
from bgmigrate.journal.quarantines import Aside
from bgmigrate.naming import gone_name, index_key, key, split
from bgmigrate.ops.columns import there
from bgmigrate.ops.constraints import RequireNotNull, add_and_validate, referenced
from bgmigrate.ops.heirs import family, linked
from bgmigrate.ops.in_step import InStep, in_step
from bgmigrate.ops.require_data import RequireData
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, template
from bgmigrate.sql.violations import of_not_null

NOT_NULL = "SELECT k.conname FROM pg_constraint k WHERE k.conrelid = to_regclass(%s) AND k.contype = 'n' AND k.conkey = ARRAY[(%s)::smallint]"
NUMBER = "SELECT attnum FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s"


def columns_aside(on: Runtime, revision: str, table: str, columns: Sequence[str]) -> None:
    """Rename columns away, with what binds them taken off: ACCESS EXCLUSIVE for an instant, on what foreign keys tie to them as well.

    From then on nothing of theirs can make a write fail, and they follow every one of them. Of those that are done already nothing is done.
    """
    names = {c: gone_name(table, c) for c in columns if c in there(on.connection, table)}
    if not names:
        return
    asked = {"table": compose("{t:t}", t=table), "columns": list(names)}
    not_null: dict[str, str | None] = dict(on.connection.execute(template("taken_not_null").encode(), asked).fetchall())
    bound = [
        {"table": key(schema, name), "name": constraint, "definition": definition, "validated": validated, "comment": comment}
        for schema, name, constraint, definition, validated, comment in on.connection.execute(template("taken_away").encode(), asked)
    ]
    step = in_step(on, table, _names(quarantines.asides(on.connection)).get(table, {}) | names)

    def record(c: Connection, _: object) -> None:
        step.record(c)
        for i, (column, aside) in enumerate(names.items()):
            away: dict[str, Any] = {"not_null": not_null[column], "required": True} if column in not_null else {}
            quarantines.set_aside(
                c, revision=revision, table=table, column=column, aside=aside, away=away | ({"constraints": bound} if bound and not i else {})
            )

    on.strong(
        linked(on, family(on, table), list(names)),
        *(compose("ALTER TABLE {t:t} DROP CONSTRAINT {n:i}", t=b["table"], n=b["name"]) for b in bound),
        *(compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} DROP NOT NULL", t=table, c=c) for c in not_null),
        *(compose("ALTER TABLE {t:t} RENAME COLUMN {a:i} TO {b:i}", t=table, a=a, b=b) for a, b in names.items()),
        *step.statements,
        lock="ACCESS EXCLUSIVE",
        after=record,
    )


def table_aside(on: Runtime, revision: str, table: str) -> None:
    """Rename a table away: ACCESS EXCLUSIVE for an instant. Views over it, its rows, keys and grants stay as they are."""
    if not on.exists(table):
        return
    aside = gone_name(table)
    place = index_key(table, aside)
    step = in_step(on, table, _names(quarantines.asides(on.connection)).get(table, {}), place=place, now=table)

    def record(c: Connection, _: object) -> None:
        step.record(c)
        quarantines.set_aside(c, revision=revision, table=table, column=None, aside=aside, away={})

    on.strong([table], compose("ALTER TABLE {t:t} RENAME TO {n:i}", t=table, n=aside), *step.statements, after=record)


def names_back(on: Runtime, rows: Sequence[Aside]) -> None:
    """Give these their names again, tables first, each table in one transaction with its functions: ACCESS EXCLUSIVE for an instant.

    What was taken off them is still to come: `bound_again`.
    """
    for row in (r for r in reversed(rows) if r.column is None and not r.returned):
        place = index_key(row.table, row.aside)
        step = in_step(on, row.table, _names(quarantines.asides(on.connection)).get(row.table, {}), now=place)
        rename = compose("ALTER TABLE {t:t} RENAME TO {n:i}", t=place, n=split(row.table)[1])
        on.strong([place], rename, *step.statements, after=_recorder(step, [row]))
    for table in dict.fromkeys(r.table for r in reversed(rows) if r.column and not r.returned):
        mine = [r for r in rows if r.table == table and r.column and not r.returned]
        back = _names(mine)[table]
        rest = {c: q for c, q in _names(quarantines.asides(on.connection))[table].items() if c not in back}
        step = in_step(on, table, rest, back=back)
        renames = [compose("ALTER TABLE {t:t} RENAME COLUMN {q:i} TO {c:i}", t=table, q=q, c=c) for c, q in back.items()]
        on.strong(family(on, table), *renames, *step.statements, lock="ACCESS EXCLUSIVE", after=_recorder(step, mine))


def lifted(c: Connection, rows: Sequence[Aside]) -> None:
    """Give these their names again on a copy of the database where nobody is: nothing else, and no journal is asked."""
    for row in (r for r in reversed(rows) if not r.returned):
        if row.column:
            c.execute(compose("ALTER TABLE {t:t} RENAME COLUMN {q:i} TO {c:i}", t=row.table, q=row.aside, c=row.column).encode())
        else:
            place = index_key(row.table, row.aside)
            c.execute(compose("ALTER TABLE {t:t} RENAME TO {n:i}", t=place, n=split(row.table)[1]).encode())


def _recorder(step: InStep, rows: Sequence[Aside]) -> Callable[[Connection, object], None]:
    def record(c: Connection, _: object) -> None:
        step.record(c)
        quarantines.returned(c, [r.id for r in rows])

    return record


def require_values(on: Runtime, rows: Sequence[Aside]) -> None:
    """Raise Refused, with their number and keys, while there are rows without a value in a column that is to be NOT NULL again. Reads only."""
    placed = {r.table: index_key(r.table, r.aside) for r in rows if r.column is None and not r.returned}
    for row in rows:
        if row.column and row.away.get("required"):
            name = row.column if row.returned else row.aside
            RequireData(
                placed.get(row.table, row.table), of_not_null(name),
                f"have no value in {row.what}, which was NOT NULL: the new version wrote what it cannot be computed from", code="BGM502",
            ).run(on)


def bound_again(on: Runtime, row: Aside) -> None:
    """Put back what was taken off a column when it was renamed away: NOT NULL and constraints, each validated while reads and writes go on."""
    if row.away.get("required") and row.column:
        RequireNotNull(row.table, [row.column]).run(on)
        _name_not_null(on, row.table, row.column, row.away.get("not_null"))
    for b in row.away.get("constraints", ()):
        if b["validated"]:
            add_and_validate(on, b["table"], b["name"], b["definition"])
        elif not on.has("SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s", compose("{t:t}", t=b["table"]), b["name"]):
            on.strong(
                [*referenced(b["definition"]), b["table"]],
                compose("ALTER TABLE {t:t} ADD CONSTRAINT {n:i} {d:q}", t=b["table"], n=b["name"], d=b["definition"]), lock="SHARE ROW EXCLUSIVE",
            )
        if b["comment"]:
            on.strong([b["table"]], compose("COMMENT ON CONSTRAINT {n:i} ON {t:t} IS {m:l}", n=b["name"], t=b["table"], m=b["comment"]))
    with on.connection.transaction():
        quarantines.restored(on.connection, row.id)


def _name_not_null(on: Runtime, table: str, column: str, name: str | None) -> None:
    """Give a NOT NULL the name that it had, where PostgreSQL gives them names."""
    place = compose("{t:t}", t=table)
    found = on.fetch(NOT_NULL, place, on.fetch(NUMBER, place, column)[0][0]) if name else []
    if name and found and found[0][0] != name:
        on.strong([table], compose("ALTER TABLE {t:t} RENAME CONSTRAINT {a:i} TO {b:i}", t=table, a=found[0][0], b=name))


def _names(rows: Sequence[Aside]) -> dict[str, dict[str, str]]:
    """By table: its columns in quarantine, with their names there."""
    out: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.column and not row.returned:
            out.setdefault(row.table, {})[row.column] = row.aside
    return out
