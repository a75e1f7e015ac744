"""Does what the services really send still run on the expanded schema, and on what the pending contracts leave?

Each statement is parsed and analysed by the server (`Parse` and `Describe` of the protocol), and never executed. The control is the schema
that the version was made for: what does not run there either was sent for something else, or long ago.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.pq import ExecStatus

from bgmigrate.database import connect
from bgmigrate.excerpt import excerpt
from bgmigrate.findings import Finding
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.sent import Sent, Traffic
from bgmigrate.verify.subject import Subject
from bgmigrate.verify.tally import rows

_LOOKED_AT = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*\(*\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE)\b", re.IGNORECASE | re.DOTALL)
# not statements as they were sent: normalised where a constant must stand, or a parameter of a type that only the client knew
_UNPREPARABLE = {"42601", "42P18", "42P02"}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a server makes of a statement: the names and types of its result, or why it refuses it."""

    columns: tuple[tuple[str, str], ...] = ()
    state: str = ""
    message: str = ""


def look(url: str, texts: Sequence[str]) -> dict[str, Seen]:
    """Let a server parse statements; nothing is executed."""
    out: dict[str, Seen] = {}
    types: dict[tuple[int, int], str] = {}
    with connect(url, purpose="verify") as c:
        for text in dict.fromkeys(texts):
            answer = c.pgconn.prepare(b"", text.encode())
            if answer.status != ExecStatus.COMMAND_OK:
                state, message = answer.error_field(67), answer.error_field(77)  # PG_DIAG_SQLSTATE 'C', PG_DIAG_MESSAGE_PRIMARY 'M'
                out[text] = Seen(state=(state or b"").decode(), message=(message or b"").decode())
                continue
            shape = c.pgconn.describe_prepared(b"")
            found = [((shape.fname(i) or b"").decode(), (shape.ftype(i), shape.fmod(i))) for i in range(shape.nfields)]
            for _, kind in found:
                if kind not in types:  # spelt out, for the numbers of types differ between databases
                    row = c.execute("SELECT format_type(%s, %s)", kind).fetchone()
                    types[kind] = row[0] if row else ""
            out[text] = Seen(columns=tuple((name, types[kind]) for name, kind in found))
    return out


