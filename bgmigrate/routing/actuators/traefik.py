"""Traefik: its Consul provider's key, changed in the same transaction as who is live; and what its API says it has made of it, where configured."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from bgmigrate.dataplane import TraefikSettings
from bgmigrate.routing.actuator import Actuator, silent
from bgmigrate.routing.stores.consul import ConsulStore, router_key
from bgmigrate.settings import Settings


class ProviderKey:
    """The router's key in Consul. It is right already when the store was switched; written where somebody else has changed it."""

    kind = "traefik"
    first = True

    def __init__(self, settings: TraefikSettings, store: ConsulStore) -> None:
        self.settings, self.store, self.name = settings, store, router_key(settings)

    def ready(self, environment: str) -> str | None:
        """A key sends no traffic."""

    def apply(self, environment: str) -> None:
        """Set it, where it says something else."""
        if self.store.read(self.name) != self.settings.services[environment]:
            self.store.write(self.name, self.settings.services[environment])

    def observe(self) -> str | None:
        """The environment whose service it names."""
        return _environment(self.settings, self.store.read(self.name))

    def inflight(self, environment: str) -> int | None:
        """A key has no requests."""


class Instance:
    """One Traefik, by its API. It reads the key by itself, at most `providers.providersThrottleDuration` (2 s unless set) later."""

    kind = "traefik"
    first = False

    def __init__(self, settings: TraefikSettings, url: str) -> None:
        self.settings, self.name = settings, url

    def ready(self, environment: str) -> str | None:
        """At least one server of the environment's service must be up, where Traefik checks their health."""
        service = self.settings.services[environment]
        found = self._get(f"services/{quote(_named(service), safe='')}")
        if found is None:
            return f"it knows no service {service}"
        states = found.get("serverStatus") or {}
        if not states or any(v == "UP" for v in states.values()):
            return None
        return f"no server of {service} is up"

    def apply(self, environment: str) -> None:
        """Traefik follows the key by itself."""

    def observe(self) -> str | None:
        """What its router is bound to."""
        found = self._get(f"routers/{quote(_named(self.settings.router), safe='')}")
        return _environment(self.settings, str(found.get("service", "")).partition("@")[0]) if found else None

    def inflight(self, environment: str) -> int | None:
        """Its API does not count requests."""

    def _get(self, path: str) -> dict[str, Any] | None:
        try:
            with _direct(f"{self.name.rstrip('/')}/api/http/{path}", timeout=self.settings.timeout) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise silent(self.kind, self.name, f"HTTP {error.code}") from None
        except (OSError, ValueError) as error:
            raise silent(self.kind, self.name, str(getattr(error, "reason", error))) from None
        return found


def instances(settings: Settings, one: TraefikSettings) -> list[Actuator]:
    """The key, and every instance whose API is configured."""
    apis: list[Actuator] = [Instance(one, url) for url in one.apis]
    return [ProviderKey(one, ConsulStore(settings)), *apis]


_direct: Callable[..., Any] = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # a proxy for the web is none for an instance


def _named(name: str) -> str:
    return name if "@" in name else f"{name}@consul"


def _environment(settings: TraefikSettings, service: str | None) -> str | None:
    return next((e for e, s in settings.services.items() if s.partition("@")[0] == (service or "").partition("@")[0]), service or None)
