"""What makes the next batch wait: one throttle a file, each looking at one thing that live traffic shares with a backfill."""

from bgmigrate.backfill.throttles.configured import configured
from bgmigrate.backfill.throttles.every import Throttles
from bgmigrate.backfill.throttles.throttle import Throttle, Unobservable

__all__ = ["Throttle", "Throttles", "Unobservable", "configured"]
