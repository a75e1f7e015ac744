"""All of the data plane at once: is it ready, make it follow, where is it now. Instances are asked side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bgmigrate.errors import BgmigrateError, InfrastructureError, NotReady
from bgmigrate.findings import Finding
from bgmigrate.routing.actuator import Actuator, Seen, Silent
from bgmigrate.routing.actuators import configured
from bgmigrate.settings import Settings

T = TypeVar("T")
_LOOK = 0.005  # seconds between two looks at an instance that does not follow yet; grows


def wait_ready(actuators: Sequence[Actuator], environment: str) -> None:
    """Wait until every instance could send traffic to an environment. Raises NotReady (exit 6) when one could not in time, InfrastructureError for
    one that does not answer."""
    found = [Finding(
        code="BGM931", what=f"{environment} is not ready behind {a.kind} {a.name}: {why}", why="Requests sent there would fail.",
        next=f"Start {environment}'s version and look at its health, then run the same command again.",
    ) for a, why in zip(actuators, _each(actuators, lambda a: _ready(a, environment)), strict=True) if why]
    if found:
        raise NotReady(found[0].what, why=found[0].why, next=found[0].next, findings=found)


def follow(actuators: Sequence[Actuator], environment: str, *, patience: float | None = None) -> list[Seen]:
    """Make every instance send traffic to an environment, and look until each is seen there; what did not follow has an `error`.

    `patience`: seconds to look, in place of the instances' own `follow_within`.

    When a file could not be written no proxy is told: one that restarts would come up on the wrong side.
    """
    began, out = time.monotonic(), dict[int, Seen]()
    for stage in (True, False):
        now = [a for a in actuators if a.first is stage]
        out |= zip(map(id, now), _each(now, lambda a: _led(a, environment, began, patience)), strict=True)
        if stage and any(s.error for s in out.values()):
            out |= {id(a): Seen(kind=a.kind, instance=a.name, error="not told, for its file could not be written") for a in actuators if not a.first}
            break
    return [out[id(a)] for a in actuators]


def observe(actuators: Sequence[Actuator]) -> list[Seen]:
    """Where every instance sends traffic now; one that does not answer has an `error`."""
    return _each(actuators, _seen)


def inflight(settings: Settings, environment: str) -> list[tuple[str, int]]:
    """How many requests every instance that can count them has under way at an environment. Raises InfrastructureError when one does not answer."""
    actuators = configured(settings)
    return [(f"{a.kind} {a.name}", n) for a, n in zip(actuators, _each(actuators, lambda a: a.inflight(environment)), strict=True) if n is not None]


def unreached(seen: Sequence[Seen]) -> InfrastructureError | None:
    """The error of the instances that did not answer."""
    findings = [Finding(
        code="BGM930", what=f"{s.kind} {s.instance} does not answer: {s.error}", why="It cannot be told to follow.",
        next="See that it runs and may be reached from here, then run the same command again.",
    ) for s in seen if s.error]
    return InfrastructureError(findings[0].what, why=findings[0].why, next=findings[0].next, findings=findings) if findings else None


def _ready(actuator: Actuator, environment: str) -> str | None:
    deadline = time.monotonic() + actuator.settings.ready_within
    while (why := actuator.ready(environment)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return why


def _led(actuator: Actuator, environment: str, began: float, patience: float | None) -> Seen:
    kind, name, wait = actuator.kind, actuator.name, _LOOK
    within = actuator.settings.follow_within if patience is None else patience
    deadline = time.monotonic() + within
    try:
        actuator.apply(environment)
        while (observed := actuator.observe()) != environment:
            if time.monotonic() >= deadline:
                return Seen(kind=kind, instance=name, observed=observed, error=f"still at {observed or 'nothing'} after {within:g} s")
            time.sleep(wait)
            wait = min(wait * 2, 0.25)
    except BgmigrateError as error:
        return Seen(kind=kind, instance=name, error=error.reason if isinstance(error, Silent) else error.what)
    return Seen(kind=kind, instance=name, observed=observed, seconds=round(time.monotonic() - began, 4))


def _seen(actuator: Actuator) -> Seen:
    try:
        return Seen(kind=actuator.kind, instance=actuator.name, observed=actuator.observe())
    except BgmigrateError as error:
        return Seen(kind=actuator.kind, instance=actuator.name, error=error.reason if isinstance(error, Silent) else error.what)


def _each(actuators: Sequence[Actuator], ask: Callable[[Actuator], T]) -> list[T]:
    if len(actuators) < 2:  # a thread costs more than most questions
        return [ask(a) for a in actuators]
    with ThreadPoolExecutor(min(len(actuators), 32), thread_name_prefix="actuator") as pool:
        return list(pool.map(ask, actuators))
