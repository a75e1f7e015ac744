"""What a failed statement proves: a break, drift that was there before, or nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bgmigrate.catalog import Constraint
from bgmigrate.naming import key
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.shape import Shape
from bgmigrate.verify.subject import Subject

Result = Mapping[str, Any]
Verdict = Literal["break", "drift", "differs", "narrow", "refused", "unused", "inconclusive", "nothing"]

# Refusals that depend on the values, which are ours: CHECK, unique, exclusion, a trigger's own RAISE, and rows that could not be made.
BY_VALUE = {"23514", "23505", "23P01", "P0001", "unmade"}
INTEGERS = ("smallint", "integer", "bigint")  # the narrowest first
SAYS_MISSING = {"42P01", "42703", "42704", "42883"}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A failed result with its verdict; `missing` is the table or (table, column) that it fails for want of, `column` the one that it is about."""

    result: Result
    verdict: Verdict
    missing: tuple[str, str] | None = None
    column: str | None = None

    @property
    def error(self) -> Mapping[str, Any]:
        """What was said."""
        error: Mapping[str, Any] = self.result["error"]
        return error


def judge(
    subject: Subject, other: Subject | None, facts: Facts, shape: Shape, failed: Sequence[Result], control: Collection[tuple[str, str]],
    synchronized: Collection[str] = (),
) -> list[Judged]:
    """Judge the failed results of a version. `control`: the (target, stage) that fail on the version's own schema as well; `synchronized`:
    the tables with sync triggers."""
    broken_tables = {r["table"] for r in failed if state_of(r, facts) not in BY_VALUE | {"parent"}}
    out = []
    for result in failed:
        state = state_of(result, facts)
        missing = named(result, shape) if state in SAYS_MISSING else None
        aside = result.get("together")  # single rows went through
        if state == "parent" and not aside:
            verdict: Verdict = "nothing" if result["error"]["table"] in broken_tables | set(shape.tables) else "inconclusive"
        elif missing:
            verdict = "break"
        elif aside and (state in BY_VALUE | {"parent", None} or subject.own is None or (result["target"], result["stage"]) in control):
            verdict = "nothing"  # these values, or the version itself, do not allow it
        elif (result["target"], result["stage"]) in control:
            verdict = "nothing" if result["error"]["kind"] == "Differs" or result.get("partial") else "inconclusive"
        else:
            verdict = "unused" if result["stage"].startswith("upsert") else _verdict(subject, other, facts, result, synchronized)
        out.append(Judged(result=result, verdict=verdict, missing=missing, column=column_of(result, facts)))
    return out


def _verdict(subject: Subject, other: Subject | None, facts: Facts, result: Result, synchronized: Collection[str]) -> Verdict:
    error = result["error"]
    state = state_of(result, facts)
    if error["kind"] == "Differs":
        # Only our triggers are there for both versions' sake; one of the application's (updated_at) is meant to change what is written.
        at = facts.located(result["table"])
        return "break" if at in synchronized else "nothing" if at in facts.triggered else "differs"
    if state == "P0001" and "bgmigrate." in error.get("context", ""):
        return "break"  # it is our trigger that refuses
    if state == "P0001" and result["stage"] in ("update", "delete"):
        return "refused"  # the application's own rule (rows of an audit are kept for ever), whichever version asks
    if state == "23514" and result["stage"] == "insert label" and columns_of(result, facts) == set(result["columns"]):
        return "break"  # the value is not ours: the model itself has it
    if state in BY_VALUE:
        return "inconclusive"
    if state in ("23502", "0A000") and facts.located(result["table"]) in facts.views:
        # What a view computes, or leaves out of a table that requires it. Where the other version maps the view as well, that is how it was and
        # it is there to be read; else the view stands for a table that was.
        return "drift" if other is None or _maps(other, result) else "break"
    if state == "23502" and (column := column_of(result, facts)):
        mine = subject.snapshot.tables.get(result["table"])
        if mine and column in mine.columns and mine.columns[column].nullable:
            # Its model allows NULL and the database does not. If the other version wants it so, the change broke it; else it was there before.
            before = (facts.located(result["table"]) or "", column) in facts.original
            return "break" if other and requires(other, result["table"], column) and not before else "drift"
    if state == "55000" and "replica identity" in error["message"]:
        # The table is published, and nothing identifies its rows. If the version's own table has a key, the change took it away.
        keyed, here = subject.own.table(result["table"]) if subject.own else None, facts.table(result["table"])
        return "break" if keyed and keyed.primary_key and here and not here.primary_key else "drift"
    if state == "22003" and result["stage"] == "insert wide":
        # Numbers that the model allows and the column does not; whether they are ever reached, nobody knows.
        return "narrow" if other and too_small(other, facts, result["table"], result["columns"][0]) is False else "drift"
    if state == "22001" and result["stage"] == "insert wide":
        # Its model allows longer texts than the column holds. If the other version is content with the column, the change broke it.
        return "break" if other and too_narrow(other, facts, result["table"], result["columns"][0]) is False else "drift"
    if state == "23503":
        holder = error.get("table") or ""
        if result.get("together") and holder in subject.snapshot.tables:  # what is to happen to its rows, the database does not do
            wanted, others = (_keys(s, holder) for s in (subject, other))
            return "drift" if others and wanted == others else "break"
        if result["stage"] == "delete" or result.get("together"):  # rows of a table that the version does not know hold on to its row
            return "inconclusive" if subject.knows(holder) else "break"
        return "drift" if other is None or not _references(other, error.get("table"), error.get("constraint")) else "break"
    return "break"


