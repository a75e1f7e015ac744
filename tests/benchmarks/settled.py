"""The server on which a backfill is measured: a cluster of its own with settings that do not change from run to run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.servers import Server
from tests.servers.cluster import cluster

# Left out is what would disturb: autovacuum, and checkpoints, whose full-page images cost whoever happens to be at work. Commits wait for the disk, as
# they do wherever rows matter; tests' servers do without. WAL files are used again, as on a server that has run for a while: where one has to be made,
# every commit waits for its 16 MB to reach the disk. Buffers are those of the design's measurements, an eighth of the memory of a small server.
SETTINGS = {
    "shared_buffers": "2GB", "max_connections": "100", "autovacuum": "off", "fsync": "on", "max_wal_size": "30GB", "min_wal_size": "8GB",
    "checkpoint_timeout": "1h", "deadlock_timeout": "1s",
}
LITTLE = "128MB"  # buffers as a server has them that nobody has set up


@contextlib.contextmanager
def settled(base: Server, *, shared_buffers: str = SETTINGS["shared_buffers"]) -> Iterator[Server]:
    """A server of the same version as `base`; one that a person has named is taken as it is."""
    if base.kind == "dsn":
        yield base
        return
    with cluster(base, wal_segment=16, **SETTINGS | {"shared_buffers": shared_buffers}) as own:
        yield Server(kind=base.kind, url=own.url, version=base.version)
