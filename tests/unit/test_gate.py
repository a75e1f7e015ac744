"""The gates: every combination of facts gives every reason at once, and the most final one decides the exit code."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from bgmigrate.errors import BgmigrateError
from bgmigrate.findings import Finding
from bgmigrate.gate import Proof, Verdict, back_gate, contract_gate, switch_gate
from bgmigrate.journal.backfills import Backfill
from bgmigrate.journal.evidence import Evidence

NOW = "sha256:now"
BACKFILL = Backfill(
    id=1, revision="e1", table="users", name="full_name", state="running", watermark=["7"], claimed=["7"], upper=["9"], rows=7, batches=1,
    hot=0, seconds=0.1, visited=7, sweep=7, failures=0, wanted="run", wanted_by=None, waits=None, job=None,
)


def proof(outcome: str | None = "passed", fingerprint: str = NOW, age: float = 60, expires: float | None = None) -> Proof:
    """Evidence of that outcome, about that fingerprint."""
    evidence = None if outcome is None else Evidence(
        id=1, service="shop", kind="verify", fingerprint=fingerprint, outcome=outcome, document={}, recorded_at=datetime(2026, 1, 2, tzinfo=UTC),
        recorded_by="ci", age=age,
    )
    return Proof(evidence=evidence, fingerprint=NOW, expires=expires)


# each state of the evidence: what the gate says of it, and the exit code that this alone gives
EVIDENCE = {
    "passed": (proof(), None, 0),
    "none": (proof(None), "BGM908", 4),
    "stale": (proof(fingerprint="sha256:then"), "BGM909", 4),
    "failed and stale": (proof("failed", fingerprint="sha256:then"), "BGM909", 4),
    "expired": (proof(age=61, expires=60), "BGM909", 4),
    "not yet expired": (proof(age=59, expires=60), None, 0),
    "failed": (proof("failed"), "BGM910", 3),
    "inconclusive": (proof("inconclusive"), "BGM908", 4),
}


def code_of(verdict: Verdict) -> int:
    """The exit code that a verdict leads to."""
    try:
        verdict.enforce()
    except BgmigrateError as error:
        assert error.findings == verdict.findings
        return error.exit_code
    return 0


def check(verdict: Verdict, expected: dict[str, int]) -> None:
    """Exactly these reasons, each with what to do next; 3 before 4 before 6 decides."""
    assert sorted(f.code for f in verdict.findings) == sorted(expected)
    assert code_of(verdict) == (min(expected.values()) if expected else 0)
    assert verdict.open is (not expected)
    for finding in verdict.findings:
        assert finding.what
        assert finding.why
        assert finding.next


@pytest.mark.parametrize("state", EVIDENCE)
def test_switch_lists_every_reason_at_once(state: str) -> None:
    evidence, code, exit_code = EVIDENCE[state]
    for candidate, running, pending, backfill in itertools.product((True, False), repeat=4):
        verdict = switch_gate(
            development=False, environment="green", candidate="2.0" if candidate else None, running=["e1"] if running else [],
            pending=["e2"] if pending else [], backfills=[BACKFILL] if backfill else [], proof=evidence,
        )
        expected: list[tuple[str, int]] = []
        expected += [("BGM905", 3)] if running else []
        expected += [("BGM905", 3)] if pending and not evidence.passed else []
        expected += [("BGM906", 3)] if backfill else []
        expected += [("BGM908", 4)] if not candidate else [(code, exit_code)] if code else []
        assert sorted(f.code for f in verdict.findings) == sorted(c for c, _ in expected)
        assert code_of(verdict) == min((e for _, e in expected), default=0)


def test_an_expand_of_a_later_release_does_not_stop_a_candidate_that_was_proved_without_it() -> None:
    facts: dict[str, Any] = {"development": False, "environment": "green", "candidate": "2.0", "running": [], "pending": ["e2"], "backfills": []}
    assert switch_gate(**facts, proof=proof()).open
    assert not switch_gate(**facts, proof=proof(None)).open


@pytest.mark.parametrize("state", EVIDENCE)
def test_contract_lists_every_reason_at_once(state: str) -> None:
    evidence, code, exit_code = EVIDENCE[state]
    for live, unfinished, backfill, closing, sessions, unprovable, stated in itertools.product((True, False), repeat=7):
        verdict = contract_gate(
            development=False, live="green" if live else "blue", candidate_live=live, running=["e1"] if unfinished else [], pending=[],
            backfills=[BACKFILL] if backfill else [], closing=[Finding(code="BGM907", what="x", why="y", next="z")] if closing else [], proof=evidence,
            retired="blue", sessions=["pid 7 (svc_blue)"] if sessions else [], unprovable="nothing is configured" if unprovable else None,
            drained="switched off by hand" if stated else None,
        )
        expected: dict[str, int] = {code: exit_code} if code else {}
        expected |= {"BGM905": 3} if unfinished else {}
        expected |= {"BGM906": 3} if backfill else {}
        expected |= {"BGM907": 3} if closing else {}
        expected |= {} if live else {"BGM911": 3}
        expected |= {"BGM912": 6} if sessions else {"BGM913": 6} if unprovable and not stated else {}
        check(verdict, expected)


def test_a_statement_does_not_outweigh_sessions_that_are_seen() -> None:
    verdict = contract_gate(
        development=False, live="green", candidate_live=True, running=[], pending=[], backfills=[], closing=[], proof=proof(), retired="blue",
        sessions=["pid 7 (svc_blue, shop-blue-1, idle)"], unprovable=None, drained="I am sure",
    )
    check(verdict, {"BGM912": 6})
    assert "pid 7" in verdict.findings[0].what


@pytest.mark.parametrize("broken", [True, False])
@pytest.mark.parametrize("contracted", [True, False])
def test_the_way_back_asks_only_what_is_certain_to_break(contracted: bool, broken: bool) -> None:
    trigger = Finding(code="BGM808", what="the sync trigger is disabled", why="They diverge.", next="Enable it.")
    verdict = back_gate(development=False, environment="blue", contracted=["c1"] if contracted else [], triggers=[trigger] if broken else [])
    check(verdict, ({"BGM917": 3} if contracted else {}) | ({"BGM808": 3} if broken else {}))


def test_every_gate_is_open_where_nothing_is_served() -> None:
    worst = proof("failed")
    assert switch_gate(development=True, environment="green", candidate=None, running=["e"], pending=["e"], backfills=[BACKFILL], proof=worst).open
    assert back_gate(development=True, environment="blue", contracted=["c1"], triggers=[]).open
    assert contract_gate(
        development=True, live=None, candidate_live=False, running=["e"], pending=["e"], backfills=[BACKFILL], closing=[], proof=worst, retired=None,
        sessions=["x"], unprovable="x", drained=None,
    ).open


def test_the_most_final_reason_is_named_first() -> None:
    verdict = switch_gate(development=False, environment="green", candidate="2.0", running=["e1"], pending=[], backfills=[], proof=proof(None))
    with pytest.raises(BgmigrateError, match="2 reasons speak against it, first: expand revision e1") as caught:
        verdict.enforce(to="green")
    assert caught.value.exit_code == 3
    assert caught.value.extra == {"to": "green"}
    assert caught.value.next == "bgmigrate expand"