def _maps(subject: Subject, result: Result) -> bool:
    """Does the version's model have the view, and where the server names a column of it (the first that it quotes) that as well?"""
    known, column = subject.snapshot.tables.get(result["table"]), re.search(r'"([^"]+)"', result["error"]["message"])
    return bool(known and (result["error"].get("state") == "23502" or (column and column[1] in known.columns)))


def _keys(subject: Subject | None, table: str) -> set[str]:
    """What the version's own schema says of the table's foreign keys, whatever they are called."""
    known = subject.own.table(table) if subject and subject.own else None
    return {k.definition for k in known.constraints.values() if k.kind == "f"} if known else set()


def requires(subject: Subject, table: str, column: str) -> bool:
    """Does the version's model say NOT NULL of the column?"""
    known = subject.snapshot.tables.get(table)
    return bool(known and column in known.columns and not known.columns[column].nullable)


def too_narrow(subject: Subject, facts: Facts, table: str, column: str) -> bool | None:
    """Does the version's model allow longer texts than the database's column holds? None where either is no text of limited length."""
    known, room = subject.snapshot.tables.get(table), re.match(r"character.*\((\d+)\)", (facts.columns(table) or {}).get(column, ""))
    said = re.match(r"(?:VARCHAR|CHAR|TEXT)(?:\((\d+)\))?$", known.columns[column].type) if known and column in known.columns else None
    return (not said[1] or int(said[1]) > int(room[1])) if room and said else None


def _references(subject: Subject, table: str | None, constraint: str | None) -> bool:
    known = subject.own.table(table or "") if subject.own else None
    return bool(known and any(k.kind == "f" for n, k in known.constraints.items() if n == constraint))


def too_small(subject: Subject, facts: Facts, table: str, column: str) -> bool | None:
    """Does the version's model allow greater integers than the database's column holds? None where either is no integer."""
    known = subject.snapshot.tables.get(table)
    said = known.columns[column].type.lower() if known and column in known.columns else ""
    here = (facts.columns(table) or {}).get(column, "")
    return INTEGERS.index(said) > INTEGERS.index(here) if said in INTEGERS and here in INTEGERS else None


def state_of(result: Result, facts: Facts) -> str | None:
    """The refusal's sqlstate. A CHECK that says no more than NOT NULL refuses as NOT NULL does."""
    state: str | None = result["error"].get("state")
    return "23502" if state == "23514" and _refuses_null(result, facts) else state


def column_of(result: Result, facts: Facts) -> str | None:
    """The column that a refusal is about, where there is one: told by the server, or that of the CHECK."""
    told: str | None = result["error"].get("column")
    if not told and _refuses_null(result, facts):
        return next(iter(columns_of(result, facts)))
    return told or (result["columns"][0] if result["stage"] == "insert wide" else None)  # of a value that is too wide no column is told


def columns_of(result: Result, facts: Facts) -> set[str]:
    """The columns of the constraint that refused."""
    constraint = _constraint(result, facts)
    return set(constraint.columns) if constraint else set()


def _refuses_null(result: Result, facts: Facts) -> bool:
    constraint = _constraint(result, facts)
    return bool(constraint and constraint.kind == "c" and re.match(r'CHECK \(\((?:\w+|"(?:[^"]|"")+") IS NOT NULL\)\)', constraint.definition))


def _constraint(result: Result, facts: Facts) -> Constraint | None:
    error = result["error"]
    table = facts.table(key(error.get("schema") or "public", error["table"]) if error.get("table") else result["table"])
    return table.constraints.get(result["error"].get("constraint") or "") if table else None


def named(result: Result, shape: Shape) -> tuple[str, str] | None:
    """The missing table (with an empty column) or column that the server's words name."""
    message = result["error"].get("message", "")
    words = {w.replace('""', '"') for w in re.findall(r'"((?:[^"]|"")+)"', message)} | set(re.findall(r"[\w.$]+", message))
    for table in shape.tables:
        if table in words or (f"public.{table}" in words):
            return table, ""
    found = [(t, c) for t, c in shape.columns if c in words or any(w.endswith(f".{c}") for w in words)]
    mine = [f for f in found if f[0] in result["tables"]]
    return next(iter(mine or found), None)
