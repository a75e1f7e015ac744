"""Who is live, for applications and routers: asked once, then kept up to date by a watch, so that asking costs nothing and survives the store.

    from bgmigrate.discovery import active_environment, switch_environment
    active_environment("shop")              # "blue"
    switch_environment("shop", "green")     # as `bgmigrate switch --to green`, gate included
"""

from __future__ import annotations

import atexit
import dataclasses
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bgmigrate.errors import BgmigrateError, ConfigurationError
from bgmigrate.routing import stores
from bgmigrate.routing.stores import Held
from bgmigrate.settings import Settings, load

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report

_LISTEN = 5.0  # seconds of one watch; it ends sooner when something changes
_RETRY = 1.0  # seconds between two attempts at a store that is away


class Watch:
    """Who is live of one service, kept by a thread. While the store is away the last answer holds. Threads may share it."""

    def __init__(self, settings: Settings, *, changed: Callable[[str], None] | None = None) -> None:
        """`changed` is called with the environment each time that it is another, in the watch's thread."""
        self.service = settings.service
        self._store, self._changed = stores.opened(settings), changed
        self._held = self._store.get()  # the first question is asked here: a store that is away is told to whoever starts us
        self._heard = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {self.service}", daemon=True)
        self._thread.start()

    @property
    def environment(self) -> str:
        """The live environment. Raises ConfigurationError when nobody was ever registered."""
        if self._held is None:
            raise ConfigurationError(
                f"no environment of {self.service} is live yet", why="Traffic has nowhere to go.",
                next="Say what runs: bgmigrate register --env blue --version NAME --source SPEC",
            )
        return self._held.environment

    @property
    def age(self) -> float:
        """Seconds since the store last answered: more than about five mean that it is away."""
        return time.monotonic() - self._heard

    def close(self) -> None:
        """End the watch; its thread goes at the end of the question that it is asking."""
        self._stopping.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                now = self._store.watch(self._held, _LISTEN)
            except BgmigrateError:
                self._store.close()
                self._stopping.wait(_RETRY)
                continue
            self._heard = time.monotonic()
            if now is None:  # nobody was registered yet; or the row or key was deleted, which says nothing: the last answer holds
                self._stopping.wait(_RETRY)
            elif not self._stopping.is_set():
                self._take(now)
        self._store.close()

    def _take(self, now: Held) -> None:
        before, self._held = self._held, now
        if self._changed is not None and (before is None or before.environment != now.environment):
            self._changed(now.environment)


_watches: dict[tuple[str, str], Watch] = {}
_inherited: list[Watch] = []
_loaded: dict[str | None, Settings] = {}  # read once: a file is not looked at for every request
_lock = threading.Lock()


def active_environment(service: str | None = None, *, settings: Settings | None = None) -> str:
    """Say which environment of a service is live: `blue` or `green`.

    The first call asks the store, later ones take what a watch has heard, usually within milliseconds of a switch. `settings`: other than those that
    are found from the current directory and the environment. Raises InfrastructureError when the store is away at the first call,
    ConfigurationError when nobody was ever registered.
    """
    found = _of(service, settings)
    key = (found.service, repr((found.store, found.database_url)))
    with _lock:
        if key not in _watches:
            _watches[key] = Watch(found)
        watch = _watches[key]
    return watch.environment


def switch_environment(service: str | None, environment: str, *, reason: str = "", settings: Settings | None = None) -> Report:
    """Make an environment of a service live as `bgmigrate switch --to ENVIRONMENT` does: its gate is asked, the data plane follows.

    Raises what `bgmigrate.switch` raises.
    """
    from bgmigrate.workflow.switch import switch

    return switch(_of(service, settings), to=environment, reason=reason)


def forget() -> None:
    """End all watches, as before a fork; the next question begins anew."""
    with _lock:
        for watch in _watches.values():
            watch.close()
        _watches.clear()
        _loaded.clear()


def _of(service: str | None, settings: Settings | None) -> Settings:
    if settings is None:
        if service not in _loaded:
            _loaded[service] = _of(service, load())
        return _loaded[service]
    return dataclasses.replace(settings, service=service) if service else settings


def _after_fork() -> None:
    # threads do not survive a fork, and two processes must not share a connection
    global _lock
    _lock = threading.Lock()
    _inherited.extend(_watches.values())  # not closed: the parent goes on with theirs
    _watches.clear()


atexit.register(forget)
if hasattr(os, "register_at_fork"):  # not on every platform
    os.register_at_fork(after_in_child=_after_fork)
