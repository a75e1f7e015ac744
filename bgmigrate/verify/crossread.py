"""What one version writes, the other reads: that it loads, that common columns are equal, and that computed ones are what they should be."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from bgmigrate.catalog import Table
from bgmigrate.database import Connection, connect
from bgmigrate.findings import Finding
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.ops.move import recorded
from bgmigrate.ops.move_checks import wrong
from bgmigrate.ops.move_rows import Insertion
from bgmigrate.sql import compose
from bgmigrate.sql.references import references
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.subject import Subject
from bgmigrate.verify.tally import rows as counted

Row = Mapping[str, Any]
WRONG = "Both versions run at once, so each meets the other's rows."


def crossread(
    writer: Subject, reader: Subject, rows: Sequence[dict[str, Any]], own: Sequence[Row], facts: Facts,
    synchronizations: Sequence[Synchronization], *, candidate: str,
) -> Probe:
    """Let `reader` load what `writer` committed. The values of columns that the journal computes are compared by the server.

    `own`: what `writer` itself reads of the rows. `candidate`: the version that meets all the rows that are there; the live one meets only
    what the candidate may come to write.
    """
    began = time.monotonic()
    renamed = _renamed(writer, reader)
    theirs = reader.read(facts, [{**r, "table": renamed.get(r["table"], r["table"])} for r in rows], delete=_holds(reader, facts))
    findings: dict[tuple[str, str | None, str | None], Finding] = {}

    def add(finding: Finding) -> None:
        findings.setdefault((finding.code, finding.table, finding.column), finding)

    tried: list[str] = []
    failed: list[str] = []
    for row, mine, read in zip(rows, own, theirs, strict=True):
        if read.get("unknown") or "values" not in mine:
            continue
        tried.append(read["table"])
        found = [*_row(writer, reader, row, mine, read), *_undeletable(reader, read, facts, certain=reader.name == candidate)]
        failed += [read["table"]] if any(f.severity == "error" for f in found) else []
        for finding in found:
            add(finding)
    for finding in (*_free_texts(writer, reader), *_bound_texts(writer, reader, facts)):
        add(finding)
    with connect(facts.url, purpose="verify") as c:
        for finding in _computed(c, writer, reader, rows, facts, synchronizations):
            failed += [finding.table or ""] if finding.severity == "error" else []
            add(finding)
    return Probe(
        probe="crossread", version=reader.name, checked=len(tried), failed=len(failed), seconds=time.monotonic() - began,
        findings=tuple(findings.values()), tables=counted(tried, failed),
    )


def _row(writer: Subject, reader: Subject, row: Row, mine: Row, read: Row) -> list[Finding]:
    common: dict[str, Any] = {"version": reader.name, "probe": "crossread", "table": read["table"]}
    if "error" in read:
        return _unloadable(writer, row, read, common)
    if read.get("missing"):
        if read["table"] == row["table"]:
            return []  # the same relation: its class filters the row out, as the application means it
        what = f"{reader.name} does not find in {read['table']} the row that {writer.name} wrote to {row['table']}"
        return [Finding(code="BGM803", what=what, why=WRONG, next=f"bgmigrate doctor says whether {read['table']} is kept in step.", **common)]
    out: list[Finding] = []
    for name, (kind, text) in read["values"].items():
        table, _, column = name.rpartition(".")
        model = reader.snapshot.tables.get(table)
        wrote = mine["values"].get(name) if read["table"] == row["table"] else None
        at = {**common, "table": table, "column": column}
        if kind == "null" and model and column in model.columns and not model.columns[column].nullable:
            out.append(Finding(
                code="BGM805", severity="warning", what=f"{writer.name} leaves {name} NULL, which {reader.name}'s model says is never NULL",
                why=f"{reader.name} reads such a row; code that relies on the value may fail.",
                next="Fill it in the expand revision (a default, or `forward`/`backward` in the model).", **at,
            ))
        elif wrote and kind == wrote[0] and kind != "other" and text != wrote[1]:
            out.append(Finding(
                code="BGM803", what=f"{writer.name} reads {wrote[1]!r} in {name}, {reader.name} reads {text!r} in the same row", why=WRONG,
                next="The two models decode the column differently: give the new form a column of its own.", **at,
            ))
    return out


def _holds(reader: Subject, facts: Facts) -> bool:
    """Whether a table that the reader does not know refers to any other: only then can its rows hold on to what the reader deletes."""
    return any(k.kind == "f" for at, t in facts.schema.tables.items() if not reader.knows(at) for k in t.constraints.values())


def _undeletable(reader: Subject, read: Row, facts: Facts, *, certain: bool) -> list[Finding]:
    """Rows of a table that the reader does not know hold on to a row that it deletes."""
    fault = read.get("delete")
    if not fault or fault.get("state") != "23503" or not fault.get("key") or reader.knows(fault["key"]):
        return []
    holder = facts.table(fault["key"])
    constraint = holder.constraints.get(fault.get("constraint") or "") if holder else None
    # A cascade may have deleted more than the row that was asked for: the table is told that is referred to.
    table = constraint.references if constraint and constraint.references else read["table"]
    return [Finding(
        code="BGM801", severity="error" if certain else "warning", version=reader.name, probe="crossread", table=table,
        what=f"{reader.name}'s DELETE of {table} fails where rows of {fault['key']} refer to it ({fault.get('constraint')})",
        why=f"{reader.name} does not know {fault['key']} and cannot delete its rows first.",
        next=f"Give {fault.get('constraint')} ON DELETE CASCADE or SET NULL for as long as both versions run.",
    )]


def _unloadable(writer: Subject, row: Row, read: Row, common: dict[str, Any]) -> list[Finding]:
    columns: Mapping[str, Any] = read.get("columns") or {}
    if read["error"].get("state"):
        return []  # the server refused the statement itself: the round trip tells that
    label = row.get("label")
    out = []
    for column, fault in columns.items() or {label[0] if label else "": read["error"]}.items():
        value = f" {fault['value']!r}" if fault.get("value") is not None else ""
        out.append(Finding(
            code="BGM804",
            what=f"{common['version']} cannot load {'.'.join(filter(None, (common['table'], column)))} with the value{value} that {writer.name} may"
            f" write: {fault['message']}",
            why="The whole row (and every list it is in) fails to load, not only this column.",
            next=f"{writer.name} must not write it before {common['version']} is gone: let its model promise that (hint never_writes), and write it a"
            " release later.",
            **{**common, "column": column or None},
        ))
    return out


def _free_texts(writer: Subject, reader: Subject) -> list[Finding]:
    """Columns that are texts for the writer and enums for the reader: it writes what it likes, and nothing in its model says what that is."""
    pairs = ((t, c, ours, reader.snapshot.tables[t].columns[c]) for t in writer.snapshot.tables.keys() & reader.snapshot.tables.keys()
             for c, ours in writer.snapshot.tables[t].columns.items() if c in reader.snapshot.tables[t].columns)
    return [
        Finding(
            code="BGM804", severity="warning", version=reader.name, probe="crossread", table=table, column=column,
            what=f"{writer.name} may write any text into {table}.{column}, of which {reader.name} can load only {', '.join(theirs.values)}",
            why="The whole row (and every list it is in) fails to load when it holds another value.",
            next=f"Nothing, where {writer.name} writes only these until {reader.name} is gone.",
        )
        for table, column, ours, theirs in pairs if theirs.values and not ours.values
    ]


def _bound_texts(writer: Subject, reader: Subject, facts: Facts) -> list[Finding]:
    """Columns that are texts for the writer, while the reader's enum is computed from them."""
    return [
        Finding(
            code="BGM801", severity="warning", version=writer.name, probe="crossread", table=table, column=column,
            what=f"{writer.name} may write any text into {table}.{column}, of which `backward` takes only {', '.join(values)}",
            why=f"{reader.name}'s column is computed from it, and is an enum without other values: {writer.name}'s statement fails.",
            next=f"Nothing, where {writer.name} writes only these until {reader.name} is gone; else let `backward` give one of them for any text.",
        )
        for table, columns in facts.texts.items() if (known := writer.snapshot.tables.get(table))
        for column, values in columns.items() if column in known.columns and not known.columns[column].values
    ]


