"""Say where things stand, with as little as there is: no models are imported, and nothing is changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bgmigrate import evidence, journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import BgmigrateError, ConfigurationError
from bgmigrate.findings import Finding
from bgmigrate.gate import Proof
from bgmigrate.history.project import Project
from bgmigrate.journal import backfills, due, environments, intents, revisions
from bgmigrate.journal import evidence as evidence_rows
from bgmigrate.progress import Progress
from bgmigrate.routing import drain, store
from bgmigrate.settings import Settings
from bgmigrate.workflow import standing
from bgmigrate.workflow.expand import as_json
from bgmigrate.workflow.promotion import begun_since
from bgmigrate.workflow.quarantine import as_json as quarantined
from bgmigrate.workflow.report import Report
from bgmigrate.workflow.triggers import broken

_NOTHING: dict[str, Any] = {
    "live": None, "environments": {}, "heads": {"files": [], "database": []}, "pending": [], "backfills": [], "evidence": None,
    "store": {}, "actuators": [], "switching": None,
}


def status(settings: Settings, *, progress: Progress | None = None) -> Report:
    """Report who is live, the environments' versions, where the data plane sends traffic, heads, pending revisions, backfills and evidence.

    The exit code is 7 when store and data plane disagree, 1 when one of them is silent. Without a database it raises that error, with what the files
    alone say in it.
    """
    content, findings, project, ahead, routes = dict(_NOTHING), list[Finding](), None, False, list[Finding]()
    try:
        project = Project.open(settings)
        content["heads"] = {"files": list(project.heads()), "database": []}
    except ConfigurationError as error:
        findings += error.findings
    try:
        with connect(settings.url, purpose="status") as connection:
            content |= _journal(connection, settings)
            if journal.exists(connection):
                there, routes = standing.standing(
                    settings, store.live(connection, settings.service), intents.unfinished(connection, settings.service)
                )
                content |= there
                findings += broken(connection)
                ahead = bool(begun_since(connection, settings.service))
            if project is not None:
                content |= _history(connection, project, content)
                content["evidence"] = _evidence(connection, project, settings)
    except BgmigrateError as error:
        error.extra = content | error.extra
        (progress or Progress()).step("\n".join(_lines(content)))
        raise
    code = standing.exit_code(routes)
    return Report(
        command="status", outcome="error" if code else "done", exit_code=code, service=settings.service, extra=content,
        lines=tuple(_lines(content)), next=next((f.next for f in routes if f.code != "BGM930"), "") or _next(content, ahead),
        findings=(*routes, *(Finding(**f.as_json() | {"severity": "warning"}) for f in findings)),
    )


def _journal(connection: Connection, settings: Settings) -> dict[str, Any]:
    if not journal.exists(connection):
        return {}
    service, live = settings.service, store.live(connection, settings.service)
    found: dict[str, Any] = {}
    for name in ("blue", "green"):
        kinds = {"deployed": environments.deployed(connection, service, name), "candidate": environments.candidate(connection, service, name)}
        configured = settings.environment(name)
        found[name] = {
            "live": live is not None and live.environment == name,
            **{k: {"version": v.version, "source": v.source, "registered_at": v.registered_at} if v else None for k, v in kinds.items()},
            "sessions": None if drain.unprovable(connection, configured) else len(drain.sessions(connection, configured)),
        }
    return {
        "live": {k: getattr(live, k) for k in ("environment", "generation", "since", "by", "reason")} if live else None,
        "environments": found,
        "development": environments.development(connection),
        "copied": environments.copied(connection),
        "backfills": [as_json(b) | {"due": due.count(connection, b.id)} for b in backfills.all(connection)],
        "quarantine": quarantined(connection),
    }


def _history(connection: Connection, project: Project, content: dict[str, Any]) -> dict[str, Any]:
    recorded = list(project.recorded(connection))
    out: dict[str, Any] = {"heads": content["heads"] | {"database": recorded}}
    if project.adopted:
        running = {r.revision for r in revisions.all(connection) if r.state == "running"} if journal.exists(connection) else set()
        pending = [("expand", s) for s in project.pending_expands(connection)] + [("contract", s) for s in project.pending_contracts(connection)]
        out["pending"] = [
            {"revision": s.revision, "phase": phase, "message": s.doc, "path": s.path, "begun": s.revision in running} for phase, s in pending
        ]
    return out


def _evidence(connection: Connection, project: Project, settings: Settings) -> dict[str, Any] | None:
    last = evidence_rows.latest(connection, settings.service) if journal.exists(connection) else None
    if last is None:
        return None
    proof = Proof(evidence=last, fingerprint=evidence.current(connection, project, settings), expires=settings.verify.expires)
    expires = settings.verify.expires
    return {
        "fresh": proof.fresh, **{k: getattr(last, k) for k in ("outcome", "fingerprint", "recorded_at", "recorded_by")},
        "expires_at": last.recorded_at + timedelta(seconds=expires) if expires is not None else None,
        **{k: last.document.get(k, {}) for k in ("checked", "software")},
    }


def _lines(content: dict[str, Any]) -> list[str]:
    live, proof = content["live"], content["evidence"]
    lines = ["live       " + (f"{live['environment']}, since {live['since']:%Y-%m-%d %H:%M:%S} by {live['by']}" if live else "nobody knows")]
    for name, found in content["environments"].items():
        versions = [f"{found[k]['version']} ({k})" for k in ("deployed", "candidate") if found[k]]
        sessions = "" if found["sessions"] is None else f", {found['sessions']} sessions"
        lines.append(f"{name:<10} {', '.join(versions) or 'nothing registered'}{sessions}")
    lines += standing.lines(content)
    if content.get("development"):
        lines.append("           a development database: gates are open here")
    lines.append(f"heads      files {', '.join(content['heads']['files']) or 'none'}; database {', '.join(content['heads']['database']) or 'none'}")
    begun = {True: " (begun)", False: ""}
    lines += [f"pending    {p['phase']} {p['revision']} {p['message']}{begun[p['begun']]}" for p in content["pending"]] or ["pending    nothing"]
    for q in content.get("quarantine", ()):
        names = ", ".join(f"{a['table']}.{a['column']}" if a["column"] else a["table"] for a in q["set_aside"])
        how = {"held": "until", "purging": "being purged, until", "leaving": "being taken back, until", "entering": "begun, until"}[q["state"]]
        passed = ", which has passed" if q["over"] else ""
        lines.append(f"quarantine {q['revision']} ({names or 'no names'}): {how} {q['until']:%Y-%m-%d %H:%M:%S}{passed}")
    for b in content["backfills"]:
        if b["state"] != "done":
            refused = f", {b['failures']} refused" if b["failures"] else ""
            lines.append(f"backfill   {b['table']} ({', '.join(b['columns'])}): {b['state']}, {b['rows']:,} rows{refused}")
        elif b["due"]:
            waits = f"{b['due']:,} rows written since wait for their values: bgmigrate backfill"
            lines.append(f"backfill   {b['table']} ({', '.join(b['columns'])}): {waits}")
    said = f"{proof['outcome']}, {'fresh' if proof['fresh'] else 'stale'}, {proof['recorded_at']:%Y-%m-%d %H:%M:%S}" if proof else "none"
    if proof and proof["checked"]:
        said += f" ({', '.join(f'{n} {what}' for what, n in proof['checked'].items())})"
    if proof and proof["expires_at"]:
        said += f", expires {proof['expires_at']:%Y-%m-%d %H:%M:%S}"
    return [*lines, f"evidence   {said}"]


def _next(content: dict[str, Any], ahead: bool) -> str:
    """The usual next command; a hint, not a gate. `ahead`: expands are applied for a version that is not live."""
    phases = {p["phase"] for p in content["pending"]}
    if not content["live"]:
        return "bgmigrate register --env blue --version NAME --source SPEC"
    if "expand" in phases or any(b["state"] != "done" for b in content["backfills"]):
        return "bgmigrate expand"
    idle = next(name for name, found in content["environments"].items() if not found["live"])
    if content["environments"][idle]["candidate"]:
        proved = content["evidence"] and content["evidence"]["fresh"] and content["evidence"]["outcome"] == "passed"
        return f"bgmigrate switch --to {idle}" if proved else "bgmigrate verify"
    if ahead:
        return "bgmigrate verify"
    held = {q["revision"]: q["over"] for q in content.get("quarantine", ())}
    if any(p["phase"] == "contract" and p["revision"] not in held for p in content["pending"]):
        return "bgmigrate contract"
    return "bgmigrate contract --purge" if any(held.values()) else ""
