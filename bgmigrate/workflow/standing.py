"""Do the store, the journal, the map files and the proxies say the same? Asked of all of them, changing nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bgmigrate.database import Connection
from bgmigrate.errors import BgmigrateError, Disagreement
from bgmigrate.findings import Finding
from bgmigrate.journal import intents
from bgmigrate.journal.intents import Intent
from bgmigrate.routing import plane, stores
from bgmigrate.routing.actuator import Seen
from bgmigrate.routing.actuators import configured
from bgmigrate.routing.store import Live
from bgmigrate.settings import Settings

RESUME = "bgmigrate switch --resume"
FOLLOW = "bgmigrate route follow --once"


def standing(settings: Settings, live: Live | None, intent: Intent | None) -> tuple[dict[str, Any], list[Finding]]:
    """The keys `store`, `actuators` and `switching` of `status --json`, and what is wrong: BGM932 where two disagree, BGM930 where one is silent."""
    content: dict[str, Any] = {"store": {"kind": settings.store.kind}, "actuators": [], "switching": _under_way(intent)}
    findings: list[Finding] = []
    wanted = live.environment if live else None
    if intent is not None:
        findings.append(Finding(
            code="BGM933", what=f"a switch to {intent.to_environment}, begun {intent.began_at:%Y-%m-%d %H:%M:%S} by {intent.by}, has not ended",
            why="Its process is at work, or was killed.", next=RESUME, severity="warning",
        ))
    try:
        outside, actuators = stores.outside(settings), configured(settings)
    except BgmigrateError as error:  # what it needs is not installed
        return content, [*findings, *error.findings]
    if outside is not None:
        try:
            held = outside.get()
            content["store"] |= {"environment": held.environment if held else None}
            if live is not None and (held is None or held.environment != live.environment):
                findings.append(Finding(
                    code="BGM932", what=f"{outside.where} says {held.environment if held else 'nothing'}, the journal says {live.environment}",
                    why="Somebody has changed one of them by hand: which version has the traffic cannot be told from here.",
                    next=RESUME if intent else f"Put it right: {outside.put(live.environment)}",
                ))
            wanted = held.environment if held else wanted
        except BgmigrateError as error:
            findings += error.findings
        finally:
            outside.close()
    for seen, actuator in zip(plane.observe(actuators), actuators, strict=True):
        content["actuators"].append(seen.as_json())
        findings += _judged(seen, wanted, file=actuator.first, next_=RESUME if intent else FOLLOW)
    return content, findings


def refuse_unended(connection: Connection, service: str) -> None:
    """Raise Disagreement where a switch has not ended: which version has the traffic is not certain."""
    if intent := intents.unfinished(connection, service):
        raise Disagreement(
            f"a switch to {intent.to_environment}, begun {intent.began_at:%Y-%m-%d %H:%M:%S} by {intent.by}, has not ended",
            why="Its process was killed: instances may send traffic to different versions.", next=RESUME, code="BGM933",
        )


def exit_code(findings: list[Finding]) -> int:
    """7 where two disagree, else 1 where one is silent, else 0."""
    codes = {f.code for f in findings if f.severity == "error"}
    return 7 if "BGM932" in codes else 1 if codes else 0


def lines(content: dict[str, Any]) -> list[str]:
    """The same for a person."""
    held = content["store"]
    out = [f"store      {held['kind']}: {held['environment'] or 'nothing'}"] if "environment" in held else []
    return out + [f"{a['kind']:<10} {a['instance']}: {a.get('error') or a['observed'] or 'no entry'}" for a in content["actuators"]]


def _judged(seen: Seen, wanted: str | None, *, file: bool, next_: str) -> list[Finding]:
    if seen.error:
        return [Finding(code="BGM930", what=f"{seen.kind} {seen.instance} does not answer: {seen.error}", why="Where it sends traffic is not known.",
                        next="See that it runs and may be reached from here.")]
    if wanted is None or seen.observed == wanted:
        return []
    why = "A proxy that starts now would send traffic there." if file else "It sends traffic to another version than who is live."
    what = f"{'the map file' if file else seen.kind} {seen.instance} says {seen.observed or 'nothing'}, but {wanted} is live"
    return [Finding(code="BGM932", what=what, why=why, next=next_)]


def _under_way(intent: Intent | None) -> dict[str, Any] | None:
    return {k: v for k, v in asdict(intent).items() if k not in ("id", "service")} if intent else None
