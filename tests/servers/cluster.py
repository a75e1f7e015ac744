"""A cluster of a test's own, made with the programs of the chosen server, with any settings; and standbys that stream from it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.servers import Server

OPTIONS = {"listen_addresses": "''", "fsync": "off", "shared_buffers": "32MB", "max_connections": "30"}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A running cluster. `data`: its directory, beside which its socket is; `account`: whose processes they are."""

    binaries: Path
    data: Path
    account: pwd.struct_passwd

    @property
    def url(self) -> str:
        """Its maintenance database, as superuser."""
        return f"postgresql://postgres@/postgres?host={self.data.parent}"

    @contextlib.contextmanager
    def standby(self, name: str) -> Iterator[Cluster]:
        """A hot standby that streams from it under this application_name."""
        with _home(self.account) as home:
            made = Cluster(binaries=self.binaries, data=home / "data", account=self.account)
            made.run("pg_basebackup", "-d", f"{self.url}&application_name={name}", "-D", str(made.data), "-R", "-X", "stream", "-c", "fast")
            with made._started():
                yield made

    @contextlib.contextmanager
    def receiving(self) -> Iterator[None]:
        """A pg_receivewal, which keeps WAL and replays none of it."""
        with _home(self.account) as home:
            program = subprocess.Popen([str(self.binaries / "pg_receivewal"), "-d", self.url, "-D", str(home)], cwd="/", **self._as_owner())
            try:
                yield
            finally:
                program.terminate()
                program.wait()

    def crash(self) -> None:
        """Stop it as a power cut does, and start it again: it recovers from what it had written."""
        self.run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "-l", str(self.data.parent / "log"), "restart")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the account that owns the cluster."""
        with tempfile.TemporaryFile("w+") as said:  # no pipe: a server that is started keeps it open
            command = [str(self.binaries / program), *arguments]
            done = subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, cwd="/", **self._as_owner())
            said.seek(0)
            text = said.read()
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(arguments)}: {text}")

    def _as_owner(self) -> dict[str, Any]:
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}

    @contextlib.contextmanager
    def _started(self, **settings: str) -> Iterator[None]:
        flags = " ".join(f"-c {k}={v}" for k, v in (OPTIONS | {"unix_socket_directories": str(self.data.parent)} | settings).items())
        log = self.data.parent / "log"
        try:
            self.run("pg_ctl", "-D", str(self.data), "-w", "-l", str(log), "-o", flags, "start")
        except RuntimeError as error:
            error.add_note(log.read_text() if log.exists() else "it wrote no log")
            raise
        try:
            yield
        finally:
            self.run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")


@contextlib.contextmanager
def cluster(like: Server, *, wal_segment: int = 1, **settings: str) -> Iterator[Cluster]:
    """A cluster of the same version as a server of this machine, started with settings; its files go at the end. `wal_segment`: MB in a WAL file."""
    with psycopg.connect(like.url, autocommit=True) as c:
        row = c.execute("SELECT (SELECT setting FROM pg_config WHERE name = 'BINDIR'), current_setting('data_directory')").fetchone()
    assert row is not None
    account = pwd.getpwuid(Path(row[1]).stat().st_uid)
    with _home(account) as home:
        made = Cluster(binaries=Path(row[0]), data=home / "data", account=account)
        how = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--wal-segsize={wal_segment}", "--no-sync")
        made.run("initdb", "-D", str(made.data), "-U", "postgres", *how)
        with made._started(**settings):
            yield made


@contextlib.contextmanager
def _home(account: pwd.struct_passwd) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="bgmigrate-own-", dir="/tmp"))  # a socket's path has 107 bytes
    if os.geteuid() == 0:
        shutil.chown(home, account.pw_uid, account.pw_gid)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
