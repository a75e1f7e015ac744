"""HAProxy from the machine's packages: several proxies before both environments' servers, each with a map file and a runtime API of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.web import Backends, free_port

CONFIGURATION = """\
global
    stats socket {home}/admin.sock level admin
    stats socket 127.0.0.1:{runtime} level admin
    hard-stop-after 2s
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend shop
    bind 127.0.0.1:{port}
    use_backend shop_%[str(shop),map({map},blue)]
backend shop_blue
    option httpchk GET /
    server one 127.0.0.1:{blue} check inter 100ms fall 1 rise 1
backend shop_green
    option httpchk GET /
    server one 127.0.0.1:{green} check inter 100ms fall 1 rise 1
"""


def missing() -> str | None:
    """Why it cannot be had."""
    return None if program() else "no haproxy on PATH, and BGMIGRATE_TEST_HAPROXY names none (Debian's package haproxy)"


def program() -> str | None:
    """Where it is."""
    return os.environ.get("BGMIGRATE_TEST_HAPROXY") or shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")


@dataclass
class HAProxy:
    """One running proxy; its port, its runtime API over a unix and a TCP socket, and its map file."""

    home: Path
    backends: Backends
    configuration: str = ""  # an example's, in place of ours
    port: int = field(default_factory=free_port)
    runtime: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def map(self) -> Path:
        """Its map file."""
        return self.home / "active.map"

    @property
    def unix(self) -> str:
        """As `sockets` has it."""
        return f"unix:{self.home}/admin.sock"

    @property
    def tcp(self) -> str:
        """Likewise."""
        return f"tcp:127.0.0.1:{self.runtime}"

    def start(self) -> None:
        """Start it and wait until it serves."""
        self.home.mkdir(exist_ok=True)
        if not self.map.exists():
            self.map.write_text("shop blue\n")
        (self.home / "cfg").write_text(self._example() if self.configuration else CONFIGURATION.format(
            home=self.home, runtime=self.runtime, port=self.port, map=self.map, blue=self.backends.blue, green=self.backends.green,
        ))
        found = program()
        assert found is not None
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen([found, "-W", "-q", "-f", str(self.home / "cfg")], stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 10
        while not self._serves():
            assert self.process.poll() is None and time.monotonic() < end, (self.home / "log").read_text()
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it and its workers."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def reload(self) -> None:
        """As `systemctl reload haproxy` does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR2)

    def ask(self, command: str) -> str:
        """Its answer over the runtime API."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.home / "admin.sock"))
            s.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: s.recv(65536), b"")).decode()

    def side(self, **headers: str) -> str:
        """Which environment answers through it."""
        more = "".join(f"{k}: {v}\r\n" for k, v in headers.items()).encode()
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n" + more + b"Connection: close\r\n\r\n")
            return b"".join(iter(lambda: s.recv(65536), b"")).decode().rpartition("\r\n\r\n")[2].split(" ")[0]

    def _example(self) -> str:
        text = self.configuration
        for old, new in (("/run/haproxy/", f"{self.home}/"), ("/etc/haproxy/", f"{self.home}/"), ("bind :8080", f"bind 127.0.0.1:{self.port}"),
                         ("127.0.0.1:8001", f"127.0.0.1:{self.backends.blue}"), ("127.0.0.1:8002", f"127.0.0.1:{self.backends.green}")):
            assert old in text, old
            text = text.replace(old, new)
        return text

    def _serves(self) -> bool:
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return (self.home / "admin.sock").exists()
        return False


@contextlib.contextmanager
def proxies(backends: Backends, count: int = 1, configuration: str = "") -> Iterator[list[HAProxy]]:
    """So many, running; they are gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="bgmigrate-haproxy-", dir="/tmp"))  # a socket's path has 100 bytes
    found = [HAProxy(home=home / str(n), backends=backends, configuration=configuration) for n in range(count)]
    try:
        for proxy in found:
            proxy.start()
        yield found
    finally:
        for proxy in found:
            proxy.stop()
        shutil.rmtree(home, ignore_errors=True)
