"""Visitors of the shop: their requests go through a reverse proxy that follows the store, so that a switch is seen from where they are."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bgmigrate.demo.facts import seeded
from bgmigrate.demo.interrupts import held_back
from bgmigrate.errors import InfrastructureError

_NEEDS = ("starlette", "httpx", "uvicorn", "websockets")
_PACE = 0.05  # seconds between two requests
_PATIENCE = 30.0
_ACTUATOR = """
[[tool.bgmigrate.actuators]]
kind = "command"
apply = ["true"]               # it follows the journal by itself
observe = {observe}
"""


def proxy_file() -> Path:
    """The proxy: inside the installed package, or in a checkout's examples."""
    packaged = Path(__file__).with_name("proxy.py")
    return packaged if packaged.is_file() else Path(__file__).parents[2] / "examples" / "proxy" / "proxy.py"


class Visitors:
    """The proxy's process, and one visitor. Use as a context manager. Where the proxy cannot run there are none: every method does nothing."""

    def __init__(self, directory: Path, url: str, customers: int) -> None:
        self.there = all(map(find_spec, _NEEDS))
        self.ports = {name: _free_port() for name in ("blue", "green", "proxy")} if self.there else {}
        self.counts = {"requests": 0, "failed": 0, "blue": 0, "green": 0, "late": 0}
        self.problems: list[str] = []
        self._directory, self._url, self._customers = directory, url, customers
        self._live: str | None = None  # where every request that begins now must end; None while a switch is under way
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._visitor = threading.Thread(target=self._visit, daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ending.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def actuator(self) -> str:
        """Its part of the project's configuration: a switch is done when the proxy says that it has followed."""
        if not self.there:
            return ""
        where = f"http://127.0.0.1:{self.ports['proxy']}/-/routing"
        ask = f"import json, urllib.request as u; print(json.load(u.urlopen('{where}'))['environment'])"
        return _ACTUATOR.format(observe=json.dumps([sys.executable, "-IS", "-c", ask]))

    def begin(self, live: str) -> None:
        """Start the proxy, wait until it serves, and let the visitor come. Raises InfrastructureError when it does not come up."""
        if not self.there:
            return
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BGMIGRATE_")}
        upstreams = {name.upper(): f"http://127.0.0.1:{self.ports[name]}" for name in ("blue", "green")}
        with held_back():
            self._process = subprocess.Popen(
                [sys.executable, str(proxy_file()), str(self.ports["proxy"])], cwd=self._directory, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                env={**kept, **upstreams, "BGMIGRATE_DATABASE_URL": self._url},
            )
        deadline = time.monotonic() + _PATIENCE
        while not _listens(self.ports["proxy"]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise InfrastructureError("the demo's reverse proxy did not come up", why="No visitor would reach the shop.", next="bgmigrate demo")
            time.sleep(0.02)
        self._live = live
        self._visitor.start()

    def switching(self) -> None:
        """From now on a request may end on either side."""
        self._live = None

    def switched(self, live: str) -> None:
        """From now on no request may end on the other side."""
        self._live = live

    def end(self) -> dict[str, Any] | None:
        """The visitor leaves; what there was to see."""
        if not self.there:
            return None
        self._ending.set()
        if self._visitor.is_alive():
            self._visitor.join(_PATIENCE)
        return dict(self.counts)

    def _visit(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["proxy"], timeout=_PATIENCE)
        choice = random.Random(2)
        while not self._ending.wait(_PACE):
            customer, wanted = choice.randrange(self._customers) + 1, self._live
            try:
                connection.request("GET", f"/customers/{customer}")
                answer = connection.getresponse()
                text = answer.read().decode()
                if self._ending.is_set():
                    return  # the shop closes
                wrong = f"{answer.status} {text[:80]}" if answer.status != 200 else self._judged(json.loads(text), customer, wanted)
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                if self._ending.is_set():
                    return
                wrong = repr(error)
            self.counts["requests"] += 1
            if wrong:
                self.counts["failed"] += 1
                self.problems.append(f"a visitor of customer {customer}: {wrong}")

    def _judged(self, page: dict[str, Any], customer: int, wanted: str | None) -> str:
        self.counts[page["version"]] += 1
        if wanted and wanted == self._live != page["version"]:
            self.counts["late"] += 1
            return f"{page['version']} answered, and {wanted} was live"
        name = str(seeded(customer)["name"])  # which changes, after it, for whoever holds the customer's baton
        return "" if page["name"].startswith(name) else f"the name is {page['name']!r}, not {name!r}"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
