"""How a value of one column becomes a value of another type, as the server would do it."""

from __future__ import annotations

from bgmigrate.catalog import Column
from bgmigrate.changes.difference import Differences
from bgmigrate.sql import compose

TRIED = "bgm_cast"


def assigned(differences: Differences, source: str, have: Column, want: Column) -> str | None:
    """The column `source` itself, where PostgreSQL assigns `have`'s type to `want`'s: a value that is too long is refused, not cut. Else None."""
    return _accepted(differences, compose("{c:i}", c=source), source, have, want)


def converted(differences: Differences, source: str, have: Column, want: Column) -> str | None:
    """An assignment, else an explicit cast of the column `source`, else one by way of text; None where no cast leads there."""
    forms = ("{c:i}", "{c:i}::{y:q}", "{c:i}::text::{y:q}")
    return next(filter(None, (_accepted(differences, compose(f, c=source, y=want.type), source, have, want) for f in forms)), None)


def _accepted(differences: Differences, expression: str, source: str, have: Column, want: Column) -> str | None:
    refused = differences.on_heads.refuses(
        compose("CREATE TABLE bgm_cast ({c:i} {h:q}, {n:i} {w:q})", c=source, h=have.type, n=TRIED, w=want.type),
        compose("UPDATE bgm_cast SET {n:i} = {e:q}", n=TRIED, e=expression),
    )
    return expression if refused is None else None
