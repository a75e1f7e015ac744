"""A map file of `<service> <environment>` lines, which HAProxy reads when it starts: replaced as a whole, other services' lines kept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bgmigrate.dataplane import HAProxySettings
from bgmigrate.routing.actuator import silent


class MapFile:
    """The file, where this machine has its directory. On a proxy's own host `bgmigrate route follow` writes it."""

    kind = "haproxy"
    first = True

    def __init__(self, service: str, settings: HAProxySettings) -> None:
        self.settings, self.service = settings, service
        self.path = Path(settings.map)
        self.name = str(self.path)

    @property
    def here(self) -> bool:
        """Is it this machine's to write? A map named by `#id` has no file, and a remote proxy's is elsewhere."""
        return self.path.is_absolute() and self.path.parent.is_dir()

    def ready(self, environment: str) -> str | None:
        """A file sends no traffic."""

    def apply(self, environment: str) -> None:
        """Write a new file beside it and rename that over it: a proxy that starts meanwhile reads the old one or the new one."""
        try:
            with self._locked():
                lines = self._lines()
                ours = [n for n, line in enumerate(lines) if line.split()[:1] == [self.service]]
                entry = f"{self.service} {environment}"
                if ours and all(lines[n] == entry for n in ours):
                    return
                if ours:
                    lines[ours[0]] = entry
                    lines = [line for n, line in enumerate(lines) if n not in ours[1:]]
                else:
                    lines.append(entry)
                self._replace("".join(f"{line}\n" for line in lines))
        except OSError as error:
            raise silent(self.kind, self.name, error.strerror or str(error)) from None

    def observe(self) -> str | None:
        """What a proxy that started now would read."""
        try:
            words = [line.split() for line in self._lines()]
        except OSError as error:
            raise silent(self.kind, self.name, error.strerror or str(error)) from None
        return next((w[1] for w in words if w[:1] == [self.service] and len(w) > 1), None)

    def inflight(self, environment: str) -> int | None:
        """A file has no requests."""

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _replace(self, text: str) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                before = self.path.stat()
                shutil.copymode(self.path, name)
                with contextlib.suppress(PermissionError):  # only root gives files away
                    os.chown(name, before.st_uid, before.st_gid)
            else:
                os.chmod(name, 0o644)
            os.replace(name, self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # the rename itself
        finally:
            os.close(directory)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.path.parent / f".{self.path.name}.lock", "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two services' switches must not lose each other's line
            yield
