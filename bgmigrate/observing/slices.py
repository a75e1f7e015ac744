"""Batches come by the dozen a second: summed up, one a second is enough for whoever reads or keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

EACH = 1.0  # seconds
_SUMMED = ("rows", "hot", "seconds")


@dataclass(kw_only=True)
class _Slice:
    began: float  # seconds since the epoch
    workers: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)


class Slices:
    """Of each table. The first batch is a slice of its own, so that a start is seen at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}
        self._open: dict[str, _Slice] = {}

    def add(self, batch: Mapping[str, Any]) -> tuple[float, dict[str, Any]] | None:
        """Take a batch in; gives when the slice began (seconds since the epoch) and its facts, when a second has passed."""
        table = str(batch["table"])
        current = self._open.setdefault(table, _Slice(began=time.time() - batch["seconds"]))
        if worker := batch.get("worker"):
            current.workers.add(worker)
        before = current.facts
        current.facts = {k: v for k, v in batch.items() if k != "worker"} | {
            k: before[k] + batch[k] if before.get(k) is not None and batch.get(k) is not None else (batch.get(k) if not before else None)
            for k in _SUMMED
        } | {"batches": before.get("batches", 0) + 1, "workers": len(current.workers)}
        return self.flush(table) if self._clock() - self._last.get(table, float("-inf")) >= EACH else None

    def flush(self, table: str) -> tuple[float, dict[str, Any]] | None:
        """What there is of a table."""
        current = self._open.pop(table, None)
        if current is None:
            return None
        self._last[table] = self._clock()
        return current.began, current.facts

    def tables(self) -> list[str]:
        """Those with a slice that is not given yet."""
        return list(self._open)
