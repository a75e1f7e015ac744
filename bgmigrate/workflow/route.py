"""Keep the data plane at what the store says: for proxies that restart, join, or were not reached by `switch`."""

from __future__ import annotations

import time

from bgmigrate.errors import ConfigurationError, InfrastructureError
from bgmigrate.progress import Progress
from bgmigrate.routing import plane, stores
from bgmigrate.routing.actuator import Actuator, Seen
from bgmigrate.routing.actuators import configured
from bgmigrate.routing.stores import Held, Store
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report


def route(
    settings: Settings, *, action: str = "follow", once: bool = False, interval: float = 0.5, progress: Progress | None = None
) -> Report:
    """Watch the store and make every instance follow, until interrupted; `interval`: seconds between two looks at the instances.

    When the store is away the last that it said holds. With `once` everything is put right one time; raises InfrastructureError when an instance or
    the store does not answer. Raises ConfigurationError without actuators. The database is needed only where the store is the journal.
    """
    if action != "follow":
        raise ConfigurationError(f"there is no `route {action}`", next="bgmigrate route follow")
    if not settings.actuators:
        raise ConfigurationError("no actuator is configured", why="Nothing could follow.", next="Configure [[tool.bgmigrate.actuators]].")
    following = Following(settings, stores.opened(settings), progress or Progress())
    try:
        if not once:
            following.run(interval)
        held = following.store.get()
        if held is None:
            raise ConfigurationError(
                f"no environment of {settings.service} is live yet", why="There is nothing to follow.",
                next="Say what runs: bgmigrate register --env blue --version NAME --source SPEC",
            )
        changed = following.put_right(held)
    finally:
        following.store.close()
    if error := plane.unreached(following.seen):
        raise error
    return Report(
        command="route", outcome="done" if changed else "nothing_to_do", service=settings.service,
        extra={"live": held.environment, "changed": changed, "actuators": [s.as_json() for s in following.seen]},
        lines=tuple(map(str, following.seen)),
    )


_LOOK = 0.1  # seconds to wait for an instance to follow: a slow one is seen at the next look, and must not keep the others waiting


class Following:
    """The loop, and what it has said already: a silent instance is told of once, not twice a second."""

    def __init__(self, settings: Settings, store: Store, say: Progress) -> None:
        self.settings, self.store, self.say = settings, store, say
        self.actuators: list[Actuator] = configured(settings)
        self.seen: list[Seen] = []
        self._said: dict[str, str] = {}

    def run(self, interval: float) -> None:
        """Follow for ever."""
        held: Held | None = None
        while True:
            held = self._look(held, interval)
            if held is not None:
                self.put_right(held, _LOOK)

    def put_right(self, held: Held, patience: float | None = None) -> int:
        """Lead every instance that is somewhere else to where traffic belongs; how many those were. `patience` as `plane.follow` has it."""
        seen = plane.observe(self.actuators)
        wrong = [a for a, s in zip(self.actuators, seen, strict=True) if s.observed != held.environment]
        led = {id(a): s for a, s in zip(wrong, plane.follow(wrong, held.environment, patience=patience), strict=True)} if wrong else {}
        self.seen = [led.get(id(a), s) for a, s in zip(self.actuators, seen, strict=True)]
        changed = 0
        for before, now in zip(seen, self.seen, strict=True):
            name = f"{now.kind} {now.instance}"
            if now.error:
                self._once(name, f"{name}: {now.error}")
            elif before.observed != held.environment:
                changed += 1
                self._once(name, "")
                self.say.step(f"{name}: {before.observed or 'nothing'} → {held.environment}")
            else:
                self._once(name, "")
        if any(s.error for s in self.seen):
            self.actuators = configured(self.settings)  # a proxy's directory may have come meanwhile
        return changed

    def _look(self, held: Held | None, interval: float) -> Held | None:
        """What the store says, waiting a while for a change; what it said last when it does not answer."""
        began = time.monotonic()
        try:
            now = self.store.watch(held, interval if held else 0)
        except InfrastructureError as error:
            self._once("store", f"{error.what}; {held.environment if held else 'nothing'} holds until it answers")
            time.sleep(max(0.0, interval - (time.monotonic() - began)))
            return held
        if now is None:  # nobody was registered yet; or the row or key was deleted, which says nothing
            self._once("store", f"{self.store.where} says nothing; {held.environment if held else 'nothing'} holds until it does")
            time.sleep(interval)
            return held
        self._once("store", "")
        if held is None or now.environment != held.environment:
            self.say.step(f"{now.environment} is live")
        return now

    def _once(self, about: str, text: str) -> None:
        if self._said.get(about, "") != text:
            self._said[about] = text
            self.say.step(text or f"{about} answers again")
