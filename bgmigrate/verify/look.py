"""What a server makes of statements: parsed, analysed and planned, the names of what a positional INSERT writes included. No row is touched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg import pq

from bgmigrate.database import Connection, connect
from bgmigrate.sql import compose
from bgmigrate.verify.positional import filled

_BLANK = r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*"
_PLANNED = re.compile(rf"{_BLANK}\(*\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE)\b", re.IGNORECASE | re.DOTALL)
_CURSOR = re.compile(rf"{_BLANK}DECLARE\b", re.IGNORECASE | re.DOTALL)
_TRUNCATE = re.compile(rf"{_BLANK}TRUNCATE\b", re.IGNORECASE | re.DOTALL)
_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
# only what goes to the client and comes from it: a file or a program of the server's would be touched
_COPY = re.compile(
    rf"{_BLANK}COPY\s+(?:ONLY\s+)?{_NAME}(?:\s*\.\s*{_NAME})?\s*(?:\([^()]*\)\s*)?(?:FROM\s+STDIN|TO\s+STDOUT)\b", re.IGNORECASE | re.DOTALL,
)
_COPY_QUERY = re.compile(rf"{_BLANK}COPY\s*\((.*)\)\s*TO\s+STDOUT\b", re.IGNORECASE | re.DOTALL)
# Of what planning and trying says, classes 42 (names, kinds and rules) and 0A (not supported): a foreign server that cannot be reached from here,
# a trigger that refuses or the header of a binary format that we do not send say nothing of the statement.
_CERTAIN = ("42", "0A")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a server makes of a statement: the names and types of its result and what an INSERT without column names writes, or why it refuses it."""

    columns: tuple[tuple[str, str], ...] = ()
    state: str = ""
    message: str = ""
    table: str = ""
    filled: tuple[str, ...] = ()  # columns of `table`, in the order of the values


def looked_at(text: str) -> bool:
    """Is it a statement of which something can be said here?"""
    return any(p.match(text) for p in (_PLANNED, _CURSOR, _TRUNCATE, _COPY, _COPY_QUERY))


def look(url: str, texts: Sequence[str]) -> dict[str, Seen]:
    """Let the server of a throw-away database parse and plan statements.

    Nothing is executed but TRUNCATE and COPY from or to the client, of which the server says nothing before: in a transaction that is rolled back.
    """
    with connect(url, purpose="verify", lock_timeout="5s", plan_cache_mode="force_generic_plan") as c:
        types: dict[tuple[int, int], str] = {}
        return {text: _seen(c, text, types) for text in dict.fromkeys(texts)}


def _seen(c: Connection, text: str, types: dict[tuple[int, int], str]) -> Seen:
    if copied := _COPY_QUERY.match(text):
        text = copied[1]
    refused = _fault(c.pgconn.prepare(b"bgm_look", text.encode()))  # takes one statement and no more
    if refused:
        return refused
    try:
        if _TRUNCATE.match(text) or _COPY.match(text):
            return _tried(c, text)
        shape = c.pgconn.describe_prepared(b"bgm_look")
        if _PLANNED.match(text) and (fault := _planned(c, shape.nparams)):
            return fault
        found = [((shape.fname(i) or b"").decode(), (shape.ftype(i), shape.fmod(i))) for i in range(shape.nfields)]
        for _, kind in found:
            if kind not in types:  # spelt out, for the numbers of types differ between databases
                row = c.execute("SELECT format_type(%s, %s)", kind).fetchone()
                types[kind] = row[0] if row else ""
        return replace(_filled(c, text), columns=tuple((name, types[kind]) for name, kind in found))
    finally:
        c.pgconn.exec_(b"DEALLOCATE bgm_look")


def _planned(c: Connection, parameters: int) -> Seen | None:
    """What only the planner refuses: ON CONFLICT without such a key, or on a view."""
    values = compose("({n:q})", n=["NULL"] * parameters) if parameters else ""
    fault = _fault(c.pgconn.exec_(compose("EXPLAIN EXECUTE bgm_look{v:q}", v=values).encode()))
    return fault if fault and fault.state.startswith(_CERTAIN) else None


def _tried(c: Connection, text: str) -> Seen:
    """What the server says when no row is sent."""
    copied_out = (_COPY.match(text) or text)[0].upper().endswith("STDOUT")
    try:
        with c.transaction(force_rollback=True):
            if _TRUNCATE.match(text):
                c.execute(text.encode())
            else:
                with c.cursor().copy(text.encode()) as copy:
                    while copied_out and copy.read():
                        pass
    except psycopg.Error as error:
        if (error.sqlstate or "").startswith(_CERTAIN):
            return Seen(state=error.sqlstate or "", message=error.diag.message_primary or str(error))
    return Seen()


def _fault(answer: pq.abc.PGresult) -> Seen | None:
    if answer.status != pq.ExecStatus.FATAL_ERROR:
        return None
    state, message = (answer.error_field(f) for f in (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY))
    return Seen(state=(state or b"").decode(), message=(message or b"").decode())


def _filled(c: Connection, text: str) -> Seen:
    insert = filled(text)
    if insert is None:
        return Seen()
    rows = c.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum", [insert.table],
    ).fetchall()
    return Seen(table=insert.name, filled=tuple(r[0] for r in rows[: insert.values]))
