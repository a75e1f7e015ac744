"""Consul: one key whose value is plain `blue` or `green`, so that any Consul client may read it; changed by a transaction only."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bgmigrate.dataplane import StoreSettings, TraefikSettings
from bgmigrate.errors import ConfigurationError, Conflict, InfrastructureError
from bgmigrate.routing.stores.held import Held
from bgmigrate.settings import Settings

if TYPE_CHECKING:
    import consul

_LOCK_TTL = 10  # seconds, the least that Consul allows: so long a killed switch keeps another out
_BLOCK = 60.0  # seconds of one blocking query at most


class ConsulStore:
    """The key, and a session's lock beside it while a switch runs. `mirror` says which other keys are changed in the same transaction."""

    kind = "consul"

    def __init__(self, settings: Settings) -> None:
        self.settings: StoreSettings = settings.store
        self.service = settings.service
        self.key = settings.store.key.replace("{service}", settings.service)
        self.where = f"Consul's key {self.key}"
        self._routers = [a for a in settings.actuators if isinstance(a, TraefikSettings)]
        self._client: consul.Consul | None = None
        self._session: str | None = None

    def put(self, environment: str) -> str:
        """The command with which a person sets the key."""
        return f"consul kv put {self.key} {environment}"

    def get(self) -> Held | None:
        """The key's value. Raises ConfigurationError when it is neither blue nor green."""
        with self._asking() as client:
            _, found = client.kv.get(self.key, consistency="consistent")  # not a follower that has not heard yet
        return self._held(found)

    def watch(self, seen: Held | None, seconds: float) -> Held | None:
        """A blocking query: it returns as soon as the key changes."""
        deadline = time.monotonic() + seconds
        index = seen.version if seen else 0
        while True:
            left = deadline - time.monotonic()
            with self._asking() as client:
                if index and left > 0:
                    at, found = client.kv.get(self.key, index=str(index), wait=f"{max(1, int(min(left, _BLOCK) * 1000))}ms")
                else:
                    at, found = client.kv.get(self.key)
            if (now := self._held(found)) != seen or left <= 0:
                return now
            index = int(at) if int(at) >= index else 0  # an index that goes backwards begins anew (Consul: blocking queries)

    def create(self, environment: str) -> None:
        """Make the key, when there is none. Raises Conflict when there is one with another value."""
        with self._asking() as client:
            if client.kv.put(self.key, environment, cas=0):
                return
        held = self.get()
        if held is None or held.environment != environment:
            raise self._changed(held)

    def compare_and_set(self, held: Held | None, to: str) -> None:
        """Change the key if nobody changed it since `held` was read, and what mirrors it, in one transaction. Raises Conflict (BGM925)."""
        operations = [{"KV": {"Verb": "cas", "Key": self.key, "Index": held.version if held else 0, "Value": _encoded(to)}}]
        if self._session:
            operations.insert(0, {"KV": {"Verb": "check-session", "Key": self._lock_key, "Session": self._session}})
        operations += [{"KV": {"Verb": "set", "Key": k, "Value": _encoded(v)}} for k, v in self.mirror(to).items()]
        with self._asking() as client:
            from consul.exceptions import ClientError

            try:
                client.txn.put(operations)
                return
            except ClientError as error:  # 409: rolled back as a whole
                if "409" not in str(error):
                    raise
        raise self._changed(self.get())

    def mirror(self, environment: str) -> Mapping[str, str]:
        """Keys that other programs read, with what they are to say while that environment is live."""
        return {router_key(r): r.services[environment] for r in self._routers}

    def read(self, key: str) -> str | None:
        """Any key's value."""
        with self._asking() as client:
            _, found = client.kv.get(key, consistency="consistent")
        return found["Value"].decode(errors="replace") if found and found["Value"] is not None else None

    def write(self, key: str, value: str) -> None:
        """Set any key."""
        with self._asking() as client:
            client.kv.put(key, value)

    @contextlib.contextmanager
    def locked(self, owner: str) -> Iterator[None]:
        """Hold the lock beside the key: a switch of the same service on another database waits. Raises Conflict (BGM915).

        `owner` names the database whose run lock the caller holds: who else holds this one in that name was killed, or has lost its run lock. Its
        session is ended, and with it every compare-and-set of its own.
        """
        with self._asking() as client:
            self._session = client.session.create(name=f"bgmigrate switch {self.service}", lock_delay=0, ttl=_LOCK_TTL, behavior="delete")
        try:
            if not self._acquired(owner):
                raise Conflict(
                    f"another switch of {self.service} holds {self._lock_key} in Consul", why="Two at once would undo each other.",
                    next=f"Wait for it: a killed one lets go after {2 * _LOCK_TTL} s at most.", code="BGM915",
                )
            with self._renewed():
                yield
        finally:
            session, self._session = self._session, None
            with contextlib.suppress(InfrastructureError), self._asking() as client:  # Consul may be away by now: the lock ends with its TTL
                client.session.destroy(session)

    def close(self) -> None:
        """Close its connections."""
        if self._client is not None:
            self._client.http.session.close()
            self._client = None

    @property
    def _lock_key(self) -> str:
        return f"{self.key}.lock"

    def _acquired(self, owner: str) -> bool:
        with self._asking() as client:
            if client.kv.put(self._lock_key, owner, acquire=self._session):
                return True
            _, found = client.kv.get(self._lock_key, consistency="consistent")
            if found and (found["Value"] or b"").decode(errors="replace") != owner:
                return False
            if found and found.get("Session"):
                client.session.destroy(found["Session"])
            return bool(client.kv.put(self._lock_key, owner, acquire=self._session))

    @contextlib.contextmanager
    def _renewed(self) -> Iterator[None]:
        ended, session = threading.Event(), self._session

        def renew() -> None:
            while not ended.wait(_LOCK_TTL / 3):
                with contextlib.suppress(InfrastructureError, ConfigurationError), self._asking() as client:
                    client.session.renew(session)

        thread = threading.Thread(target=renew, name="consul-session", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(self.settings.timeout)

    def _held(self, found: Mapping[str, Any] | None) -> Held | None:
        if found is None:
            return None
        value = (found["Value"] or b"").decode(errors="replace").strip()
        if value not in ("blue", "green"):
            raise ConfigurationError(
                f"{self.where} says {value[:80]!r}, neither blue nor green", why="Who is live cannot be told.", next=f"Correct it: {self.put('blue')}"
            )
        return Held(environment=value, version=int(found["ModifyIndex"]))

    def _changed(self, held: Held | None) -> Conflict:
        return Conflict(
            f"{self.where} was changed by someone else meanwhile: it says {held.environment if held else 'nothing'}",
            why="The gate was asked about another state than there is now.", next="Look at `bgmigrate status`, then decide again.", code="BGM925",
        )

    @contextlib.contextmanager
    def _asking(self) -> Iterator[consul.Consul]:
        client = self._opened()
        import requests
        from consul.exceptions import ConsulException

        try:
            yield client
        except (requests.RequestException, ConsulException) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> InfrastructureError:
        said = str(error).replace(self.settings.token or "\0", "***")
        known = {"ConnectionError": "no connection", "ConnectTimeout": "no connection", "ReadTimeout": f"no answer in {self.settings.timeout:g} s"}
        return InfrastructureError(
            f"Consul at {self.settings.url} did not do it: {known.get(type(error).__name__, said)}",
            why="Traffic goes on as it was: proxies keep what they were told last.",
            next="See that Consul runs and that the token may write the key, then run the same command again.", code="BGM934",
        )

    def _opened(self) -> consul.Consul:
        if self._client is None:
            if find_spec("consul") is None:
                raise ConfigurationError("the store is Consul, and py-consul is not installed", next="pip install 'bgmigrate[consul]'")
            import consul

            s, at = self.settings, urlsplit(self.settings.url)
            client = consul.Consul(
                host=at.hostname, port=at.port or (443 if at.scheme == "https" else 8500), scheme=at.scheme or "http", verify=s.ca or True,
                cert=s.certificate, connections_timeout=s.timeout,
            )
            # py-consul sends neither token nor namespace with a transaction, and lets a variable win over the token: both go with every request
            client.token = None
            client.http.session.trust_env = False  # a proxy for the web is none for an agent
            if s.token:
                client.http.session.headers["X-Consul-Token"] = s.token
            if s.namespace:
                client.http.session.params = {"ns": s.namespace}
            self._client = client
        return self._client


def router_key(router: TraefikSettings) -> str:
    """The key by which Traefik's Consul provider knows a router's service."""
    return f"{router.root}/http/routers/{router.router}/service"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


