"""Does every statement of a version run on this schema? What fails is grouped by its cause."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bgmigrate.excerpt import excerpt
from bgmigrate.findings import Finding
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.judge import Judged, Result, judge
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.shape import Shape
from bgmigrate.verify.subject import Subject
from bgmigrate.verify.tally import UNTRIED, tallies

STATEMENTS = {
    "insert minimal": "INSERT", "insert full": "INSERT", "insert label": "INSERT", "insert wide": "INSERT",
    "select": "SELECT", "update": "UPDATE", "delete": "DELETE", "bulk insert": "INSERT of several rows",
}
WORDS = {
    "break": "failed", "nothing": "", "drift": "stricter than the model", "differs": "read back otherwise", "refused": "refused by a trigger",
    "narrow": "wider than the column",
}
ORDER = ["INSERT", "SELECT", "UPDATE", "DELETE"]


def roundtrip(
    subject: Subject, other: Subject | None, facts: Facts, shape: Shape, *, schema: str = "expanded", limits: str = "",
    synchronized: Collection[str] = (),
) -> list[Probe]:
    """One probe for each driver of the version, and the shape's findings with what fails because of them."""
    out: list[Probe] = []
    for driver in subject.drivers:
        began = time.monotonic()
        results = subject.roundtrip(facts, driver, limits=limits)
        failed = [r for r in results if r["error"]]
        judged = judge(subject, other, facts, shape, failed, _control(subject, failed, driver), synchronized)
        by = {v: [j for j in judged if j.verdict == v] for v in ("break", "drift", "differs", "narrow", "refused", "unused", "inconclusive")}
        tables = tallies(_outcomes(results, judged), kind=STATEMENTS)
        suffix = f" ({driver})" if out else ""  # what fails with the first driver is told of all
        findings = [
            *_breaks(subject, by["break"], suffix), *_drift(subject, by["drift"]), *_differs(subject, by["differs"]),
            *_narrow(subject, by["narrow"]), *_upserts(subject, by["unused"]),
            *_unproved(subject, by["inconclusive"]), *_unproved(subject, by["refused"], refused=True), *_unhooked(subject, results),
        ]
        out.append(Probe(
            probe="roundtrip", version=subject.name, checked=sum(t.checked for t in tables.values()), failed=len(by["break"]),
            inconclusive=len(by["inconclusive"]), seconds=time.monotonic() - began, findings=tuple(_in(findings, schema)), schema=schema,
            driver=driver if len(subject.drivers) > 1 else "", tables=tables,
        ))
    said = {(f.code, f.table, f.column) for f in out[0].findings}
    return [out[0], *(replace(p, findings=tuple(f for f in p.findings if (f.code, f.table, f.column) not in said)) for p in out[1:])]


def _outcomes(results: Iterable[Result], judged: Iterable[Judged]) -> list[tuple[Result, str]]:
    """Each result with what it proves.

    What wanted a row of a table that is broken was not tried: the break is told there. That its own table can be read, without a row, proves little.
    """
    said = {id(j.result): WORDS.get(j.verdict, j.verdict) for j in judged}
    said |= {id(j.result): UNTRIED for j in judged if j.verdict == "nothing" and j.error.get("state") == "parent"}
    empty = {j.result["target"] for j in judged if said[id(j.result)] == UNTRIED and j.result["stage"].startswith("insert")}
    return [(r, said.get(id(r), UNTRIED if r["target"] in empty and r["stage"] == "select" else "")) for r in results]


def unused(subject: Subject, shape: Shape, probes: Iterable[Probe], schema: str = "expanded") -> list[Finding]:
    """What is missing although no statement that was tried needed it; every mapped column is in some statement, so it is certain to fail."""
    told = {(f.table, f.column or "") for p in probes for f in p.findings if f.code == "BGM802"}
    missing = [(t, "") for t in shape.tables] + list(shape.columns)
    return _in([_lacks(subject, m, []) for m in missing if m not in told], schema)


def _unhooked(subject: Subject, results: Iterable[Result]) -> Iterable[Finding]:
    said = next((r["unhooked"] for r in results if r.get("unhooked")), None)
    if said:
        yield Finding(
            code="BGM806", severity="info", version=subject.name, probe="roundtrip",
            what=f"{subject.name}'s own listeners of SQLAlchemy's events were left out: one fails outside of the application ({said})",
            why="What they write besides is not tried in one flush with the rows; their tables are, like all others.",
            next="Nothing; or name a module first that makes what they need at its import: --blue SOURCE#shop.context,shop.models:Base.",
        )


