"""The text of the functions that keep two tables in step. Pure.

The old version's write locks the old row, then the new one. The new version's statement locks the new row first, whatever a trigger does
(PostgreSQL locks it before BEFORE triggers fire), so the two can close a circle: then it is the new version's transaction that gives way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bgmigrate.backfill.batch import differs
from bgmigrate.naming import ident, split
from bgmigrate.ops.move_rules import Moved, Part, whole
from bgmigrate.sql import compose, literal, load


def functions(move: Moved, search_path: str, green: str) -> list[str]:
    """CREATE OR REPLACE FUNCTION for each; `green`: the environment that the new table belongs to."""
    path = f"{search_path}, pg_temp"  # last, so that nobody's temporary table stands before a real one
    return [
        load("create_move_function", name=move.name(), path=path, old=move.place or move.old, new=move.new, body=_old_side(move, green)),
        _hold(move, path),
        compose("REVOKE ALL ON FUNCTION bgmigrate.{n:i} FROM PUBLIC", n=move.name("hold")),
        load("create_move_function", name=move.name("back"), path=path, old=move.place or move.old, new=move.new, body=_new_side(move)),
    ]


def _common(move: Moved) -> dict[str, Any]:
    return {"name": move.name(), "old": move.place or move.old, "new": move.new, "o": split(move.old)[1], "n": split(move.new)[1]}


def _changed(columns: Collection[str], types: Mapping[str, str], aside: Mapping[str, str] | None = None) -> str:
    named = {c: ident((aside or {}).get(c, c)) for c in columns}
    return "(" + (" OR ".join(differs(f"bgm_is.{n}", f"bgm_was.{n}", types[c]) for c, n in named.items()) or "false") + ")"


def _read_changed(move: Moved, columns: Collection[str], types: Mapping[str, str], aside: Mapping[str, str] | None = None) -> str:
    """Has anything changed of what expressions read?"""
    return "(bgm_is::text IS DISTINCT FROM bgm_was::text)" if move.guessed else _changed(columns, types, aside)


def _assigned(values: Mapping[str, str], aside: Mapping[str, str] | None = None) -> list[str]:
    return [compose("{c:i} = {v:q}", c=(aside or {}).get(c, c), v=v) for c, v in values.items()]


def _about(move: Moved, part: Part) -> str:
    return " <-> ".join(", ".join(c) for c in ([c for c in part.forward if c not in move.link], list(part.backward)) if c)


def _old_side(move: Moved, green: str) -> str:
    """INSERT (at the end of its transaction: the new version may write the other row itself), UPDATE; and, before a row goes, its DELETE."""
    common, keys = _common(move), list(move.link.values())
    here = " AND ".join(f"{move.at(ident(common['o']), c)} = {move.at('bgm_is', c)}" for c in keys)
    parts = "\n".join(_forward(move, part, green) for part in move.parts)
    return load(
        "move_old_side", **common, moved=_changed(keys, move.old_columns, move.aside), here=here, parts=parts,
        gone=move.linked(ident(common["n"]), "bgm_was"),
    )


def _forward(move: Moved, part: Part, green: str) -> str:
    common = _common(move)
    n, o = ident(common["n"]), ident(common["o"])
    mine = move.mine(part, n, "bgm_now")
    derived = [
        load("move_derived", **common, column=c, value=move.forward(part, c, "bgm_now"), mine=mine, held=move.follows(part, [c], n, "bgm_was"))
        for c in move.derived(part)
    ]
    common |= {
        "about": _about(move, part), "changed": _read_changed(move, move.read(part), move.old_columns, move.aside), "mine": mine,
        "when": move.when(part, "bgm_now"),
        "by_green": f"(TG_OP = 'INSERT' AND coalesce(current_setting('bgmigrate.environment', true), '') = {literal(green)})",
        "columns": list(part.forward), "values": [f"({e})" for e in part.forward.values()],
        "whole": whole("bgm_now", "; ".join(part.forward.values()), move.aside), "key": list(move.key), "derived": "\n".join(derived),
    }
    if not part.backward:
        return load("move_forward_only", **common, held=move.follows(part, move.derived(part), n, "bgm_was"))
    paired = move.paired(part) or list(move.link)[:1]  # with none there is nothing to set
    return load(
        "move_forward", **common, here=" AND ".join(f"{move.at(o, c)} = {move.at('bgm_now', c)}" for c in move.link.values()),
        bare=move.is_bare(part, "bgm_now"), says_old=move.says_old(part, "bgm_row", "bgm_now"), says_new=move.says_new(part, "bgm_now", "bgm_row"),
        back=_assigned({c: move.backward(part, c, "bgm_row") for c in part.backward}, move.aside),
        forth=_assigned({c: move.forward(part, c, "bgm_now") for c in paired}),
    )


def _new_side(move: Moved) -> str:
    read = [c for c in move.new_columns if any(c in (*move.told(p), *move.key) for p in move.parts)]
    is_, was = (", ".join(f"{row}.{ident(c)}" for c in move.link) for row in ("bgm_is", "bgm_was"))
    parts = "\n".join(_backward(move, part) for part in move.parts if part.backward)
    changed, moved = _read_changed(move, read, move.new_columns), _changed(move.link, move.new_columns)
    same = " AND ".join(f"{ident(split(move.new)[1])}.{ident(c)} = bgm_is.{ident(c)}" for c in move.key)
    return load(
        "move_new_side", **_common(move), hold=move.name("hold"), changed=changed, moved=moved, was=was, same=same, parts=parts,
        two_way=move.two_way, **{"is": is_},
    )


def _backward(move: Moved, part: Part) -> str:
    common = _common(move)
    o = ident(common["o"])
    return load(
        "move_backward_certain" if move.certain(part) else "move_backward", **common, about=_about(move, part), was=move.is_part(part, "bgm_was"),
        moved=_changed(move.key, move.new_columns), cleared=_assigned({c: move.lacking(c) for c in part.backward}, move.aside),
        before=move.linked("bgm_was", o), bare=move.is_bare(part, o), changed=_read_changed(move, move.told(part), move.new_columns),
        back=_assigned({c: move.backward(part, c, "bgm_is") for c in part.backward}, move.aside), here=move.linked("bgm_is", o),
        says_old=move.says_old(part, "bgm_is", o), says_new=move.says_new(part, o, "bgm_is"), **{"is": move.is_part(part, "bgm_is")},
    )


def _hold(move: Moved, path: str) -> str:
    common = _common(move)
    said = f"a row of {move.old} that belongs to a row of {move.new} is locked by another transaction"
    return load(
        "create_hold_function", **common | {"name": move.name("hold")}, path=path,
        types=[compose("{t:t}.{c:i}%TYPE", t=move.new, c=c) for c in move.link],
        at=" AND ".join(f"{move.at(ident(common['o']), c)} = ${i}" for i, c in enumerate(move.link.values(), 1)),
        timeout=f"{said} for longer than lock_timeout", deadlock=f"{said}, which waits for this one",
    )
