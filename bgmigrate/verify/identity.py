"""Does one key of a version still mean one row, when the other version's key is wider? Tried by writing two such rows."""

from __future__ import annotations

import time

from bgmigrate.findings import Finding
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.subject import Subject
from bgmigrate.verify.tally import by_finding


def identity(narrow: Subject, wide: Subject, facts: Facts) -> Probe:
    """For each table whose key is unique for `narrow` and no longer in the database: let `wide` write two rows that `narrow` takes for one."""
    began = time.monotonic()
    findings = []
    common = sorted(narrow.snapshot.tables.keys() & wide.snapshot.tables.keys())
    for table, key in ((t, key) for t in common if (key := _widened(narrow, wide, facts, t))):
        written = wide.twins(facts, table, key)
        if "error" in written:
            continue  # something else keeps them apart
        met = narrow.meet(facts, table, written["key"])
        harmed = [m for m in met if m["message"] or (m["rows"] or 0) > 1]
        if not harmed:
            continue
        says = "; ".join(f"its {m['does']} {m['message'] or 'meets ' + str(m['rows']) + ' rows'}" for m in harmed)
        findings.append(Finding(
            code="BGM810", version=narrow.name, probe="identity", table=table, column=key[0] if len(key) == 1 else None,
            what=f"{wide.name} may write two rows of {table} that {narrow.name} takes for one ({', '.join(key)}): {says}",
            why=f"{narrow.name} finds rows by {', '.join(key)} alone: it reads one of the two, changes both, and deletes both.",
            next=f"Keep the unique key over {', '.join(key)} until {narrow.name} is gone: drop it in contract.",
        ))
    return Probe(
        probe="identity", version=narrow.name, checked=len(common), failed=len(findings), seconds=time.monotonic() - began,
        findings=tuple(findings), tables=by_finding(common, findings),
    )


def _widened(narrow: Subject, wide: Subject, facts: Facts, table: str) -> list[str]:
    """The key by which `narrow` knows rows, where nothing in the database makes it unique any more and `wide` has another."""
    own, other, here = (narrow.own and narrow.own.table(table)), (wide.own and wide.own.table(table)), facts.table(table)
    if not own or not other or not here or not own.primary_key:
        return []
    key = set(own.primary_key)
    if set(other.primary_key) <= key or not key <= here.columns.keys() or not key <= wide.snapshot.tables[table].columns.keys():
        return []
    unique = [set(k.columns) for k in here.constraints.values() if k.kind in "pu"]
    unique += [set(i.columns) for i in here.indexes.values() if i.unique and i.columns and not i.predicate]
    return [] if any(u <= key for u in unique) else list(own.primary_key)