def statements(
    subject: Subject, other: Subject | None, traffic: Traffic, expanded: str, contracted: str | None, *, live: bool, prepared: str | bool | None
) -> Probe | None:
    """Try one version's statements; None when there are none.

    `other`: the version beside it; what its models say as well is older than the change. `live`: whether it is the version that the pending
    contracts are made against; what it still sends is no news there. `prepared`: what the configuration says of prepared statements.
    """
    began = time.monotonic()
    mine = [s for s in traffic.of(subject.name) if (s.environment or live) and _LOOKED_AT.match(s.text)]
    if not mine:
        return None
    texts = [s.text for s in mine]
    here = look(expanded, texts)
    control, beside = (look(s.own.url, texts) if s and s.own else {} for s in (subject, other))
    findings: list[Finding] = []
    failed: list[str] = []
    tried: list[Sent] = []
    gone: dict[str, list[Sent]] = defaultdict(list)
    broken: dict[tuple[str, str], list[Sent]] = defaultdict(list)
    reshaped: list[Sent] = []
    for s in mine:
        seen, before = here[s.text], control.get(s.text)
        if seen.state in _UNPREPARABLE:
            continue
        tried.append(s)
        if seen.state and before is not None and not before.state:
            broken[seen.state, seen.message].append(s)
        elif seen.state:
            gone[seen.message].append(s)
        elif before is not None and not before.state and seen.columns != before.columns != beside.get(s.text, Seen()).columns:
            reshaped.append(s)
    for (_, message), group in broken.items():
        failed += [_about(subject, group)] * len(group)
        findings.append(_finding(
            subject, group, "BGM801", "error", f"{_counted(group, 'statement')} that {subject.name} sends {_verb(group)} on this schema: {message}",
            f"{'It runs' if len(group) == 1 else 'They run'} on the schema that {subject.name} was made for.",
            "Keep what the statement needs in the expand revision; or change the statement and release that first.",
        ))
    for message, group in gone.items():
        findings.append(_finding(
            subject, group, "BGM807", "info", f"{_counted(group, 'statement')} from {group[0].source} would fail on this schema: {message}",
            f"Nor is anything known of a schema of {subject.name} on which it runs: it was sent by somebody else, or long ago.",
            "Nothing, if it is no longer sent: SELECT pg_stat_statements_reset() forgets it.",
        ))
    if reshaped:
        breaks = not (prepared is False or prepared == "handled") and subject.forgets_not()
        failed += [_about(subject, reshaped)] * len(reshaped) if breaks else []
        findings.append(_finding(
            subject, reshaped, "BGM214", "error" if breaks else "info",
            f"{_counted(reshaped, 'statement')} of {subject.name} {'returns' if len(reshaped) == 1 else 'return'} other columns than before"
            + (f": a session in which {subject.drivers[0]} has prepared it gets 0A000, cached plan must not change result type" if breaks else ""),
            f"{subject.drivers[0]} was tried: it prepares statements on the server and does not recover by itself." if breaks
            else "No session is left with a plan that does not fit: the driver does not keep them, or the configuration says so.",
            "Name the columns instead of *; or connect with prepare_threshold=None (psycopg 3), prepared_statement_cache_size=0 (asyncpg), and say"
            f" prepared_statements = false in [tool.bgmigrate.environments.{subject.name}]." if breaks else "Nothing.",
        ))
    if contracted:
        findings += _later(subject, [s for s in mine if not here[s.text].state], look(contracted, texts), live)
    if traffic.hidden:
        findings.append(Finding(
            code="BGM806", severity="info", version=subject.name, probe="statements",
            what=f"the text of {traffic.hidden} statements of other roles cannot be read",
            why="pg_stat_statements shows them to members of pg_read_all_stats only.",
            next="GRANT pg_read_all_stats TO the role that bgmigrate connects as.",
        ))
    places = {s.text: _about(subject, [s]) for s in tried} | {
        s.text: _about(subject, group) for group in (*broken.values(), reshaped) for s in group
    }
    return Probe(
        probe="statements", version=subject.name, checked=len(tried), failed=len(failed), seconds=time.monotonic() - began, findings=tuple(findings),
        tables=rows((places[s.text] for s in tried), failed),
    )


def _later(subject: Subject, mine: Sequence[Sent], after: dict[str, Seen], live: bool) -> list[Finding]:
    """What the pending contracts will break. Of the live version that is what they are for; of the candidate it is an error."""
    groups: dict[tuple[str, bool], list[Sent]] = defaultdict(list)
    for s in mine:
        if after[s.text].state and after[s.text].state not in _UNPREPARABLE:
            groups[after[s.text].message, s.environment is None and s.role is not None].append(s)
    out = []
    for (message, stranger), group in groups.items():
        severity = "error" if not live else "warning" if stranger and any(s.role for s in group) else "info"
        who = f"role {group[0].role}" if stranger else subject.name
        out.append(_finding(
            subject, group, "BGM809", severity,
            f"{_counted(group, 'statement')} that {who} sends will fail once the pending contracts are applied: {message}",
            "Whoever still sends it then gets an error.",
            f"Nothing, if only {subject.name} sends it: contract waits until it is gone." if live and not stranger
            else "Find out who sends it, and change it before bgmigrate contract.",
        ))
    return out


def _finding(subject: Subject, group: Sequence[Sent], code: str, severity: str, what: str, why: str, then: str) -> Finding:
    example = " ".join(group[0].text.split())
    return Finding(
        code=code, severity=severity, version=subject.name, probe="statements", table=_about(subject, group) or None,  # type: ignore[arg-type]
        what=f"{what}; {'for example ' if len(group) > 1 else ''}{excerpt(example, 300)}", why=why, next=then,
    )


def _about(subject: Subject, group: Sequence[Sent]) -> str:
    """The one table that all of them name; empty when they name several, or none."""
    tables: set[str] = set()
    for s in group:
        words = set(re.findall(r"\w+", s.text))
        tables |= {t for t in subject.snapshot.tables if t.rpartition(".")[2] in words}
    return tables.pop() if len(tables) == 1 else ""


def _counted(group: Sequence[Sent], noun: str) -> str:
    return f"{len(group)} {noun}s" if len(group) > 1 else f"a {noun}"


def _verb(group: Sequence[Sent]) -> str:
    return "fail" if len(group) > 1 else "fails"
