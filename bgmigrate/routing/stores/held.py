"""What a store tells, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Held:
    """Who is live, and the store's own count of changes, by which a change is noticed and compare-and-set compares."""

    environment: str
    version: int


class Store(Protocol):
    """Who is live. Every method raises InfrastructureError when the store is away."""

    kind: str
    where: str

    def get(self) -> Held | None:
        """Who is live now; None when nobody ever was."""

    def watch(self, seen: Held | None, seconds: float) -> Held | None:
        """Wait until it is not `seen` any more, or for so many seconds; what it is then."""

    def close(self) -> None:
        """Let go of its connections; the next question opens them again."""