def _renamed(writer: Subject, reader: Subject) -> dict[str, str]:
    """The reader's name of each of the writer's tables, by either side's hints."""
    forth = {str(t.hints["renamed_from"]): k for k, t in reader.snapshot.tables.items() if t.hints.get("renamed_from")}
    back = {k: str(t.hints["renamed_from"]) for k, t in writer.snapshot.tables.items() if t.hints.get("renamed_from")}
    return {k: v for k, v in (back | forth).items() if k not in reader.snapshot.tables}


def _computed(
    c: Connection, writer: Subject, reader: Subject, rows: Sequence[Row], facts: Facts, synchronizations: Sequence[Synchronization]
) -> list[Finding]:
    """Columns that the writer does not know and a trigger computes: what stands there against what the expression says."""
    out = []
    for sync in synchronizations:
        if "move" in sync.spec:
            out += _moved(c, writer, reader, rows, sync)
        known, table = writer.snapshot.tables.get(sync.table), facts.table(sync.table)
        if known is None or table is None or not table.primary_key:
            continue
        keys = {tuple(r["key"]) for r in rows if r["table"] == sync.table}
        for column, expression in {**sync.spec.get("forward", {}), **sync.spec.get("backward", {})}.items():
            if column in known.columns or column not in table.columns or not keys:
                continue
            query = compose(
                "SELECT {keys:q}, {c:i}::text, (({e:q})::{type:q})::text FROM {t:t}",
                keys=[compose("{k:i}::text", k=k) for k in table.primary_key], c=column, e=expression, type=table.columns[column].type, t=sync.table,
            )
            common: dict[str, Any] = {"version": reader.name, "probe": "crossread", "table": sync.table, "column": column}
            try:
                first, second = ({r[:-2]: r[-2:] for r in c.execute(query.encode()).fetchall()} for _ in range(2))
            except psycopg.DataError as error:
                out.append(Finding(
                    code="BGM806", severity="warning",
                    what=f"{sync.table}.{column} was not compared: {expression} refuses sample values: {error.diag.message_primary}",
                    why="A value that the expression cannot take reads as NULL on the other side.",
                    next="Try it on values as the application writes them.", **common,
                ))
                continue
            # An expression that says something else the second time is volatile: nothing can be compared with it.
            wrong = [k for k, (stands, says) in first.items() if k in keys and stands != says and second.get(k, ("", ""))[1] == says]
            if wrong and column in sync.spec.get("backward", {}):
                lossless = _read_alike(c, table, sync, expression)
                wrong = [k for k in wrong if k not in lossless]
            if wrong:
                stands, says = first[wrong[0]]
                out.append(Finding(
                    code="BGM803", why=WRONG,
                    what=f"{writer.name} writes a row of {sync.table}; {column} is {stands!r} where {expression} says {says!r}",
                    next=f"The trigger {sync.trigger} does not do what the journal says: bgmigrate doctor.", **common,
                ))
    return out


