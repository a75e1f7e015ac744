"""Which throttles a backfill has: those that the settings ask for, and those that are on unless turned off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bgmigrate.backfill.throttles.active_sessions import ActiveSessions
from bgmigrate.backfill.throttles.archive_backlog import ArchiveBacklog
from bgmigrate.backfill.throttles.disk import Disk
from bgmigrate.backfill.throttles.every import Throttles, Watched
from bgmigrate.backfill.throttles.replica_lag import ReplicaLag
from bgmigrate.backfill.throttles.slot_backlog import SlotBacklog
from bgmigrate.backfill.throttles.sql import Sql
from bgmigrate.backfill.throttles.throttle import Throttle
from bgmigrate.backfill.throttles.waiting_sessions import WaitingSessions
from bgmigrate.backfill.throttles.wal_rate import WalRate
from bgmigrate.backfill.throttles.wraparound import Wraparound
from bgmigrate.settings import ExpandSettings

REPLICA_LAG = 30.0  # seconds; on where standbys can be seen


def configured(
    budget: ExpandSettings,
    *,
    table: str,
    pids: Callable[[], Sequence[int]] | None = None,
    say: Callable[[str], None] | None = None,
    interval: float = 1.0,
) -> Throttles:
    """The throttles for a backfill of `table`.

    `pids`: our backends in this process; None: every session of a backfill of ours in the database, other machines' too.
    `say`: is told once of what is on by default and cannot be observed. The cheapest and most urgent come first.
    """
    asked: list[tuple[object, Throttle]] = []
    if budget.yield_to_waiting is not False:
        asked.append((budget.yield_to_waiting, WaitingSessions(pids)))
    if budget.yield_to_wraparound is not False:
        asked.append((budget.yield_to_wraparound, Wraparound(table)))
    if budget.max_replica_lag != 0:
        asked.append((budget.max_replica_lag, ReplicaLag(budget.max_replica_lag or REPLICA_LAG, budget.ignored_standbys)))
    if budget.max_slot_backlog:
        asked.append((True, SlotBacklog(budget.max_slot_backlog)))
    if budget.max_archive_backlog:
        asked.append((True, ArchiveBacklog(budget.max_archive_backlog)))
    if budget.max_wal_rate:
        asked.append((True, WalRate(budget.max_wal_rate)))
    if budget.max_active_sessions:
        asked.append((True, ActiveSessions(budget.max_active_sessions)))
    if budget.min_free_disk:
        asked.append((True, Disk(budget.min_free_disk, table)))
    if budget.throttle_query:
        asked.append((True, Sql(budget.throttle_query)))
    return Throttles([Watched(throttle=t, given=setting is not None) for setting, t in asked], interval=interval, say=say)
