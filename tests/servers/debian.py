"""PostgreSQL 15 from the machine's own packages, run on a free loopback port by a user that is not root."""

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

BINARIES = Path("/usr/lib/postgresql/15/bin")
OPTIONS = {"max_connections": "200", "listen_addresses": "127.0.0.1", "fsync": "off"}


def missing() -> str | None:
    """Why it cannot be had."""
    if not (BINARIES / "initdb").is_file():
        return f"no {BINARIES} (Debian's package postgresql-15)"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root and there is no user postgres"
    return None


@contextlib.contextmanager
def start() -> Iterator[str]:
    """Its URL; files and processes go at the end."""
    home = Path(tempfile.mkdtemp(prefix="bgmigrate-debian15-"))
    data = home / "data"
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    port = _free_port()
    flags = " ".join(f"-c {k}={v}" for k, v in OPTIONS.items())
    try:
        _run("initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        _run("pg_ctl", "-D", str(data), "-w", "-l", str(home / "log"), "-o", f"-p {port} -c unix_socket_directories={home} {flags}", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(program: str, *arguments: str) -> None:
    account = _account() if os.geteuid() == 0 else None
    done = subprocess.run(
        [str(BINARIES / program), *arguments], capture_output=True, text=True, cwd="/",
        **({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}),  # type: ignore[call-overload]
    )
    if done.returncode:
        raise RuntimeError(f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}")


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
