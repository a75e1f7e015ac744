"""What a failed statement proves: a break, drift that was there before, or nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bgmigrate.verify.bound import says
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.shape import Shape
from bgmigrate.verify.subject import Subject

Result = Mapping[str, Any]
Verdict = Literal["break", "drift", "differs", "refused", "unused", "inconclusive", "nothing"]

# Refusals that depend on the values, which are ours: CHECK, unique, exclusion, a trigger's own RAISE, and rows that could not be made.
BY_VALUE = {"23514", "23505", "23P01", "P0001", "unmade"}
SAYS_MISSING = {"42P01", "42703", "42704", "42883"}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A failed result with its verdict; `missing` is the table or (table, column) that it fails for want of."""

    result: Result
    verdict: Verdict
    missing: tuple[str, str] | None = None

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
    broken_tables = {r["table"] for r in failed if r["error"].get("state") not in BY_VALUE | {"parent"}}
    out = []
    for result in (_of_null(r, facts) for r in failed):
        state = result["error"].get("state")
        missing = named(result, shape) if state in SAYS_MISSING else None
        aside = result.get("together")  # single rows went through
        if state == "parent" and not aside:
            verdict: Verdict = "nothing" if result["error"]["table"] in broken_tables | set(shape.tables) else "inconclusive"
        elif missing:
            verdict = "break"
        elif result.get("null"):
            verdict = _verdict(subject, other, facts, result, synchronized)
        elif aside and (state in BY_VALUE | {"parent", None} or subject.own is None or (result["target"], result["stage"]) in control):
            verdict = "nothing"  # these values, or the version itself, do not allow it
        elif (result["target"], result["stage"]) in control:
            verdict = "nothing" if result["error"]["kind"] == "Differs" or result.get("partial") else "inconclusive"
        else:
            verdict = "unused" if result["stage"].startswith("upsert") else _verdict(subject, other, facts, result, synchronized)
        out.append(Judged(result=result, verdict=verdict, missing=missing))
    return out


def _verdict(subject: Subject, other: Subject | None, facts: Facts, result: Result, synchronized: Collection[str]) -> Verdict:
    error = result["error"]
    state, at = error.get("state"), facts.located(result["table"])
    if error["kind"] == "Differs":
        # Only our triggers are there for both versions' sake; one of the application's (updated_at) is meant to change what is written.
        return "break" if at in synchronized else "nothing" if at in facts.triggered else "differs"
    if state == "P0001" and "bgmigrate." in error.get("context", ""):
        return "break"  # it is our trigger that refuses
    if state == "P0001" and result["stage"] in ("update", "delete"):
        return "refused"  # the application's own rule (rows of an audit are kept for ever), whichever version asks
    if state in BY_VALUE and not result.get("null"):
        return "inconclusive"
    if at in facts.views and (state in ("23502", "0A000")):
        # What a view computes, or leaves out of a table that requires it. Where the other version maps the view as well, that is how it was and
        # it is there to be read; else the view stands for a table that was.
        shared = other is None or (result["table"] in other.snapshot.tables if state == "23502" else _maps(other, result))
        return "drift" if shared else "break"
    if state == "55000" and "replica identity" in error.get("message", "") and not _has_key(subject, result["table"]):
        return "drift"  # without a key in the model it has never been changed or deleted
    if state == "23514":  # see _of_null()
        bound = [_has(s, result["table"], error["constraint"], facts) for s in (other, subject)]
        return "break" if bound == [True, False] else "drift"
    if state == "23502" and (column := error.get("column")):
        mine = subject.snapshot.tables.get(result["table"])
        if mine and column in mine.columns and mine.columns[column].nullable:
            # Its model allows NULL and the database does not. If the other version wants it so, the change broke it; else it was there before.
            before = (facts.located(result["table"]) or "", column) in facts.original
            return "break" if other and requires(other, result["table"], column) and not before else "drift"
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


def _of_null(result: Result, facts: Facts) -> Result:
    """A refusal by a CHECK that says no more than NOT NULL depends on no value of ours: the result with its column, marked `null`."""
    error = result["error"]
    table = facts.table(result["table"])
    check = table.constraints.get(error.get("constraint") or "") if table and error.get("state") == "23514" else None
    if check is None or not re.fullmatch(r'CHECK \(\(*("?)[^"()]+\1 IS NOT NULL\)*\)( NOT VALID)?', check.definition):
        return result
    return {**result, "null": True, "columns": list(check.columns)}


def _maps(subject: Subject, result: Result) -> bool:
    """Does the version's model have the table with the first name that the server quotes, a column's?"""
    known, column = subject.snapshot.tables.get(result["table"]), re.search(r'"([^"]+)"', result["error"]["message"])
    return bool(known and column and column[1] in known.columns)


def _has_key(subject: Subject, table: str) -> bool:
    known = subject.snapshot.tables.get(table)
    return bool(known and any(c.primary_key for c in known.columns.values()))


def _has(subject: Subject | None, table: str, constraint: str, facts: Facts) -> bool:
    """Does the version's own schema have the database's constraint, under whatever name?"""
    known, here = (f.table(table) if f else None for f in (subject and subject.own, facts))
    return bool(known and here and says(here.constraints[constraint]) in map(says, known.constraints.values()))


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
