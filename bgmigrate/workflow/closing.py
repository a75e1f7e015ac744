"""The closing check: do both sides of what is kept in step agree in every row? Read-only; contract's gate asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bgmigrate.backfill.audit import Question, audit
from bgmigrate.backfill.batch import as_stored, differs
from bgmigrate.database import Connection
from bgmigrate.findings import Finding
from bgmigrate.journal import due, synchronizations
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.naming import ident, split
from bgmigrate.ops import move_checks
from bgmigrate.ops.columns import COLUMNS
from bgmigrate.ops.move import recorded
from bgmigrate.ops.sync_function import Sync
from bgmigrate.progress import Progress
from bgmigrate.sql import compose


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What the check found, and how many rows it compared."""

    findings: tuple[Finding, ...] = ()
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """A question to every row, and what is told of the rows that it finds wrong."""

    question: Question
    column: str | None
    what: str
    next: str


def disagreements(connection: Connection, expands: Collection[str] | None = None, *, say: Progress | None = None, basis: str = "") -> Compared:
    """Rows in which a column that must have a value has none, a pair of columns says two things, or `forward` could not take blue's value.

    Counted, with five keys each. `expands`: only what these revisions keep in step; None for all. An interrupted check of a large table is gone on
    with by the next one, while it has found nothing. `basis`: under which circumstances; what was right under others is asked anew.
    """
    findings: list[Finding] = []
    rows = 0
    for sync in synchronizations.all(connection):
        if (expands is not None and sync.revision not in expands) or sync.spec.keys() & {"part_of", "transform"}:
            continue
        rules = list(_of_tables(connection, sync) if "move" in sync.spec else _of_columns(connection, sync))
        if not rules:
            continue
        found = audit(connection, sync.table, [r.question for r in rules], say=say, resumes=connection.autocommit, basis=basis)
        rows += found.rows
        findings += [
            Finding(
                code="BGM907", probe="data", table=sync.table, column=rule.column, revision=sync.revision,
                what=f"{wrong.rows} row(s) of {sync.table}: {rule.what} (keys {'; '.join(wrong.keys)})",
                why="Contract would drop the other side and lose what is only there.", next=rule.next,
            )
            for rule, wrong in zip(rules, found.wrong, strict=True) if wrong
        ]
    return Compared(findings=tuple(findings), rows=rows)


def without_values(connection: Connection, expands: Collection[str]) -> list[Finding]:
    """Rows that a version wrote since a transform's last pass: one that finds none, with the new version the only writer, is the last."""
    return [
        Finding(
            code="BGM906", table=b.table, revision=b.revision,
            what=f"{rows} row(s) of {b.table} wait for a value of {b.name}, which Python makes",
            why="They were written after the last pass, and read as NULL there.", next="bgmigrate backfill",
        )
        for b in due.waiting(connection) if b.revision in expands and (rows := due.count(connection, b.id))
    ]


def _of_columns(connection: Connection, sync: Synchronization) -> Iterator[_Rule]:
    columns: dict[str, str] = dict(connection.execute(COLUMNS, [compose("{t:t}", t=sync.table)]).fetchall())
    for column, question, what in _questions(Sync(table=sync.table, columns=columns, **sync.spec)):
        mend = f"Mend these rows of {sync.table}, then run the same command again."
        yield _Rule(question=question, column=column, what=f"{column} {what}", next=mend)


def _questions(rules: Sync) -> Iterator[tuple[str, Question, str]]:
    """(column, what to ask of a row, what is wrong with it)."""
    for column in (*rules.required, *rules.fill):
        yield column, Question(condition=compose("{c:i} IS NULL", c=column)), "has no value yet"
    for new, old in rules.pairs:
        forward = " OR ".join(differs(ident(c), f"({rules.forward[c]})", rules.columns[c]) for c in new)
        backward = " OR ".join(differs(ident(c), f"({rules.backward[c]})", rules.columns[c]) for c in old if c in rules.backward) or "false"
        said = {c: rules.forward[c] for c in new} | {c: rules.backward[c] for c in old if c in rules.backward}
        safe = all(rules.cannot_fail(c, e) for c, e in said.items())
        question = _says(rules, f"({forward}) AND ({backward})", safe, fails=not {*new} & {*rules.lossy})
        yield new[0], question, f"does not say what {', '.join(old)} says"
    for column, expression in rules.mirror.items():
        unlike = differs(ident(column), as_stored(expression, rules.columns[column]), rules.columns[column])
        safe = rules.cannot_fail(column, expression)
        if (made := rules.mirror_from.get(column)) is not None:  # a value may be written in another form there, and mean the same
            source = rules.inputs(expression)[0]
            unlike = f"({unlike}) AND ({differs(ident(source), as_stored(made, rules.columns[source]), rules.columns[source])})"
            safe = safe and rules.cannot_fail(source, made)
        yield column, _says(rules, unlike, safe, fails=column not in rules.lossy), f"does not say what {', '.join(rules.inputs(expression))} says"
    for column, expression in rules.derived.items():
        if column in rules.forward and column not in (*rules.required, *rules.lossy) and rules.inputs(expression):
            tried = compose("PERFORM ({e:q}) FROM (SELECT bgm_is.*) AS {t:i};", e=expression, t=split(rules.table)[1])
            yield column, Question(condition=compose("{c:i} IS NULL", c=column), body=tried), f"could not be computed ({expression})"


def _says(rules: Sync, expression: str, safe: bool, *, fails: bool) -> Question:
    """Is the expression true of a row? `safe`: it fails for none, and the query that reads the rows may say it itself."""
    if safe:
        return Question(condition=expression)
    said = "IF (SELECT {e:q} FROM (SELECT bgm_is.*) AS {t:i}) THEN RETURN true; END IF;"
    return Question(body=compose(said, e=expression, t=split(rules.table)[1]), fails=fails)


def _of_tables(connection: Connection, sync: Synchronization) -> Iterator[_Rule]:
    """Rows of a table whose columns have moved to another one, and that do not agree with their rows there."""
    move = recorded(connection, sync)
    for part in move.parts:
        yield _Rule(
            question=move_checks.wrong_row(move, part), column=next(iter(part.backward), None),
            what=f"{move.new} says something else than {', '.join(part.backward or part.forward)}, or has no row",
            next=f"Mend these rows of {sync.table} (or empty their columns, where {move.new} has no row for good reason),"
            " then run the same command again.",
        )
