"""A cluster made with PostgreSQL's own programs, on a free loopback port and by a user that is not root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

OPTIONS = {"max_connections": "200", "listen_addresses": "127.0.0.1", "fsync": "off"}


def unrunnable() -> str | None:
    """Why this user can run none."""
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root and there is no user postgres"
    return None


@contextlib.contextmanager
def start(binaries: Path, label: str) -> Iterator[str]:
    """Its URL; files and processes go at the end."""
    home = Path(tempfile.mkdtemp(prefix=f"bgmigrate-{label}-"))
    data = home / "data"
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    port = _free_port()
    flags = " ".join(f"-c {k}={v}" for k, v in OPTIONS.items())
    try:
        _run(binaries, "initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        _run(binaries, "pg_ctl", "-D", str(data), "-w", "-l", str(home / "log"), "-o", f"-p {port} -c unix_socket_directories={home} {flags}", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run(binaries, "pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(binaries: Path, program: str, *arguments: str) -> None:
    account = _account() if os.geteuid() == 0 else None
    with tempfile.TemporaryFile("w+") as said:  # no pipe: a server that is started keeps it open
        done = subprocess.run(
            [str(binaries / program), *arguments], stdout=said, stderr=subprocess.STDOUT, cwd="/",
            **({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}),  # type: ignore[call-overload]
        )
        said.seek(0)
        text = said.read()
    if done.returncode:
        raise RuntimeError(f"{program} {' '.join(arguments)}: {text}")


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
