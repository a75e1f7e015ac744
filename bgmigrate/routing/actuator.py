"""One instance of the data plane: what is asked of it, whatever it is, and what it was seen at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bgmigrate.dataplane import ActuatorSettings
from bgmigrate.errors import InfrastructureError


class Actuator(Protocol):
    """A proxy, or a file that proxies read. Each method raises InfrastructureError when the instance cannot be reached, within the settings' timeout.

    `first`: it has to be right before the others are told, as a map file has, from which a proxy that restarts at that moment reads.
    """

    kind: str
    name: str
    first: bool

    @property
    def settings(self) -> ActuatorSettings:
        """Its configuration."""

    def ready(self, environment: str) -> str | None:
        """Why it could not send traffic to an environment now; None when it could, or when it cannot know."""

    def apply(self, environment: str) -> None:
        """Send traffic to that environment from now on; a second time changes nothing."""

    def observe(self) -> str | None:
        """The environment that traffic goes to, read back from the instance; None when it has no entry for the service."""

    def inflight(self, environment: str) -> int | None:
        """How many requests it has under way at an environment; None when it cannot know."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What an instance was seen at; `seconds` after the order to follow, `error` when it did not answer."""

    kind: str
    instance: str
    observed: str | None = None
    seconds: float | None = None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the JSON key `actuators` has it."""
        return {k: v for k, v in asdict(self).items() if v is not None or k == "observed"}

    def __str__(self) -> str:
        return f"{self.kind} {self.instance}: " + (self.error or self.observed or "no entry")


class Silent(InfrastructureError):
    """An instance that cannot be reached, or answers what cannot be understood; `reason` without its name."""

    default_code = "BGM930"
    reason = ""


def silent(actuator_kind: str, name: str, why: str) -> Silent:
    """The error of such an instance."""
    error = Silent(
        f"{actuator_kind} {name} does not answer: {why}", why="Whether it follows could not be told.",
        next="See that it runs and may be reached from here, then run the same command again; `bgmigrate status` shows all.",
    )
    error.reason = why
    return error
