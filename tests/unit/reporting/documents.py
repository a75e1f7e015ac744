"""What `verify` records, made up: small for reading, large for the size that reports must bear."""

from __future__ import annotations

from typing import Any

FAULT = {
    "tried": "insert minimal", "verdict": "failed", "said": 'null value in column "full_name" <b>', "state": "23502",
    "statement": "INSERT INTO users (name) VALUES (%(name)s)",
}


def tally(checked: int, **more: Any) -> dict[str, Any]:
    """One table's counts."""
    return {"checked": checked, "failed": 0, "inconclusive": 0} | more


def document(**more: Any) -> dict[str, Any]:
    """Two versions, three tables, one of each state."""
    users = tally(7, failed=2, statements={"INSERT": 3, "SELECT": 4}, faults=[FAULT])
    return {
        "service": "shop", "outcome": "failed", "fingerprint": "sha256:0", "versions": {"blue": "git:v1", "green": "working tree"},
        "checked": {"tables": 3, "statements": 20, "rows": 4},
        "software": {"bgmigrate": {"bgmigrate": "1.0"}, "blue": {"sqlalchemy": "1.4.50", "psycopg2": "2.9.9"}, "scratch": {"postgresql": "16.4"}},
        "probes": [
            {"probe": "shape", "version": "blue", "checked": 9, "seconds": 0.25, "tables": {"users": tally(5), "seals": tally(4)}},
            {"probe": "roundtrip", "version": "blue", "checked": 14, "seconds": 1.5, "tables": {"users": users, "seals": tally(7, inconclusive=1)}},
            {"probe": "roundtrip", "version": "blue", "schema": "contracted", "checked": 7, "seconds": 1.0, "tables": {"users": tally(7, failed=1)}},
            {"probe": "crossread", "version": "green", "checked": 4, "seconds": 0.5, "tables": {"orders <x>": tally(4)}},
            {"probe": "command", "version": "green", "checked": 1, "seconds": 3.0},
        ],
        "findings": [
            {"code": "BGM801", "severity": "error", "version": "blue", "probe": "roundtrip", "table": "users", "what": "blue's INSERT fails <b>\x01",
             "why": "w & x", "next": "bgmigrate plan"},
            {"code": "BGM806", "severity": "warning", "version": "blue", "probe": "roundtrip", "table": "seals", "what": "no row could be made"},
            {"code": "BGM805", "severity": "warning", "version": "green", "probe": "crossread", "table": "orders <x>", "what": "NULL may come"},
            {"code": "BGM909", "severity": "warning", "version": "blue", "what": "another version runs there"},
        ],
    } | more


def large(tables: int) -> dict[str, Any]:
    """Two versions, three probes each, of so many tables."""
    counts = {f"table_{n:03}": tally(9, statements={"INSERT": 2, "SELECT": 3, "UPDATE": 2, "DELETE": 2}) for n in range(tables)}
    probes = [
        {"probe": p, "version": v, "checked": 9 * tables, "seconds": 1.0, "tables": counts}
        for v in ("blue", "green") for p in ("shape", "roundtrip", "crossread")
    ]
    return document(probes=probes, findings=[], outcome="passed")
