"""What the configuration says of who is live and of the data plane that is made to follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bgmigrate.errors import ConfigurationError
from bgmigrate.sections import section


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Who is live. `postgres`: the journal itself. `consul`: a key whose value is plain `blue` or `green`; `ca` and `certificate` (with its key) are
    PEM files, `timeout` is for each question, in seconds."""

    kind: str = "postgres"
    url: str = "http://127.0.0.1:8500"
    token: str | None = field(default=None, repr=False)
    ca: str | None = None
    certificate: str | None = None
    namespace: str | None = None
    timeout: float = 5.0
    key: str = "services/{service}/active"


@dataclass(frozen=True, kw_only=True)
class ActuatorSettings:
    """What every kind has. `timeout`: for one question or order; `ready_within`: how long `switch` waits for the candidate; `follow_within`: how long
    for an instance to be seen at the new environment. All in seconds."""

    kind: str = ""
    timeout: float = 2.0
    ready_within: float = 10.0
    follow_within: float = 10.0


@dataclass(frozen=True, kw_only=True)
class HAProxySettings(ActuatorSettings):
    """`sockets`: every proxy's runtime API, `unix:PATH` or `tcp:HOST:PORT`. `map`: the map file as haproxy.cfg names it. `backends`: of each
    environment, for ready and inflight."""

    sockets: tuple[str, ...] = ()
    map: str = ""
    backends: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TraefikSettings(ActuatorSettings):
    """`router` gets one of `services` in Traefik's Consul KV provider, whose keys begin with `root`. `apis`: Traefik's own, one for each instance,
    when what it has made of the keys is to be seen as well."""

    router: str = ""
    services: Mapping[str, str] = field(default_factory=dict)
    root: str = "traefik"
    apis: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CommandSettings(ActuatorSettings):
    """Argument lists, run without a shell in the project's directory; `{service}` and `{environment}` are filled in."""

    timeout: float = 60.0
    apply: tuple[str, ...] = ()
    observe: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    inflight: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KubernetesSettings(ActuatorSettings):
    """The selector of `service` gets `label` = one of `values` (blue, green when not said). `deployments`: of each environment, for ready."""

    timeout: float = 10.0
    service: str = ""
    namespace: str = "default"
    label: str = "environment"
    values: Mapping[str, str] = field(default_factory=dict)
    deployments: Mapping[str, str] = field(default_factory=dict)
    context: str | None = None


STORES = ("postgres", "consul")
KINDS: dict[str, type[ActuatorSettings]] = {
    "haproxy": HAProxySettings, "traefik": TraefikSettings, "command": CommandSettings, "kubernetes": KubernetesSettings,
}
_NEEDED = {"haproxy": ("sockets", "map"), "traefik": ("router", "services"), "command": ("apply", "observe"), "kubernetes": ("service",)}
_PAIRS = ("backends", "services", "values", "deployments")


def read_store(table: Mapping[str, Any]) -> StoreSettings:
    """`[tool.bgmigrate.store]`. Raises ConfigurationError."""
    found: StoreSettings = section(StoreSettings, table, "store")
    if found.kind not in STORES:
        raise ConfigurationError(
            f"there is no store of kind {found.kind!r}", why="Nobody would know who is live.", next=f"store.kind is one of: {', '.join(STORES)}."
        )
    return found


def read_actuators(tables: Sequence[Mapping[str, Any]], store: StoreSettings) -> tuple[ActuatorSettings, ...]:
    """`[[tool.bgmigrate.actuators]]`, in their order. Raises ConfigurationError."""
    return tuple(_actuator(table, f"actuators[{n}]", store) for n, table in enumerate(tables))


def _actuator(table: Mapping[str, Any], where: str, store: StoreSettings) -> ActuatorSettings:
    kind = str(table.get("kind", ""))
    if kind not in KINDS:
        raise ConfigurationError(
            f"{where} is of kind {kind!r}, which there is not", why="What it stands for would not follow a switch.",
            next=f"kind is one of: {', '.join(KINDS)}.",
        )
    found: ActuatorSettings = section(KINDS[kind], table, where)
    for key in _NEEDED[kind]:
        if not getattr(found, key):
            raise ConfigurationError(f"{where} ({kind}) does not say its {key}", why="It could not be made to follow.", next=f"Set {where}.{key}.")
    for key in _PAIRS:
        pair = getattr(found, key, None)
        if isinstance(pair, Mapping) and pair and set(pair) != {"blue", "green"}:
            raise ConfigurationError(
                f"{where}.{key} has {', '.join(sorted(pair))}, not blue and green", next=f'{key} = {{ blue = "…", green = "…" }}'
            )
    for socket in getattr(found, "sockets", ()):
        if not (socket.startswith("unix:/") or (socket.startswith("tcp:") and socket.rpartition(":")[2].isdigit())):
            raise ConfigurationError(f"{where}.sockets has {socket!r}", next='Write "unix:/run/haproxy/admin.sock" or "tcp:127.0.0.1:9999".')
    if kind == "traefik" and store.kind != "consul":
        raise ConfigurationError(
            f"{where} is Traefik with its Consul provider, and the store is {store.kind}",
            why="Its key is changed in one transaction with who is live.", next='Set store.kind = "consul".',
        )
    return found
