"""Where it stands who is live: in the journal, or in a store beside it, of which the journal then keeps a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgmigrate.routing.stores.held import Held, Store
from bgmigrate.settings import Settings

if TYPE_CHECKING:
    from bgmigrate.routing.stores.consul import ConsulStore

__all__ = ["Held", "Store", "opened", "outside"]


def opened(settings: Settings) -> Store:
    """The configured store. Raises ConfigurationError when what it needs is not installed, nothing yet when it is away."""
    from bgmigrate.routing.stores.postgres import PostgresStore

    return outside(settings) or PostgresStore(settings)


def outside(settings: Settings) -> ConsulStore | None:
    """The store beside the journal, which then is the authority; None when the journal is."""
    if settings.store.kind == "postgres":
        return None
    from bgmigrate.routing.stores.consul import ConsulStore

    return ConsulStore(settings)
