"""Do two tables that are kept in step agree? Read-only, counted, with five keys."""

from __future__ import annotations

from bgmigrate.backfill.keys import key_of
from bgmigrate.database import Connection
from bgmigrate.naming import ident, split
from bgmigrate.ops.move_rules import Moved, Part
from bgmigrate.sql import compose, load

Found = tuple[int, list[str]]


def wrong(connection: Connection, move: Moved, part: Part) -> Found | None:
    """Old rows whose new row is missing or says something else: how many, and up to five of their keys; None when there is none."""
    n = split(move.new)[1]
    function = load(
        "move_wrong", old=move.old, new=move.new, n=n, mine=move.mine(part, ident(n), "bgm_is"), when=move.when(part, "bgm_is"),
        bare=move.is_bare(part, "bgm_is"), one_way="false" if part.backward else "true", says_old=move.says_old(part, "bgm_row", "bgm_is"),
        says_new=move.says_new(part, "bgm_is", "bgm_row"),
    )
    return _count(connection, move.old, function, "bgm_wrong")


def unread(connection: Connection, move: Moved) -> Found | None:
    """New rows of which the old table says nothing, so that they would be lost with the new one: likewise."""
    o = split(move.old)[1]
    parts = []
    for part in move.parts:
        says = f"{move.says_old(part, 'bgm_is', 'bgm_row')} OR {move.says_new(part, 'bgm_row', 'bgm_is')}" if part.backward else (
            move.follows(part, move.derived(part), "bgm_is", "bgm_row"))
        parts.append(f"    IF {move.is_part(part, 'bgm_is')} AND ({says}) THEN\n        RETURN false;\n    END IF;")
    function = load("move_unread", old=move.old, new=move.new, o=o, linked=move.linked("bgm_is", ident(o)), parts="\n".join(parts))
    return _count(connection, move.new, function, "bgm_unread")


def _count(connection: Connection, table: str, function: str, called: str) -> Found | None:
    key = key_of(connection, table)
    shown = key.as_text if key else "ctid::text"
    name = split(table)[1]
    query = "SELECT count(*) OVER (), {k:q} FROM {t:t} AS {n:i} WHERE pg_temp.{f:i}({n:i}.*) LIMIT 5"
    with connection.transaction(force_rollback=True):  # the function would keep the table from being dropped
        connection.execute(function.encode())
        rows = connection.execute(compose(query, k=shown, t=table, n=name, f=called).encode()).fetchall()
    return (rows[0][0], [", ".join(map(str, r[1:])) for r in rows]) if rows else None
