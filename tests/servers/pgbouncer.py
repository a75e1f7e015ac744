"""A PgBouncer before a server of this machine."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.servers import Server


def program() -> str | None:
    """Where it is, when it is installed; Debian puts it outside of a user's PATH."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextlib.contextmanager
def pool(server: Server, url: str, mode: str) -> Iterator[str]:
    """The same database's URL through a pool in that mode; everybody may come in."""
    found = program()
    assert found is not None
    with psycopg.connect(server.url) as c:
        row = c.execute("SHOW data_directory").fetchone()
        host, port = c.info.host, c.info.port
    assert row is not None
    account = pwd.getpwuid(Path(row[0]).stat().st_uid)  # it does not run as root, and must get at the server's socket
    home = Path(tempfile.mkdtemp(prefix="bgmigrate-pool-", dir="/tmp"))
    (home / "users").write_text('"postgres" ""\n')
    (home / "ini").write_text(
        f"[databases]\n* = host={host} port={port}\n[pgbouncer]\nunix_socket_dir = {home}\nlisten_addr =\nlisten_port = 6432\n"
        f"auth_type = trust\nauth_file = {home}/users\npool_mode = {mode}\nlogfile = {home}/log\n"
    )
    as_owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    if as_owner:
        shutil.chown(home, account.pw_uid, account.pw_gid)
    process = subprocess.Popen([found, "-q", str(home / "ini")], cwd="/", **as_owner)  # type: ignore[call-overload]
    try:
        end = time.monotonic() + 10
        while not (home / ".s.PGSQL.6432").exists():
            assert process.poll() is None and time.monotonic() < end, (home / "log").read_text()
            time.sleep(0.01)
        yield f"postgresql://postgres@{urlsplit(url).path}?host={home}&port=6432"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)
