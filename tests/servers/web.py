"""Two web servers that say who they are and what they were asked, and a load of keep-alive connections that checks what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class Backends:
    """Ports of both environments' servers; each answers `<environment> <path>`."""

    blue: int
    green: int


@contextlib.contextmanager
def backends() -> Iterator[Backends]:
    """Both, in a process of their own."""
    ports = Backends(blue=free_port(), green=free_port())
    with _process("serve", str(ports.blue), str(ports.green)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield ports


class Load:
    """Requests over keep-alive connections until told to stop."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def stop(self) -> dict[str, Any]:
        """`requests`, `failed` (their errors), and `sides` seen in the last tenth of a second."""
        out, _ = self._process.communicate("\n", timeout=20)
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found


@contextlib.contextmanager
def load(*ports: int, connections: int = 8) -> Iterator[Load]:
    """A load on these ports, in a process of its own; it has begun."""
    with _process("load", str(connections), *map(str, ports)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Load(process)


@contextlib.contextmanager
def _process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, str(Path(__file__)), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def _answer(side: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            body = f"{side} {head.split()[1]}"
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()
    writer.close()


async def _serve(blue: str, green: str) -> None:
    for side, port in (("blue", blue), ("green", green)):
        await asyncio.start_server(lambda r, w, side=side: _answer(side, r, w), "127.0.0.1", int(port))  # type: ignore[misc]
    print("ready", flush=True)
    await asyncio.Event().wait()


class _Count:
    def __init__(self) -> None:
        self.requests, self.failed, self.last, self.stopping = 0, list[str](), list[tuple[float, str]](), False

    async def run(self, port: int, number: int) -> None:
        reader: Any = None
        writer: Any = None
        while not self.stopping:
            self.requests += 1
            path = f"/{number}/{self.requests}"
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode().lower()
                body = (await reader.readexactly(int(head.split("content-length:")[1].split()[0]))).decode()
                side, _, echoed = body.partition(" ")
                if side not in ("blue", "green") or echoed != path:
                    self.failed.append(f"{head.splitlines()[0]}: {body[:80]}")
                self.last = [*self.last[-200:], (time.monotonic(), side)]
                if "connection: close" in head:
                    writer.close()
                    writer = None
            except Exception as error:
                self.failed.append(repr(error))
                writer = None
            await asyncio.sleep(0.002)


async def _load(connections: str, *ports: str) -> None:
    count = _Count()
    runs = [asyncio.create_task(count.run(int(p), n)) for p in ports for n in range(int(connections))]
    while not count.requests:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await asyncio.sleep(0.2)
    count.stopping = True
    await asyncio.gather(*runs)
    sides = sorted({side for at, side in count.last if at > time.monotonic() - 0.1})
    print(json.dumps({"requests": count.requests, "failed": count.failed, "sides": sides}), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_serve(*sys.argv[2:]) if sys.argv[1] == "serve" else _load(*sys.argv[2:]))
