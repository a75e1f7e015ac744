"""The text of the functions that keep two tables in step. Pure.

The old version's write locks the old row, then the new one. The new version's statement locks the new row first, whatever a trigger does
(PostgreSQL locks it before BEFORE triggers fire), so the two can close a circle: then it is the new version's transaction that gives way.
"""

from __future__ import annotations

from bgmigrate.backfill.batch import differs
from bgmigrate.naming import ident, split
from bgmigrate.ops.move_rules import Moved, Part
from bgmigrate.sql import compose, literal, load

_ENTER = "    PERFORM set_config('bgmigrate.moving', {name:l}, true);"
_LEAVE = "    PERFORM set_config('bgmigrate.moving', bgm_outer, true);"


def functions(move: Moved, search_path: str, green: str) -> list[str]:
    """CREATE OR REPLACE FUNCTION for each; `green`: the environment that the new table belongs to."""
    path = f"{search_path}, pg_temp"  # last, so that nobody's temporary table stands before a real one
    out = [load("create_move_function", name=move.name(), path=path, old=move.old, new=move.new, body=_forward(move, green))]
    if move.two_way:
        out.append(_hold(move, path))
        out.append(compose("REVOKE ALL ON FUNCTION bgmigrate.{n:i} FROM PUBLIC", n=move.name("hold")))
        out.append(load("create_move_function", name=move.name("back"), path=path, old=move.old, new=move.new, body=_backward(move)))
    return out


def _types(move: Moved) -> list[str]:
    return [compose("{t:t}.{c:i}%TYPE", t=move.new, c=c) for c in move.link]


def _names(move: Moved) -> dict[str, str]:
    return {"old": move.old, "new": move.new, "o": split(move.old)[1], "n": split(move.new)[1]}


def _changed(columns: list[str], types: dict[str, str]) -> str:
    return " OR ".join(differs(f"NEW.{ident(c)}", f"OLD.{ident(c)}", types[c]) for c in columns) or "false"


def _forward(move: Moved, green: str) -> str:
    """INSERT (at the end of its transaction: the new version may write the other row itself), UPDATE; and, before a row goes, its DELETE."""
    key = _changed(list(move.link.values()), dict(move.old_columns))
    gone = compose("DELETE FROM {new:t} AS {n:i} WHERE {w:q};", **_names(move), w=move.linked(ident(split(move.new)[1]), "OLD"))
    at = " AND ".join(f"{ident(split(move.old)[1])}.{ident(o)} = NEW.{ident(o)}" for o in move.link.values())
    again = compose("SELECT {o:i}.* INTO bgm_now FROM {old:t} AS {o:i} WHERE {w:q};", **_names(move), w=at)
    return "\n".join([
        "    IF TG_WHEN = 'BEFORE' THEN",
        f"        IF TG_OP = 'UPDATE' AND NOT ({key}) THEN",
        "            RETURN NEW;",
        "        END IF;",
        "    " + compose(_ENTER, name=move.name()),
        "        BEGIN",
        f"            {gone}",
        "        EXCEPTION WHEN foreign_key_violation THEN",
        "            NULL; -- rows that only the new version knows hold on to it",
        "        END;",
        f"    {_LEAVE}",
        "        IF TG_OP = 'DELETE' THEN",
        "            RETURN OLD;",
        "        END IF;",
        "        RETURN NEW;",
        "    END IF;",
        "    bgm_fresh := TG_OP = 'INSERT' OR " + key + ";",
        f"    {again}",
        "    IF NOT FOUND THEN",
        "        RETURN NULL; -- it went again in the same transaction",
        "    END IF;",
        compose(_ENTER, name=move.name()),
        *(_part_forward(move, part, green) for part in move.parts),
        _LEAVE,
        "    RETURN NULL;",
    ])


def _part_forward(move: Moved, part: Part, green: str) -> str:
    n = ident(split(move.new)[1])
    mine = move.mine(part, n, "bgm_now")
    by_green = f"(TG_OP = 'INSERT' AND coalesce(current_setting('bgmigrate.environment', true), '') = {literal(green)})"
    wanted = f"NOT {by_green}" + (f" AND (bgm_fresh OR NOT ({move.is_bare(part, 'bgm_now')}))" if part.backward else "")
    gone = compose("DELETE FROM {new:t} AS {n:i} WHERE {m:q};", **_names(move), m=mine)
    refused = ["BEGIN", f"    {gone}", "EXCEPTION WHEN integrity_constraint_violation THEN NULL;", "END;"] if part.backward else ["NULL;"]
    return load(
        "move_forward", **_names(move), about=_about(move, part), changed=_changed(move.read(part), dict(move.old_columns)), mine=mine,
        when=move.when(part, "bgm_now"), wanted=wanted, columns=list(part.forward), values=[f"({e})" for e in part.forward.values()],
        key=list(move.key), found=_indented(_found(move, part, mine), 12),
        derived=_indented(_derived(move, part, mine), 12), refused=_indented(refused, 16),
    )


