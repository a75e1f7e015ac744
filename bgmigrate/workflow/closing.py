"""The closing check: do both sides of what is kept in step agree in every row? Read-only; contract's gate asks for it."""

from __future__ import annotations

from collections.abc import Collection

from bgmigrate.backfill.batch import differs
from bgmigrate.backfill.keys import key_of
from bgmigrate.database import Connection
from bgmigrate.findings import Finding
from bgmigrate.journal import synchronizations
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.naming import ident
from bgmigrate.ops.sync import COLUMNS
from bgmigrate.ops.sync_function import Sync
from bgmigrate.sql import compose


def disagreements(connection: Connection, expands: Collection[str] | None = None) -> list[Finding]:
    """Rows in which a column that must have a value has none, or a pair of columns says two things: counted, with five keys each.

    `expands`: only what these revisions keep in step; None for all.
    """
    found = []
    for sync in synchronizations.all(connection):
        if expands is None or sync.revision in expands:
            found += _of(connection, sync)
    return found


def _of(connection: Connection, sync: Synchronization) -> list[Finding]:
    columns: dict[str, str] = dict(connection.execute(COLUMNS, [compose("{t:t}", t=sync.table)]).fetchall())
    spec = Sync(table=sync.table, columns=columns, forward=sync.spec.get("forward", {}), backward=sync.spec.get("backward", {}))
    out = []
    for column in sync.spec.get("required", []):
        out += _count(connection, sync, column, compose("{c:i} IS NULL", c=column), "has no value yet")
    for new, old in spec.pairs:
        forward = " OR ".join(differs(ident(c), f"({spec.forward[c]})", columns[c]) for c in new)
        backward = " OR ".join(differs(ident(c), f"({spec.backward[c]})", columns[c]) for c in old if c in spec.backward) or "false"
        out += _count(connection, sync, new[0], f"({forward}) AND ({backward})", f"does not say what {', '.join(old)} says")
    return out


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
            code="BGM907", table=sync.table, column=column, revision=sync.revision,
            what=f"{rows[0][0]} row(s) of {sync.table}: {column} {what} (keys {keys})",
            why="Contract would drop the other side and lose what is only there.",
            next=f"Mend these rows of {sync.table}, then run the same command again.",
        )
    ]
