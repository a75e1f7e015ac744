"""What a listener is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Listener(Protocol):
    """Is told events, one at a time; the caller sees to that. `name`: what a person is told that it is when it fails."""

    name: str

    def event(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Something happened."""

    def close(self) -> None:
        """Nothing more will happen."""