def _read_alike(c: Connection, table: Table, sync: Synchronization, backward: str) -> set[tuple[str, ...]]:
    """Keys of rows in which the old columns give just what the new ones say: they stay, for `forward` may lose something (a NULL, a blank)."""
    forward = {n: e for n, e in sync.spec.get("forward", {}).items() if n in table.columns and references(backward, {n})}
    if not forward:
        return set()
    same = [compose("{c:i}::text IS NOT DISTINCT FROM (({e:q})::{y:q})::text", c=n, e=e, y=table.columns[n].type) for n, e in forward.items()]
    keys = [compose("{k:i}::text", k=k) for k in table.primary_key]
    query = compose("SELECT {k:q} FROM {t:t} WHERE {s:q}", k=keys, t=sync.table, s=" AND ".join(same))
    try:
        return set(c.execute(query.encode()).fetchall())
    except psycopg.DataError:
        return set()  # a sample value that `forward` cannot take: then it is `backward` that decides


def _moved(c: Connection, writer: Subject, reader: Subject, rows: Sequence[Row], sync: Synchronization) -> list[Finding]:
    """Columns that became rows of another table: do both tables agree, once the writer has written either of them?"""
    move = recorded(c, sync)
    at = [(p, found) for p in move.parts if (found := wrong(c, move, p))] if any(r["table"] in (move.old, move.new) for r in rows) else []
    if not at:
        return []
    try:
        with c.transaction(force_rollback=True):
            c.execute(Insertion(move=move).statement("true").encode())
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        return [Finding(
            code="BGM806", severity="warning", version=reader.name, probe="crossread", table=move.new,
            what=f"{move.old} and {move.new} were not compared: {move.new} refuses sample values of {move.old}: {error.diag.message_primary}",
            why="A value that the new table cannot take has no row there: green does not see it, and contract refuses until it is mended.",
            next="Try it on values as the application writes them.",
        )]
    return [
        Finding(
            code="BGM803", version=reader.name, probe="crossread", table=move.old, column=next(iter(part.backward), None), why=WRONG,
            what=f"{writer.name} writes {move.old} or {move.new}: {found.rows} row(s) of {move.old} say what {move.new} does not"
            f" (keys {'; '.join(found.keys)})",
            next=f"The triggers of {move.old} and {move.new} do not do what the journal says: bgmigrate doctor.",
        )
        for part, found in at
    ]