def _found(move: Moved, part: Part, mine: str) -> list[str]:
    """What becomes of the new row that is there."""
    n, old = _names(move), ident(split(move.old)[1])
    gone = "DELETE FROM {new:t} AS {n:i} WHERE {m:q};"
    if not part.backward:
        own = move.follows(part, move.derived(part), ident(n["n"]), "OLD")
        return [f"ELSIF TG_OP = 'UPDATE' AND NOT {move.when(part, 'bgm_now')} THEN", "    " + compose(gone, **n, m=f"{mine} AND {own}")]
    here = " AND ".join(f"{old}.{ident(o)} = bgm_now.{ident(o)}" for o in move.link.values())
    back = [compose("{c:i} = {v:q}", c=c, v=move.backward(part, c, "bgm_row")) for c in part.backward]
    forth = [compose("{c:i} = {v:q}", c=c, v=move.forward(part, c, "bgm_now")) for c in move.paired(part)]
    return [
        f"ELSIF {move.says_old(part, 'bgm_row', 'bgm_now')} THEN",
        "    NULL; -- it is the new version's own write, coming back",
        f"ELSIF {move.says_new(part, 'bgm_now', 'bgm_row')} THEN",
        "    NULL; -- `forward` loses something: there is nothing that it could say better",
        f"ELSIF TG_OP = 'INSERT' AND {move.is_bare(part, 'bgm_now')} THEN",
        "    -- the new version wrote its row first",
        "    " + compose("UPDATE {old:t} AS {o:i} SET {s:q} WHERE {w:q};", **n, s=back, w=here),
        f"ELSIF {move.when(part, 'bgm_now')} THEN",
        "    " + (compose("UPDATE {new:t} AS {n:i} SET {s:q} WHERE {m:q};", **n, s=forth, m=mine) if forth else "NULL;"),
        "ELSE",
        "    " + compose(gone, **n, m=mine),
    ]


def _derived(move: Moved, part: Part, mine: str) -> list[str]:
    """A column that only follows is computed again as long as it still holds what its inputs gave."""
    n, lines = _names(move), list[str]()
    for c in move.derived(part):
        held = move.follows(part, [c], ident(n["n"]), "OLD")
        value = move.forward(part, c, "bgm_now")
        lines += [
            "    BEGIN",
            "        " + compose("UPDATE {new:t} AS {n:i} SET {c:i} = {v:q} WHERE {m:q} AND {h:q};", **n, c=c, v=value, m=mine, h=held),
            "    EXCEPTION WHEN data_exception THEN NULL;",
            "    END;",
        ]
    return [f"IF bgm_there AND TG_OP = 'UPDATE' AND {move.when(part, 'bgm_now')} THEN", *lines, "END IF;"] if lines else []


def _backward(move: Moved) -> str:
    n = _names(move)
    link = list(move.link)
    was, now = (f"PERFORM bgmigrate.{ident(move.name('hold'))}({', '.join(f'{row}.{ident(c)}' for c in link)});" for row in ("OLD", "NEW"))
    read = [c for c in move.new_columns if any(c in (*move.told(p), *move.key) for p in move.parts)]
    return "\n".join([
        "    IF TG_WHEN = 'BEFORE' THEN",
        compose("        IF bgm_outer <> {m:l} THEN", m=move.name()),
        f"            {now}",
        "        END IF;",
        "        RETURN NEW;",
        "    END IF;",
        compose("    IF bgm_outer = {m:l} THEN", m=move.name()),
        "        RETURN NULL; -- the other side is at work",
        "    END IF;",
        f"    IF TG_OP = 'UPDATE' AND NOT ({_changed(read, dict(move.new_columns))}) THEN",
        "        RETURN NULL;",
        "    END IF;",
        "    IF TG_OP <> 'INSERT' THEN",
        f"        {was}",
        "    END IF;",
        "    IF TG_OP = 'UPDATE' THEN",
        f"        {now}",
        "    END IF;",
        *(
            load(
                "move_backward", **n, about=_about(move, p), was=move.is_part(p, "OLD"), moved=f"({_changed(list(move.key), dict(move.new_columns))})",
                cleared=[compose("{c:i} = {v:q}", c=c, v=move.lacking(c)) for c in p.backward], before=move.linked("OLD", ident(n["o"])),
                bare=move.is_bare(p, ident(n["o"])), changed=f"({_changed(move.told(p), dict(move.new_columns))})",
                follow=_indented(_write_back(move, p), 8), **{"is": move.is_part(p, "NEW")},
            )
            for p in move.parts if p.backward
        ),
        "    RETURN NULL;",
    ])


def _write_back(move: Moved, part: Part) -> list[str]:
    """The old columns follow, unless they say so already, or the new row is just what they give: forward may lose something."""
    n, old = _names(move), ident(split(move.old)[1])
    values = [compose("{c:i} = {v:q}", c=c, v=move.backward(part, c, "NEW")) for c in part.backward]
    where = f"{move.linked('NEW', old)} AND NOT ({move.says_old(part, 'NEW', old)})"
    update = "UPDATE {old:t} AS {o:i} SET {s:q} WHERE {w:q};"
    plain = compose(update, **n, s=values, w=where)
    stale = move.says_new(part, old, "NEW")
    if stale == "false" or move.certain(part):
        return [plain if stale == "false" else compose(update, **n, s=values, w=f"{where} AND NOT ({stale})")]
    checked = compose(update, **n, s=values, w=f"{where} AND NOT ({stale})")
    # what the old version left there may be nothing that forward can take: then it is stale
    return ["BEGIN", f"    {checked}", "EXCEPTION WHEN data_exception THEN", f"    {plain}", "END;"]


def _hold(move: Moved, path: str) -> str:
    n = _names(move)
    at = " AND ".join(f"{ident(n['o'])}.{ident(o)} = ${i}" for i, o in enumerate(move.link.values(), 1))
    said = f"a row of {move.old} that belongs to a row of {move.new} is locked by another transaction"
    return load(
        "create_hold_function", **n, name=move.name("hold"), path=path, types=_types(move), at=at, timeout=f"{said} for longer than lock_timeout",
        deadlock=f"{said}, which waits for this one",
    )


def _about(move: Moved, part: Part) -> str:
    back = f" <-> {', '.join(part.backward)}" if part.backward else ""
    return f"{', '.join(c for c in part.forward if c not in move.link)}{back}"


def _indented(lines: list[str], by: int) -> str:
    return "\n".join(" " * by + line for line in lines)
