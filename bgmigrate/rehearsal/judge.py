"""Which hazard a statement turned out to be. What decides is what the server did; the text only tells which of several names that has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bgmigrate.findings import Finding, Severity
from bgmigrate.rehearsal.estimate import Size
from bgmigrate.rehearsal.statement import AGAINST_WRITES, Statement, spoken, strongest


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """A code, and what to do instead."""

    code: str
    next: str


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(" ", r"\s+"), re.IGNORECASE | re.DOTALL)


_TOOLS = _pattern(r"\A(VACUUM|CLUSTER|REFRESH)\b|\bSET (TABLESPACE|LOGGED|UNLOGGED|ACCESS METHOD)\b")
_TYPE = _pattern(r"\bALTER (COLUMN )?\S+ (SET DATA )?TYPE\b")
_ADD_COLUMN = _pattern(r"\bADD (COLUMN |(?!CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE|NOT )\S+ )")
_IN_THREE = "Add the column nullable, SET DEFAULT, and let op.backfill write the rows; `bgmigrate plan` writes it so."
_CONCURRENTLY = "Build it CONCURRENTLY, outside of the transaction: with op.get_context().autocommit_block(): …, or op.build_index."
_INDEX_FIRST = "Build a unique index CONCURRENTLY first; then ADD CONSTRAINT … USING INDEX, which reads nothing."
_VALIDATE = "Add it NOT VALID, and VALIDATE it in a transaction of its own: op.add_constraint, then op.validate_constraint."

# In this order; the first whose words are in the statement names it.
_REWRITES = (
    (_TOOLS, Hazard(code="BGM118", next="REFRESH … CONCURRENTLY; for tables pg_repack or pg_squeeze.")),
    (_TYPE, Hazard(code="BGM116", next="A new column, kept in step and backfilled: change the models, and `bgmigrate plan` writes it.")),
    (_pattern(r"\bGENERATED (ALWAYS|BY DEFAULT) AS IDENTITY\b|\b(small|big)?serial\d?\b|\bnextval\b"), Hazard(code="BGM112", next=_IN_THREE)),
    (_pattern(r"\bGENERATED ALWAYS AS \("), Hazard(
        code="BGM113", next="A plain column, a trigger and a backfill; or VIRTUAL, from PostgreSQL 18 on.")),
    (_pattern(r"\bDEFAULT\b"), Hazard(code="BGM111", next=_IN_THREE)),
    (_ADD_COLUMN, Hazard(code="BGM114", next="Use the domain's base type, and its CHECK NOT VALID, then VALIDATE.")),
    (_pattern(""), Hazard(code="BGM116", next="Change the models, and let `bgmigrate plan` write the revision.")),
)
_SCANS = (
    (_pattern(r"\bVALIDATE CONSTRAINT\b"), Hazard(code="BGM404", next="VALIDATE in a transaction of its own, when the lock has been let go.")),
    (_pattern(r"\bATTACH PARTITION\b|\bPARTITION OF\b"), Hazard(
        code="BGM119", next="First a validated CHECK that implies the partition's bounds: then nothing is read.")),
    (_pattern(r"\bFOREIGN KEY\b"), Hazard(code="BGM108", next=_VALIDATE)),
    (_pattern(r"\bPRIMARY KEY\b"), Hazard(code="BGM106", next="SET NOT NULL behind a validated CHECK, then ADD PRIMARY KEY USING INDEX.")),
    (_ADD_COLUMN, Hazard(code="BGM115", next="Add the column alone, then its constraint NOT VALID, then VALIDATE.")),
    (_TYPE, Hazard(code="BGM117", next="DROP the CHECK, change the type, add it again NOT VALID, then VALIDATE.")),
    (_pattern(r"\bCHECK\b"), Hazard(code="BGM107", next=_VALIDATE)),
    (_pattern(r"\bSET NOT NULL\b|\bADD (CONSTRAINT \S+ )?NOT NULL\b"), Hazard(
        code="BGM110", next="CHECK (… IS NOT NULL) NOT VALID, VALIDATE it, then SET NOT NULL, which then reads nothing: op.set_not_null.")),
    (_pattern(r"\A(UPDATE|DELETE|INSERT|MERGE)\b"), Hazard(code="BGM406", next="Write rows in a step of its own: op.backfill.")),
    (_pattern(""), Hazard(code="BGM403", next="Run it before the lock is taken, or in another transaction.")),
)
_BUILDS = (
    (_pattern(r"\AREINDEX\b"), Hazard(code="BGM103", next="REINDEX … CONCURRENTLY, outside of a transaction.")),
    (_pattern(r"\ACREATE (UNIQUE )?INDEX\b"), Hazard(code="BGM101", next=_CONCURRENTLY)),
    (_pattern(r"\bEXCLUDE\b"), Hazard(code="BGM109", next="PostgreSQL has no other way: only on a table that is small, or in a new one beside it.")),
    (_ADD_COLUMN, Hazard(code="BGM115", next="Add the column alone, then build the unique index CONCURRENTLY.")),
    (_pattern(r"\bPRIMARY KEY\b"), Hazard(code="BGM106", next=_INDEX_FIRST)),
    (_pattern(""), Hazard(code="BGM105", next=_INDEX_FIRST)),
)
_UNBATCHED = Hazard(code="BGM701", next="Let op.backfill do it: short batches, each its own transaction.")
_NO_TIMEOUT = Hazard(
    code="BGM401", next="Use bgmigrate's operations, which set it themselves; or op.execute(\"SET LOCAL lock_timeout = '500ms'\") before it."
)
_IN_TRANSACTION = Hazard(code="BGM104", next="Put it into with op.get_context().autocommit_block(): …, or use op.build_index.")


def judge(s: Statement, live: Mapping[str, Size], small: Collection[tuple[str, str]]) -> list[Finding]:
    """The hazards of a statement, the most telling first; its `codes` are theirs. `small`: (code, table) of what is done to small tables only."""
    if s.sqlstate == "25001":
        return [_finding(s, _IN_TRANSACTION, "error", None, f"PostgreSQL refuses it: {s.error}", "It cannot run inside of a transaction.")]
    blocked = {*s.blocks_writes, *s.blocks_reads}
    heavy = next((t for t in s.read_whole if t in blocked), None)
    found = [_standstill(s, heavy, live.get(heavy), small) if heavy else _unbatched(s), _unbounded(s)]
    return [f for f in found if f]


def _standstill(s: Statement, table: str, there: Size | None, small: Collection[tuple[str, str]]) -> Finding | None:
    """Every row of a table is read, or written anew, while others wait. An error but where the live table has no row."""
    hazard, what = _named(s, table)
    if (hazard.code, table) in small:
        return None
    size = f"{there.rows:,} rows" if there else "unknown size"
    took = "" if s.estimate_seconds is None else f", about {spoken(s.estimate_seconds)} on the live table of {size}"
    return _finding(
        s, hazard, "warning" if there and there.rows == 0 else "error", table, f"{what} under {_lock(s, table)}{took}",
        f"Nobody can {'read or write' if table in s.blocks_reads else 'write'} {table} for as long as that takes.",
    )


def _unbatched(s: Statement) -> Finding | None:
    if not (s.scanned and s.op == "execute" and re.match(r"(UPDATE|DELETE)\b", s.sql, re.IGNORECASE)):
        return None
    table = min(s.scanned)
    why = "Every row stays locked until its end, and its writers wait."
    return _finding(s, _UNBATCHED, "warning", table, f"rows of {table} are written in one transaction", why)


def _unbounded(s: Statement) -> Finding | None:
    lock = strongest(x for x in s.locks if x.kind in "rpmv")
    if lock is None or lock.mode not in AGAINST_WRITES or s.lock_timeout != "0" or s.error:
        return None
    return _finding(
        s, _NO_TIMEOUT, "warning", lock.relation, f"{lock.spelt} on {lock.relation} is waited for without a lock_timeout",
        "While it waits behind one long transaction, everybody else waits behind it.",
    )


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, each place's hazard once."""
    seen: dict[tuple[object, ...], Finding] = {}
    for f in sorted(findings, key=lambda f: ("error", "warning", "info").index(f.severity)):
        seen.setdefault((f.code, f.revision, f.line if f.code != _NO_TIMEOUT.code else None, f.table), f)
    return list(seen.values())


def _named(s: Statement, table: str) -> tuple[Hazard, str]:
    if table in s.rewrites:
        return _first(_REWRITES, s), f"{table} is rewritten"
    if table in s.built_on:
        return _first(_BUILDS, s), f"an index of {table} is built"
    return _first(_SCANS, s), f"every row of {table} is read"


def _first(rules: tuple[tuple[re.Pattern[str], Hazard], ...], s: Statement) -> Hazard:
    return next(hazard for words, hazard in rules if words.search(s.sql))


def _lock(s: Statement, table: str) -> str:
    lock = strongest(x for x in s.every if x.relation == table)
    assert lock is not None
    return f"{lock.spelt}, taken before in its transaction" if lock in s.held else lock.spelt


def _finding(s: Statement, hazard: Hazard, severity: Severity, table: str | None, what: str, why: str) -> Finding:
    return Finding(
        code=hazard.code, severity=severity, table=table, revision=s.revision, path=s.path or None, line=s.line,
        what=what, why=why, next=hazard.next,
    )
