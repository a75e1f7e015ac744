"""Events as lines of JSON on stderr, for whoever reads a run by a program."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bgmigrate.observing.slices import Slices


class JsonLines:
    """One line an event; batches are summed up to a line a second."""

    name = "the events on stderr"

    def __init__(self, service: str) -> None:
        self.service = service
        self._slices = Slices()

    def event(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Write it, or keep it for the second's line."""
        if kind == "batch":
            if (done := self._slices.add(facts)) is not None:
                self._line(kind, done[1])
            return
        if kind in ("backfill_done", "backfill_failed"):
            self._flush(str(facts.get("table", "")))
        self._line(kind, facts)

    def close(self) -> None:
        """Write what was kept."""
        for table in self._slices.tables():
            self._flush(table)

    def _flush(self, table: str) -> None:
        if (rest := self._slices.flush(table)) is not None:
            self._line("batch", rest[1])

    def _line(self, kind: str, facts: Mapping[str, Any]) -> None:
        when = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
        content = {"schema": "bgmigrate/1", "event": kind, "time": when, "service": self.service, **facts}
        sys.stderr.write(json.dumps(content, ensure_ascii=False, default=str) + "\n")
        sys.stderr.flush()
