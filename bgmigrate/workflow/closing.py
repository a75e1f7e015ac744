"""The closing check: do both sides of what is kept in step agree in every row? Read-only; contract's gate asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bgmigrate.backfill.batch import as_stored, differs
from bgmigrate.backfill.keys import key_of
from bgmigrate.database import Connection
from bgmigrate.findings import Finding
from bgmigrate.journal import synchronizations
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.naming import ident, split
from bgmigrate.ops import move_checks
from bgmigrate.ops.columns import COLUMNS
from bgmigrate.ops.move import recorded
from bgmigrate.ops.sync_function import Sync
from bgmigrate.sql import compose, load

SAYS = "IF (SELECT {e:q} FROM (SELECT r.*) AS {t:i}) THEN RETURN true; END IF"


def disagreements(connection: Connection, expands: Collection[str] | None = None) -> list[Finding]:
    """Rows in which a column that must have a value has none, a pair of columns says two things, or `forward` could not take blue's value.

    Counted, with five keys each. `expands`: only what these revisions keep in step; None for all.
    """
    found: list[Finding] = []
    for sync in synchronizations.all(connection):
        if expands is None or sync.revision in expands:
            if "part_of" in sync.spec:
                continue
            if "move" in sync.spec:
                found += _tables(connection, sync)
                continue
            columns: dict[str, str] = dict(connection.execute(COLUMNS, [compose("{t:t}", t=sync.table)]).fetchall())
            rules = Sync(table=sync.table, columns=columns, **sync.spec)
            found += [f for column, wrong, what in _checks(connection, rules) for f in _count(connection, sync, column, wrong, what)]
    return found


def _checks(connection: Connection, rules: Sync) -> Iterator[tuple[str, str, str]]:
    """(column, condition of a wrong row, what is wrong with it)."""
    for column in (*rules.required, *rules.fill):
        yield column, compose("{c:i} IS NULL", c=column), "has no value yet"
    for new, old in rules.pairs:
        forward = " OR ".join(differs(ident(c), f"({rules.forward[c]})", rules.columns[c]) for c in new)
        backward = " OR ".join(differs(ident(c), f"({rules.backward[c]})", rules.columns[c]) for c in old if c in rules.backward) or "false"
        both = f"({forward}) AND ({backward})"
        wrong = _contained(connection, rules, SAYS, both, not {*new} & {*rules.lossy})
        yield new[0], wrong, f"does not say what {', '.join(old)} says"
    for column, expression in rules.mirror.items():
        unlike = differs(ident(column), as_stored(expression, rules.columns[column]), rules.columns[column])
        if (made := rules.mirror_from.get(column)) is not None:  # a value may be written in another form there, and mean the same
            source = rules.inputs(expression)[0]
            unlike = f"({unlike}) AND ({differs(ident(source), as_stored(made, rules.columns[source]), rules.columns[source])})"
        wrong = _contained(connection, rules, SAYS, unlike, column not in rules.lossy)
        yield column, wrong, f"does not say what {', '.join(rules.inputs(expression))} says"
    for column, expression in rules.derived.items():
        if column in rules.forward and column not in (*rules.required, *rules.lossy) and rules.inputs(expression):
            wrong = _contained(connection, rules, "PERFORM ({e:q}) FROM (SELECT r.*) AS {t:i}", expression)
            yield column, compose("{c:i} IS NULL AND {w:q}", c=column, w=wrong), f"could not be computed ({expression})"


def _contained(connection: Connection, rules: Sync, statement: str, expression: str, fails: bool = True) -> str:
    """The condition that a statement over a row says true, or fails (if that is wrong); a plain query would fail with the first such row."""
    table, said = split(rules.table)[1], "true" if fails else "false"
    connection.execute(
        load("closing_check", name="bgm_wrong", table=rules.table, statement=compose(statement, e=expression, t=table), fails=said).encode()
    )
    return compose("pg_temp.bgm_wrong({t:i})", t=table)


def _tables(connection: Connection, sync: Synchronization) -> Iterator[Finding]:
    """Rows of a table whose columns have moved to another one, and that do not agree with their rows there."""
    move = recorded(connection, sync)
    for part in move.parts:
        if found := move_checks.wrong(connection, move, part):
            count, keys = found
            of = ", ".join(part.backward or part.forward)
            yield Finding(
                code="BGM907", probe="data", table=sync.table, column=next(iter(part.backward), None), revision=sync.revision,
                what=f"{count} row(s) of {sync.table}: {move.new} says something else than {of}, or has no row (keys {'; '.join(keys)})",
                why="Contract would drop the old columns and lose what is only there.",
                next=f"Mend these rows of {sync.table} (or empty their columns, where {move.new} has no row for good reason),"
                " then run the same command again.",
            )


def _count(connection: Connection, sync: Synchronization, column: str, condition: str, what: str) -> list[Finding]:
    key = key_of(connection, sync.table)
    shown = key.as_text if key else "ctid::text"
    rows = connection.execute(
        compose("SELECT count(*) OVER (), {k:q} FROM {t:t} WHERE {w:q} LIMIT 5", k=shown, t=sync.table, w=condition).encode()
    ).fetchall()
    if not rows:
        return []
    keys = "; ".join(", ".join(map(str, r[1:])) for r in rows)
    return [
        Finding(
            code="BGM907", probe="data", table=sync.table, column=column, revision=sync.revision,
            what=f"{rows[0][0]} row(s) of {sync.table}: {column} {what} (keys {keys})",
            why="Contract would drop the other side and lose what is only there.",
            next=f"Mend these rows of {sync.table}, then run the same command again.",
        )
    ]