def _control(subject: Subject, failed: Sequence[dict[str, object]], driver: str) -> set[tuple[str, str]]:
    """The same targets on the schema that the version would create: what fails there too says nothing about this schema."""
    if not failed or subject.own is None:
        return set()
    only = sorted({str(r["target"]) for r in failed})
    return {(r["target"], r["stage"]) for r in subject.roundtrip(subject.own, driver, only=only) if r["error"]}


def _breaks(subject: Subject, breaks: Sequence[Judged], suffix: str) -> list[Finding]:
    missing: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    rest: dict[tuple[str, str, str], list[Judged]] = defaultdict(list)
    whole = {j.missing for j in breaks if j.result["stage"] == "delete" and not j.result.get("alone")}
    plain = {_cause(j) for j in breaks if not j.result.get("together")}
    breaks = [j for j in breaks if not j.result.get("together") or _cause(j) not in plain]  # the same cause, met once more
    along = [j for j in breaks if j.result.get("alone") and j.missing in whole]  # their own deletes work; a cascade into another's does not
    for j in (b for b in breaks if b not in along):
        if j.missing:
            missing[j.missing].append(j)
        if not j.missing or j.missing[0] not in j.result["tables"]:
            rest[j.result["table"], *_cause(j)].append(j)
    return [_lacks(subject, m, js, suffix) for m, js in missing.items()] + [_fails(subject, t, js, suffix, along) for (t, *_), js in rest.items()]


def _cause(j: Judged) -> tuple[str, str]:
    return j.missing or (j.column or j.error.get("constraint", ""), j.error.get("state") or j.error["kind"])


def _lacks(subject: Subject, missing: tuple[str, str], because: Sequence[Judged], suffix: str = "") -> Finding:
    table, column = missing
    what = f"{table}.{column}" if column else table
    by_table: dict[str, list[Judged]] = defaultdict(list)
    for j in because:
        by_table[j.result["table"]].append(j)
    needs = "; ".join(f"{_statements(js)} of {t}" for t, js in by_table.items())
    return Finding(
        code="BGM802", version=subject.name, probe="roundtrip" if because else "shape", table=table, column=column or None,
        what=f"{subject.name} maps {what}, which does not exist" + (f"; what fails because of it: {needs}{suffix}" if needs else ""),
        why=f"{subject.name} cannot run on this schema.",
        next=f"If it belongs to {subject.name}'s expand: bgmigrate expand. If it was dropped: {subject.name} must not get traffic on this database.",
    )


def _fails(subject: Subject, table: str, js: Sequence[Judged], suffix: str, along: Sequence[Judged]) -> Finding:
    error = js[0].error
    column = js[0].column or next((c for j in js for c in j.result["columns"]), None)
    label = next((j.result["label"] for j in js if j.result["label"]), None)
    values = f" with {label!r} in {column}" if label else ""
    said = error["message"].rstrip(".")
    plural = len({_statement(j) for j in js}) > 1
    return Finding(
        code="BGM801", version=subject.name, probe="roundtrip", table=table, column=column,
        what=f"{subject.name}'s {_statements(js)} of {table}{values} {'fail' if plural else 'fails'}: {said}{suffix}",
        why=_reason(subject, table, js[0]) + _taken_along(js, along),
        next=f"As for {js[0].missing[0]}." if js[0].missing
        else "Keep both versions' columns in step in the expand revision, or correct the model; then `bgmigrate verify`.",
    )


def _taken_along(js: Sequence[Judged], along: Sequence[Judged]) -> str:
    tables = sorted({j.result["table"] for j in along if j.missing == js[0].missing})
    if not tables or "delete" not in {j.result["stage"] for j in js}:
        return ""
    return f" It is also run when the ORM deletes such rows along with a row of {' or '.join(tables)}."


def _reason(subject: Subject, table: str, j: Judged) -> str:
    if j.missing:
        return f"It needs {'.'.join(filter(None, j.missing))}, which this schema does not have."
    column, known = j.column, subject.snapshot.tables.get(table)
    if j.error.get("state") == "23502" and known and column and column not in known.columns:
        return f"{subject.name} does not know {column}, which is NOT NULL and has neither a default nor a trigger that fills it."
    statement = j.error.get("statement", "")
    return f"It runs on the schema that {subject.name} was made for" + (f": {excerpt(statement, 200)}" if statement else ".")


