"""A Consul agent in development mode, from PATH or where BGMIGRATE_TEST_CONSUL says; with ACLs when asked, and over TLS."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.web import free_port

MASTER = "00000000-0000-0000-0000-00000000feed"


def missing() -> str | None:
    """Why it cannot be had."""
    return None if program() else "no consul on PATH, and BGMIGRATE_TEST_CONSUL names none (Debian's package consul, in bullseye)"


def program() -> str | None:
    """Where it is."""
    return os.environ.get("BGMIGRATE_TEST_CONSUL") or shutil.which("consul")


@dataclass
class Consul:
    """A running agent, asked without bgmigrate."""

    home: Path
    port: int
    tls: int
    acl: bool
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As `store.url` has it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait for a leader."""
        config: dict[str, object] = {
            "datacenter": "dc1", "bind_addr": "127.0.0.1", "client_addr": "127.0.0.1", "disable_update_check": True, "log_level": "err",
            "ports": {"http": self.port, "https": self.tls, "dns": -1, "grpc": -1, "server": free_port(), "serf_lan": free_port(), "serf_wan": -1},
        }
        if self.acl:
            config["acl"] = {"enabled": True, "default_policy": "deny", "tokens": {"master": MASTER, "agent": MASTER}}
        if self.tls > 0:
            config |= {"cert_file": str(self.home / "cert.pem"), "key_file": str(self.home / "key.pem")}
        (self.home / "agent.json").write_text(json.dumps(config))
        found = program()
        assert found is not None
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen([found, "agent", "-dev", "-config-file", str(self.home / "agent.json")], stdout=log, stderr=log)
        end = time.monotonic() + 30
        while not self._leads():
            assert self.process.poll() is None and time.monotonic() < end, (self.home / "log").read_text()[-2000:]
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def get(self, key: str) -> str | None:
        """A key's plain value, as curl would print it."""
        try:
            return self._ask("GET", f"kv/{key}?raw").decode()
        except urllib.error.HTTPError:
            return None

    def put(self, key: str, value: str) -> None:
        """Set a key, as a person would."""
        self._ask("PUT", f"kv/{key}", value.encode())

    def delete(self, key: str) -> None:
        """Delete all keys that begin so."""
        self._ask("DELETE", f"kv/{key}?recurse")

    def token(self, rules: str) -> str:
        """A token that may do this and nothing else."""
        policy = json.loads(self._ask("PUT", "acl/policy", json.dumps({"Name": f"p{time.monotonic_ns()}", "Rules": rules}).encode()))
        return str(json.loads(self._ask("PUT", "acl/token", json.dumps({"Policies": [{"ID": policy["ID"]}]}).encode()))["SecretID"])

    def _ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.url}/v1/{path}", data=data, method=method, headers={"X-Consul-Token": MASTER} if self.acl else {})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bytes(answer.read())

    def _leads(self) -> bool:
        with contextlib.suppress(OSError):
            self.put("ready", "yes")
            return self.get("ready") == "yes"
        return False


@contextlib.contextmanager
def agent(*, acl: bool = False, tls: bool = False) -> Iterator[Consul]:
    """One of its own; with `tls` its certificate is its own authority, `home/cert.pem`."""
    home = Path(tempfile.mkdtemp(prefix="bgmigrate-consul-", dir="/tmp"))
    if tls:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", str(home / "key.pem"), "-out", str(home / "cert.pem")], check=True, capture_output=True,
        )
    found = Consul(home=home, port=free_port(), tls=free_port() if tls else -1, acl=acl)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(home, ignore_errors=True)
