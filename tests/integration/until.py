"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 40.0


def until(question: Callable[[], bool], what: str) -> None:
    """Ask until it is so. Raises AssertionError naming what never came."""
    end = time.monotonic() + PATIENCE
    while not question():
        assert time.monotonic() < end, f"it never came to this: {what}"
        time.sleep(0.02)