def _drift(subject: Subject, drift: Sequence[Judged]) -> list[Finding]:
    groups = {(j.result["table"], j.column or j.error.get("constraint")): j for j in drift}
    return [
        Finding(
            code="BGM807", severity="info", version=subject.name, probe="roundtrip", table=table, column=j.column,
            what=f"the database is stricter than {subject.name}'s model: {j.error['message']}",
            why="No version's model asks for it, so this change did not bring it.", next="Say it in the model too.",
        )
        for (table, _), j in groups.items()
    ]


def _differs(subject: Subject, js: Sequence[Judged]) -> list[Finding]:
    groups = {(j.result["table"], j.error["column"]): j for j in js}
    return [
        Finding(
            code="BGM803", severity="warning", version=subject.name, probe="roundtrip", table=table, column=column,
            what=f"{subject.name} does not read back what it writes to {table}: {j.error['message']}",
            why="On the schema that its models describe it does; this one stores the column in another way.", next="Compare the column's types.",
        )
        for (table, column), j in groups.items()
    ]


def _narrow(subject: Subject, js: Sequence[Judged]) -> list[Finding]:
    """The text of a limited length that a version writes is often as long as that; its numbers rarely come near to what an integer holds."""
    groups = {(j.result["table"], j.column): j for j in js}
    return [
        Finding(
            code="BGM801", severity="warning", version=subject.name, probe="roundtrip", table=table, column=column,
            what=f"{subject.name}'s INSERT of {table} fails with a greater number in {column} than the column holds: {j.error['message']}",
            why=f"{subject.name}'s model allows it; keys reach it when their sequence does.",
            next=f"Nothing, where {column} is widened before the numbers come so far; else widen it (and whatever refers to it) in expand.",
        )
        for (table, column), j in groups.items()
    ]


def _upserts(subject: Subject, js: Sequence[Judged]) -> list[Finding]:
    """Only the application knows whether it writes like this: a warning, which the `statements` probe turns into certainty."""
    return [
        Finding(
            code="BGM801", severity="warning", version=subject.name, probe="roundtrip", table=j.result["table"],
            what=f"an INSERT of {j.result['table']} with ON CONFLICT ({j.result['stage'].removeprefix('upsert on ')}) fails: {j.error['message']}",
            why=f"{subject.name}'s model declares this key, and this schema does not have it; whether {subject.name} writes so is not in its models.",
            next=f"Search {subject.name}'s code for such an upsert; keep the key until it is gone.",
        )
        for j in js
    ]


def _unproved(subject: Subject, js: Sequence[Judged], *, refused: bool = False) -> list[Finding]:
    groups: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for j in js:
        groups[j.result["table"], j.error["message"]].append(j)
    return [
        Finding(
            code="BGM806", severity="info" if refused else "warning", version=subject.name, probe="roundtrip", table=table,
            what=f"nothing is proved of {subject.name}'s {_statements(same)} of {table}: {message}",
            why="A trigger of the application's own refuses the statement, whichever version asks." if refused
            else "The sample row was refused for its values, or fails on the version's own schema too.",
            next="Nothing, if it is meant to be so." if refused else "Look at it by hand.",
        )
        for (table, message), same in groups.items()
    ]


def _statement(j: Judged) -> str:
    stage: str = j.result["stage"]
    verb, _, relation = stage.partition(" ")
    of = f"{j.result['target'].rpartition('.')[2]}.{relation}"
    return STATEMENTS.get(stage) or (f"DELETE with its {of}" if verb == "cascade" else f"load of {of}")


def _statements(js: Sequence[Judged]) -> str:
    names = dict.fromkeys(_statement(j) for j in js)
    ordered = [n for n in ORDER if n in names] + [n for n in names if n not in ORDER]
    return ordered[0] if len(ordered) == 1 else f"{', '.join(ordered[:-1])} and {ordered[-1]}"


def _in(findings: Iterable[Finding], schema: str) -> list[Finding]:
    if schema == "expanded":
        return list(findings)
    return [replace(f, what=f"once the pending contracts are applied, {f.what}") for f in findings]
