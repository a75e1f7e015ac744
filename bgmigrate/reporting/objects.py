"""The one JSON object that a command, or the gate over HTTP, answers with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bgmigrate.errors import BgmigrateError


def text(content: Mapping[str, Any]) -> str:
    """On one line, not escaped: people read it, too."""
    return json.dumps(content, ensure_ascii=False, default=_plain)


def of_error(error: BgmigrateError, *, command: str, service: str | None) -> dict[str, Any]:
    """Why a command ended, with the same keys as its report."""
    content: dict[str, Any] = {
        "schema": "bgmigrate/1", "command": command, "outcome": error.outcome, "exit_code": error.exit_code, "service": service,
        "what": error.what, "why": error.why,
    }
    return content | error.extra | {"findings": [f.as_json() for f in error.findings], "next": error.next}


def _plain(value: object) -> object:
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else str(value)
