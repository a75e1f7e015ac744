"""Do two tables that are kept in step agree? Read-only, counted, with some keys."""

from __future__ import annotations

from bgmigrate.backfill.audit import Question, Wrong, audit
from bgmigrate.database import Connection
from bgmigrate.naming import ident, split
from bgmigrate.ops.move_rules import Moved, Part
from bgmigrate.sql import compose, load


def wrong_row(move: Moved, part: Part) -> Question:
    """Of an old row: is its new row missing, or does it say something else?"""
    return Question(declare=compose("bgm_row {t:t}%ROWTYPE;", t=move.new), body=load(
        "move_wrong", new=move.new, n=split(move.new)[1], mine=move.mine(part, ident(split(move.new)[1]), "bgm_is"), when=move.when(part, "bgm_is"),
        bare=move.is_bare(part, "bgm_is"), one_way="false" if part.backward else "true", says_old=move.says_old(part, "bgm_row", "bgm_is"),
        says_new=move.says_new(part, "bgm_is", "bgm_row"),
    ))


def wrong(connection: Connection, move: Moved, part: Part) -> Wrong | None:
    """Old rows whose new row is missing or says something else; None when there is none."""
    return audit(connection, move.old, [wrong_row(move, part)]).wrong[0]


def unread(connection: Connection, move: Moved) -> Wrong | None:
    """New rows of which the old table says nothing, so that they would be lost with the new one; None when there is none."""
    o = split(move.old)[1]
    parts = []
    for part in move.parts:
        says = f"{move.says_old(part, 'bgm_is', 'bgm_row')} OR {move.says_new(part, 'bgm_row', 'bgm_is')}" if part.backward else (
            move.follows(part, move.derived(part), "bgm_is", "bgm_row"))
        parts.append(f"    IF {move.is_part(part, 'bgm_is')} AND ({says}) THEN\n        RETURN false;\n    END IF;")
    body = load("move_unread", old=move.old, o=o, linked=move.linked("bgm_is", ident(o)), parts="\n".join(parts))
    return audit(connection, move.new, [Question(declare=compose("bgm_row {t:t}%ROWTYPE;", t=move.old), body=body)]).wrong[0]
