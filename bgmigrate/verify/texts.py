"""Which texts a column takes that an enum of the other version is computed from: of all others its statements fail, and the model does not say so."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import psycopg

from bgmigrate.catalog import Table
from bgmigrate.database import Connection, connect
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.sql import compose
from bgmigrate.sql.references import references
from bgmigrate.verify.facts import Facts


def told(facts: Facts, synchronizations: Sequence[Synchronization]) -> Facts:
    """The facts with such columns' values: what `forward` gives of each of the enum's. Nothing is written."""
    enums = {compose("{t:t}", t=t.key) for t in facts.schema.types.values() if t.kind == "e"}
    texts: dict[str, Mapping[str, tuple[str, ...]]] = {}
    with connect(facts.url, purpose="verify") as c:
        for sync in synchronizations:
            if table := facts.schema.tables.get(sync.table):
                texts[sync.table] = {**texts.get(sync.table, {}), **_of(c, table, sync.spec, enums)}
    return replace(facts, texts={t: columns for t, columns in texts.items() if columns})


def _of(c: Connection, table: Table, spec: Mapping[str, Mapping[str, str]], enums: set[str]) -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = {}
    for old, backward in spec.get("backward", {}).items():
        if old not in table.columns or table.columns[old].type not in enums:
            continue
        for new, forward in spec.get("forward", {}).items():
            if new in table.columns and references(backward, {new}) and references(forward, table.columns) == {old}:
                values = _taken(c, table, old, new, forward, backward)
                out |= {new: values} if values else {}
    return out


def _taken(c: Connection, table: Table, old: str, new: str, forward: str, backward: str) -> tuple[str, ...]:
    """None where `backward` takes any text."""
    any_text = compose(
        "SELECT ({b:q}) FROM (SELECT 'bgm'::text::{y:q} AS {n:i}) AS {t:i}", b=backward, y=table.columns[new].type, n=new, t=table.name
    )
    each = compose(
        "SELECT DISTINCT ({f:q})::text FROM unnest(enum_range(NULL::{y:q})) AS {t:i} ({o:i}) ORDER BY 1",
        f=forward, y=table.columns[old].type, t=table.name, o=old,
    )
    try:
        with c.transaction(force_rollback=True):
            c.execute(any_text.encode())
    except psycopg.DataError:
        with contextlib.suppress(psycopg.Error), c.transaction(force_rollback=True):
            return tuple(v for (v,) in c.execute(each.encode()) if v is not None)
    except psycopg.Error:  # what else it may read, it is not computed from this column alone
        pass
    return ()
