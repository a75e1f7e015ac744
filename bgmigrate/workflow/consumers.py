"""May this version be made live, as far as other services are concerned? "May I deploy", asked of what is live now.

How the best existing tool does it: Pact's broker keeps a matrix of contracts that were tested against each other, outside of any release. Ours keeps
only what each version says that it provides and requires, beside who is live, and a switch asks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bgmigrate.database import Connection
from bgmigrate.findings import Finding
from bgmigrate.journal import apis, environments
from bgmigrate.journal.apis import Apis
from bgmigrate.journal.environments import Registered


@dataclass(frozen=True, kw_only=True)
class _Live:
    version: Registered
    apis: Apis


def left_without(connection: Connection, service: str, target: Registered | None) -> Iterator[Finding]:
    """A finding for each API that a live version of another service would lose (BGM993), or that the one to be made live lacks (BGM994)."""
    others = list(_live(connection, but=service))
    elsewhere = frozenset[str]().union(*(o.apis.provides for o in others))
    own = apis.of(connection, target.id) if target else Apis()
    name = environments.live_environment(connection, service)
    now = environments.deployed(connection, service, name) if name else None
    lost = (apis.of(connection, now.id).provides if now else frozenset()) - own.provides - elsewhere
    called = target.version if target else "the other environment"
    for other in others:
        for api in sorted(other.apis.requires & lost):
            yield Finding(
                code="BGM993", version=other.version.version,
                what=f"{other.version.service} {other.version.version} is live and requires {api}, which {called} does not provide",
                why=f"Its calls to {service} would fail from the switch on.",
                next=f"Let {service} provide {api} as well, or release {other.version.service} without it first.",
            )
    for api in sorted(own.requires - elsewhere - own.provides):
        yield Finding(
            code="BGM994", version=called, what=f"{called} requires {api}, which no live version provides",
            why="Its calls would fail.", next=f"Release the service that provides {api} first; `bgmigrate matrix` shows who provides what.",
        )


def _live(connection: Connection, *, but: str) -> Iterator[_Live]:
    for service, name in connection.execute("SELECT service, environment FROM bgmigrate.live WHERE service <> %s ORDER BY 1", (but,)).fetchall():
        if version := environments.deployed(connection, service, name):
            yield _Live(version=version, apis=apis.of(connection, version.id))
