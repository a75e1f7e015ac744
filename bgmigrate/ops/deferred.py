"""What an operation raises when it is to be gone on with later."""

from __future__ import annotations

from bgmigrate.errors import BgmigrateError


class BackfillDeferred(BgmigrateError):
    """Expand was asked to stop before the backfill: what comes after it (indexes, constraints) needs its rows."""
