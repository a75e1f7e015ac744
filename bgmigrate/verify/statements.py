"""Does what the services really send still run on the expanded schema, and on what the pending contracts leave?

The control is the schema that the version was made for: what does not run there either was sent for something else, or long ago.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Sequence

from bgmigrate.excerpt import excerpt
from bgmigrate.findings import Finding
from bgmigrate.verify.look import Seen, look, looked_at
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.sent import Sent, Traffic
from bgmigrate.verify.subject import Subject
from bgmigrate.verify.tally import rows

# not statements as they were sent: normalised where a constant must stand, or a parameter of a type that only the client knew
_UNPREPARABLE = {"42601", "42P18", "42P02"}


def statements(
    subject: Subject, other: Subject | None, traffic: Traffic, expanded: str, contracted: str | None, *, live: bool, prepared: str | bool | None
) -> Probe | None:
    """Try one version's statements; None when there are none.

    `other`: the version beside it; what its models say as well is older than the change. `live`: whether it is the version that the pending
    contracts are made against; what it still sends is no news there. `prepared`: what the configuration says of prepared statements.
    """
    began = time.monotonic()
    mine = [s for s in traffic.of(subject.name) if (s.environment or live) and looked_at(s.text)]
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
        runs = before is not None and not before.state
        if seen.state in _UNPREPARABLE and not runs:  # also the state of an INSERT that has more values than the table has columns
            continue
        tried.append(s)
        if seen.state and runs:
            broken[seen.state, seen.message].append(s)
        elif seen.state:
            gone[seen.message].append(s)
        elif live and runs and before and seen.columns != before.columns != beside.get(s.text, Seen()).columns:
            reshaped.append(s)  # under sessions that are there; the candidate's begin on this schema
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
    after = look(contracted, texts) if contracted else {}
    if after and not live:
        reshaped = [s for s in mine if not here[s.text].state and not after[s.text].state and here[s.text].columns != after[s.text].columns]
    if reshaped:
        breaks = not (prepared is False or prepared == "handled") and subject.forgets_not()
        failed += [_about(subject, reshaped)] * len(reshaped) if breaks else []
        findings.append(_reshaped(subject, reshaped, "than before" if live else "once the pending contracts are applied", breaks))
    findings += _shifted(subject, other, [s for s in mine if here[s.text].filled], here, after, live)
    if after:
        findings += _later(subject, [s for s in mine if not here[s.text].state], after, live)
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


def _reshaped(subject: Subject, group: Sequence[Sent], when: str, breaks: bool) -> Finding:
    return _finding(
        subject, group, "BGM214", "error" if breaks else "info",
        f"{_counted(group, 'statement')} of {subject.name} {'returns' if len(group) == 1 else 'return'} other columns {when}"
        + (f": a session in which {subject.drivers[0]} has prepared it gets 0A000, cached plan must not change result type" if breaks else ""),
        f"{subject.drivers[0]} was tried: it prepares statements on the server and does not recover by itself." if breaks
        else "No session is left with a plan that does not fit: the driver does not keep them, or the configuration says so.",
        "Name the columns instead of *; or connect with prepare_threshold=None (psycopg 3), prepared_statement_cache_size=0 (asyncpg), and say"
        f" prepared_statements = false in [tool.bgmigrate.environments.{subject.name}]." if breaks else "Nothing.",
    )


def _shifted(
    subject: Subject, other: Subject | None, mine: Sequence[Sent], here: dict[str, Seen], after: dict[str, Seen], live: bool
) -> list[Finding]:
    """INSERTs without column names whose values come into other columns: no server refuses that where the types allow it."""
    out = []
    for s in mine:
        seen, then = here[s.text], after.get(s.text)
        model = subject.snapshot.tables.get(seen.table)
        old = {
            n: str(c.hints["renamed_from"]) for v in (subject, other) if v and (t := v.snapshot.tables.get(seen.table))
            for n, c in t.columns.items() if c.hints.get("renamed_from")
        }
        if then and then.filled and [old.get(n, n) for n in seen.filled] != [old.get(n, n) for n in then.filled]:
            what = f"writes {', '.join(then.filled)} of {seen.table} once the pending contracts are applied, and {', '.join(seen.filled)} until then"
        elif not after and not live and model and (strange := [n for n in seen.filled if n not in model.columns]):
            what = f"writes {', '.join(seen.filled)} of {seen.table} here, of which its model does not know {', '.join(strange)}"
        else:
            continue
        names = list(model.columns if model and not live else seen.filled)[: len(seen.filled)]
        out.append(_finding(
            subject, [s], "BGM812", "info" if live and (s.environment or not s.role) else "warning",
            f"an INSERT without column names that {s.role if s.role and not s.environment else subject.name} sends {what}",
            "The order of the columns decides where each value goes: a new column comes last, and those behind a dropped one move up.",
            f"Name the columns: INSERT INTO {seen.table} ({', '.join(names)}) …",
        ))
    return out


def _later(subject: Subject, mine: Sequence[Sent], after: dict[str, Seen], live: bool) -> list[Finding]:
    """What the pending contracts will break. Of the live version that is what they are for; of the candidate it is an error."""
    groups: dict[tuple[str, bool], list[Sent]] = defaultdict(list)
    for s in mine:
        if after[s.text].state:
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
