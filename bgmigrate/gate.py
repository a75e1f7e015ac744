"""Decisions made from facts: no connection here, every reason to refuse at once, and the most final one decides the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bgmigrate.errors import BgmigrateError, EvidenceMissing, NotDrained, Refused, gravest
from bgmigrate.excerpt import excerpt
from bgmigrate.findings import Finding
from bgmigrate.journal.backfills import Backfill
from bgmigrate.journal.evidence import Evidence

Reason = tuple[type[BgmigrateError], Finding]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Open, or closed with every reason; `error` is the class, and so the exit code, of the most final one."""

    findings: tuple[Finding, ...] = ()
    error: type[BgmigrateError] | None = None

    @property
    def open(self) -> bool:
        """May it go on?"""
        return self.error is None

    def enforce(self, **extra: Any) -> None:
        """Raise the refusal that this verdict is; nothing when the gate is open. `extra` goes into its JSON."""
        if self.error is not None:
            first = self.findings[0]
            what = first.what if len(self.findings) == 1 else f"{len(self.findings)} reasons speak against it, first: {first.what}"
            raise self.error(what, why=first.why, next=first.next, findings=self.findings, **extra)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What is known of the evidence: the newest row, the fingerprint of things as they are now, and how long evidence counts (seconds)."""

    evidence: Evidence | None
    fingerprint: str
    expires: float | None = None

    @property
    def fresh(self) -> bool:
        """Was it found about things as they are now, and not too long ago?"""
        e = self.evidence
        return e is not None and e.fingerprint == self.fingerprint and (self.expires is None or e.age <= self.expires)

    @property
    def passed(self) -> bool:
        """Do both versions provably run on this schema?"""
        return self.fresh and self.evidence is not None and self.evidence.outcome == "passed"


def switch_gate(
    *, development: bool, environment: str, candidate: str | None, running: Sequence[str], pending: Sequence[str], backfills: Sequence[Backfill],
    proof: Proof, services: Sequence[Finding] = (),
) -> Verdict:
    """May the candidate of the idle environment be made live?

    `running`: expands begun and not finished. `pending`: expands not begun; they do not matter to a candidate that was proved without them.
    `services`: what it would break between services.
    """
    if development:
        return Verdict()
    reasons: list[Reason] = [
        *_expands(running, () if proof.passed else pending), *_backfills(backfills), *((Refused, f) for f in services),
    ]
    if candidate is None:
        reasons.append((EvidenceMissing, Finding(
            code="BGM908", what=f"no version is registered for {environment}", why="There is nothing to make live, and nothing was proved about it.",
            next=f"bgmigrate verify --{environment} SPEC",
        )))
    else:
        reasons += _evidence(proof)
    return _verdict(reasons)


def back_gate(
    *, development: bool, environment: str, contracted: Sequence[str], triggers: Sequence[Finding], quarantined: Sequence[str] = (),
    services: Sequence[Finding] = (),
) -> Verdict:
    """May traffic go back to the version before? Only what is certain to break it counts: in an incident nobody waits for a verification.

    `contracted`: contract revisions begun since that version was live; those `quarantined` can be
    taken back. `triggers`: findings about sync triggers that do not work. `services`: what it would break between services.
    """
    if development:
        return Verdict()
    reasons: list[Reason] = [
        (Refused, Finding(
            code="BGM917", what=f"contract revision {revision} has been applied: {environment}'s version cannot run on this schema any more",
            why="What that version reads or writes has been dropped.", revision=revision,
            next="Go forward: fix the version, `bgmigrate verify`, `bgmigrate switch`.",
        ))
        for revision in contracted if revision not in quarantined
    ]
    reasons += [
        (Refused, Finding(
            code="BGM960", what=f"contract revision {revision} is in quarantine: what {environment}'s version reads and writes has other names now",
            why="Its first statement would fail.", revision=revision, next="bgmigrate contract --undo",
        ))
        for revision in quarantined
    ]
    return _verdict([*reasons, *((Refused, f) for f in (*triggers, *services))])


def contract_gate(
    *, development: bool, live: str | None, candidate_live: bool, running: Sequence[str], pending: Sequence[str], backfills: Sequence[Backfill],
    closing: Sequence[Finding], proof: Proof, retired: str | None, sessions: Sequence[str], unprovable: str | None, drained: str | None,
    elsewhere: Sequence[Finding] = (), inflight: Sequence[tuple[str, int]] = (), holders: Sequence[str] = (), sent: Sequence[str] = (),
    strangers: Sequence[str] = (), heartbeats: Sequence[str] = (),
) -> Verdict:
    """May what only the candidate can live with be applied?

    `running`, `pending`: unfinished expands that these contracts depend on. `closing`: what the closing check found. `sessions`: those of the
    `retired` environment; `unprovable`: why their absence would prove nothing; `drained`: the stated reason that it is gone all the same.
    `elsewhere`: other services that map what goes. `inflight`: requests that each proxy still has at the retired environment. `holders`: who else
    needs it, such as replication slots. `sent`: statements of its role since it was retired; `strangers`: sessions of no environment.
    `heartbeats`: what of it holds no session and has said that it is alive. A stated reason outweighs `sent` and `strangers`, and nothing that
    is seen to be the retired version's.
    """
    if development:
        return Verdict()
    reasons: list[Reason] = [*_expands(running, pending), *_backfills(backfills), *((Refused, f) for f in (*closing, *elsewhere))]
    if not candidate_live:
        reasons.append((Refused, Finding(
            code="BGM911", what=f"the candidate is not live: {live or 'no environment'} is", why="The live version needs what contract removes.",
            next="bgmigrate switch" if live else "bgmigrate register --env blue --source SPEC",
        )))
    reasons += _evidence(proof)
    if sessions:
        reasons.append((NotDrained, Finding(
            code="BGM912", what=f"{_remaining(len(sessions))} of {retired}: {'; '.join(sessions[:5])}",
            why="The retired version would fail on the next statement that touches what contract removes.",
            next="Stop it, or wait: bgmigrate contract --wait-drained 10m",
        )))
    elif unprovable and not drained:
        reasons.append((NotDrained, Finding(
            code="BGM913", what=f"nothing proves that {retired or 'the retired version'} is gone: {unprovable}",
            why="The retired version would fail on the next statement that touches what contract removes.",
            next=f"Configure environments.{retired or 'blue'}.role or .application_name, or state it: bgmigrate contract --drained \"REASON\"",
        )))
    reasons += [
        (NotDrained, Finding(
            code="BGM995", what=f"{beat} is a part of {retired}", why="It holds no session now, and would fail when it runs next.",
            next=f"Wait: bgmigrate contract --wait-drained 10m; or, if it is gone: bgmigrate register --retire --env {retired}",
        ))
        for beat in heartbeats
    ]
    reasons += _others(retired or "the retired version", inflight, holders, () if drained else sent, () if drained else strangers)
    return _verdict(reasons)


def _others(
    retired: str, inflight: Sequence[tuple[str, int]], holders: Sequence[str], sent: Sequence[str], strangers: Sequence[str]
) -> Iterable[Reason]:
    """Each layer below and above its sessions: proxies, what the database does by itself, statements, and who nobody knows."""
    why, stated = "It would fail on the next statement that touches what contract removes.", 'bgmigrate contract --drained "REASON"'
    for proxy, n in inflight:
        if n:
            yield NotDrained, Finding(
                code="BGM966", what=f"{proxy} still has {n} request{'s' if n > 1 else ''} in flight at {retired}", why=why,
                next="Wait: bgmigrate contract --wait-drained 10m",
            )
    for holder in holders:
        yield NotDrained, Finding(code="BGM964", what=f"{holder} still belongs to {retired}", why=why, next="Drop it, or let it run as another role.")
    for text in sent:
        yield NotDrained, Finding(
            code="BGM962", what=f"{retired} has sent since it was retired: {excerpt(text, 100)}",
            why="Something of it was at work after traffic had left it: " + why[0].lower() + why[1:],
            next=f"Find who sends it. If it was its last: {stated}",
        )
    for session in strangers:
        yield NotDrained, Finding(
            code="BGM963", what=f"a session belongs to no environment: {session}",
            why="Nobody has proved that it can do without what contract removes.",
            next=f"End it, configure its role as an environment's, or state what it is: {stated};"
            ' contract.unknown_sessions = "ignore" asks no more.',
        )


def _expands(running: Iterable[str], pending: Iterable[str]) -> list[Reason]:
    why = "The candidate needs the whole of it."
    return [
        (Refused, Finding(code="BGM905", what=f"expand revision {r} {how}", why=why, next="bgmigrate expand", revision=r))
        for how, revisions in (("was begun and has not finished", running), ("has not been applied", pending)) for r in revisions
    ]


def _backfills(backfills: Sequence[Backfill]) -> list[Reason]:
    return [
        (Refused, Finding(
            code="BGM906", table=b.table, revision=b.revision,
            what=f"the backfill {b.name} of {b.table} is {'not finished' if not b.failures else f'stuck: {b.failures} rows were refused'}"
            f" ({b.rows:,} rows done)",
            why="Rows that it has not reached lack their new values.", next="bgmigrate backfill" if not b.failures else "bgmigrate backfill --status",
        ))
        for b in backfills
    ]


def _evidence(proof: Proof) -> list[Reason]:
    e, next_ = proof.evidence, "bgmigrate verify"
    why = "Nothing proves that both versions run on this schema as it is now."
    if e is None:
        return [(EvidenceMissing, Finding(code="BGM908", what="there is no evidence for this database", why=why, next=next_))]
    if e.fingerprint != proof.fingerprint:
        what = f"the evidence of {e.recorded_at:%Y-%m-%d %H:%M} is stale: the schema, a version or the contract plan has changed since"
        return [(EvidenceMissing, Finding(code="BGM909", what=what, why=why, next=next_))]
    if not proof.fresh:
        what = f"the evidence of {e.recorded_at:%Y-%m-%d %H:%M} has expired: it is {e.age:.0f} s old, and verify.expires is {proof.expires:.0f} s"
        return [(EvidenceMissing, Finding(code="BGM909", what=what, why=why, next=next_))]
    if e.outcome == "failed":
        what = "the last verification found that the two versions do not run together on this schema"
        return [(Refused, Finding(code="BGM910", what=what, why="Requests of one of them would fail.", next="Mend what `bgmigrate verify` names."))]
    if e.outcome != "passed":
        return [(EvidenceMissing, Finding(code="BGM908", what=f"the last verification was {e.outcome}", why=why, next=next_))]
    return []


def _verdict(reasons: Iterable[Reason]) -> Verdict:
    # the most final first, for the first one is what a person reads
    found = sorted(reasons, key=lambda r: r[0].exit_code)
    return Verdict(findings=tuple(f for _, f in found), error=gravest(*(e for e, _ in found)) if found else None)


def _remaining(sessions: int) -> str:
    return "1 session remains" if sessions == 1 else f"{sessions} sessions remain"
