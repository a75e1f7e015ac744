"""The kinds of data plane that can be made to follow, one file each; here all that is configured, as instances."""

from __future__ import annotations

from importlib import import_module

from bgmigrate.routing.actuator import Actuator
from bgmigrate.settings import Settings


def configured(settings: Settings) -> list[Actuator]:
    """Every instance of every configured actuator. Raises ConfigurationError when one needs what is not installed."""
    found: list[Actuator] = []
    for one in settings.actuators:
        found += import_module(f"{__name__}.{one.kind}").instances(settings, one)
    return found
