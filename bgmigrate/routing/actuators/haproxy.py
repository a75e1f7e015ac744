"""HAProxy: a map entry changed through the runtime API of every proxy, never a reload; the map file first, for proxies that restart.

`set map` under load lost no request where a reload lost some (docs/explanation/switching.md).
"""

from __future__ import annotations

import csv
import re
import socket

from bgmigrate.dataplane import HAProxySettings
from bgmigrate.errors import ConfigurationError
from bgmigrate.routing.actuator import Actuator, silent
from bgmigrate.routing.actuators.map_file import MapFile
from bgmigrate.settings import Settings

_WORD = re.compile(r"[\w.@/#-]+")  # anything else would need escapes in the runtime API, where `;` begins another command


class Proxy:
    """One HAProxy, by its runtime API (HAProxy's Management Guide, 9.3). The socket needs `level admin`."""

    kind = "haproxy"
    first = False

    def __init__(self, service: str, settings: HAProxySettings, address: str) -> None:
        self.settings, self.service, self.name = settings, service, address

    def ready(self, environment: str) -> str | None:
        """At least one server of the environment's backend must be up."""
        backend = self.settings.backends.get(environment)
        if backend is None:
            return None
        servers = [r for r in self._stat() if r["pxname"] == backend and r["svname"] not in ("FRONTEND", "BACKEND")]
        if any(r["status"].startswith("UP") or r["status"] == "no check" for r in servers):
            return None
        said = ", ".join(f"{r['svname']} is {r['status']}" for r in servers) or "it has no server"
        return f"no server of backend {backend} is up: {said}"

    def apply(self, environment: str) -> None:
        """Set the map's entry, or add it where the map has none."""
        answer = self._ask(f"set map {self.settings.map} {self.service} {environment}")
        if "not found" in answer:
            answer = self._ask(f"add map {self.settings.map} {self.service} {environment}")
        if answer:
            raise silent(self.kind, self.name, f"`set map` was answered with {answer!r}")

    def observe(self) -> str | None:
        """The map's entry, as the proxy has it in memory."""
        answer = self._ask(f"show map {self.settings.map}")
        lines = [line.split() for line in answer.splitlines()]
        if any(not line or not line[0].startswith("0x") for line in lines):
            raise silent(self.kind, self.name, f"`show map {self.settings.map}` was answered with {answer.splitlines()[0]!r}")
        return next((line[2] for line in lines if line[1] == self.service and len(line) > 2), None)  # the first entry is the one that counts

    def inflight(self, environment: str) -> int | None:
        """The backend's current sessions."""
        backend = self.settings.backends.get(environment)
        if backend is None:
            return None
        return sum(int(r["scur"] or 0) for r in self._stat() if r["pxname"] == backend and r["svname"] == "BACKEND")

    def _stat(self) -> list[dict[str, str]]:
        return list(csv.DictReader(self._ask("show stat").removeprefix("# ").splitlines()))

    def _ask(self, command: str) -> str:
        try:
            with self._connected() as s:
                s.sendall(command.encode() + b"\n")
                s.shutdown(socket.SHUT_WR)
                parts = iter(lambda: s.recv(65536), b"")
                answer = b"".join(parts).decode(errors="replace").strip()
        except OSError as error:
            raise silent(self.kind, self.name, error.strerror or str(error)) from None
        if answer.startswith("Permission denied"):
            raise silent(self.kind, self.name, "its socket lacks `level admin`")
        return answer

    def _connected(self) -> socket.socket:
        kind, _, address = self.name.partition(":")
        if kind == "tcp":
            host, _, port = address.rpartition(":")
            return socket.create_connection((host.strip("[]"), int(port)), self.settings.timeout)
        s = socket.socket(socket.AF_UNIX)
        try:
            s.settimeout(self.settings.timeout)
            s.connect(address)
        except BaseException:
            s.close()
            raise
        return s


def instances(settings: Settings, one: HAProxySettings) -> list[Actuator]:
    """The map file where this machine has its directory, and every proxy. Raises ConfigurationError for names that the runtime API cannot take."""
    for word in (settings.service, one.map):
        if not _WORD.fullmatch(word):
            raise ConfigurationError(
                f"HAProxy's runtime API cannot be told {word!r}", why="Blanks and `;` would be read as other commands.",
                next="Use letters, digits and . - _ / @ # in the service's name and in the path of its map.",
            )
    file = MapFile(settings.service, one)
    proxies: list[Actuator] = [Proxy(settings.service, one, address) for address in one.sockets]
    return [file, *proxies] if file.here else proxies
