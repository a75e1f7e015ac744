"""Is a large table written as fast as a small one? By turns of seconds, for the speed of a shared machine is not the same a minute later."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bgmigrate.database import Connection, connect
from tests.benchmarks import rewriting as way
from tests.servers import Server

TURN = 2.0  # seconds of the large one between two whole small ones
_WORKER = """
import resource, sys
from bgmigrate.database import connect
from tests.benchmarks import rewriting as way
url = sys.argv[1]
with connect(url, purpose="bench") as c:
    print("ready", flush=True)
    sys.stdin.readline()
    way.ours()(c, url)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
_AT_WORK = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND backend_type = 'client backend'"


@dataclass(frozen=True, kw_only=True)
class Flat:
    """Rows a second of a small and a large table, and the peak memory of their processes in MB."""

    small: float
    large: float
    small_peak: float
    large_peak: float


def measure(server: Server, small: int, large: int, *, analyzed: bool) -> Flat:
    """Both tables are of one server; the large one's process is stopped while the small one is at work."""
    few, many = way.Table(rows=small, analyzed=analyzed), way.Table(rows=large, analyzed=analyzed)
    with _table(server, few) as (c, url), _table(server, many) as (c_large, url_large):
        _small(c, url, few)  # caches
        many.fresh(c_large)
        way.prepare_ours(c_large, url_large)
        c_large.execute("CHECKPOINT")
        took, turns, seconds = 0.0, 0, 0.0
        with _worker(url_large) as worker:
            while worker.poll() is None:
                took += _small(c, url, few)
                turns += 1
                seconds += _turn(c_large, worker)
            large_peak = _peak(worker)
        assert c_large.execute("SELECT count(*) FROM t WHERE full_name IS DISTINCT FROM upper(name)").fetchone() == (0,)
        few.fresh(c)
        way.prepare_ours(c, url)
        with _worker(url) as worker:
            worker.send_signal(signal.SIGCONT)
            worker.wait()
            small_peak = _peak(worker)
    return Flat(small=small * turns / took, large=large / seconds, small_peak=small_peak, large_peak=large_peak)


def _small(c: Connection, url: str, table: way.Table) -> float:
    """Seconds for the whole small table; without a checkpoint, which would have the large one log whole pages anew at every turn."""
    table.fresh(c)
    way.prepare_ours(c, url)
    began = time.perf_counter()
    way.ours()(c, url)
    return time.perf_counter() - began


@contextlib.contextmanager
def _table(server: Server, table: way.Table) -> Iterator[tuple[Connection, str]]:
    with server.database("bench") as url, connect(url, purpose="bench") as c:
        table.source(c)
        yield c, url


@contextlib.contextmanager
def _worker(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own, for its memory; it is stopped where its backfill begins."""
    with subprocess.Popen([sys.executable, "-P", "-c", _WORKER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        try:
            assert worker.stdin and worker.stdout and worker.stdout.readline() == "ready\n"
            worker.send_signal(signal.SIGSTOP)
            worker.stdin.write("\n")
            worker.stdin.flush()
            yield worker
        finally:
            worker.kill()


def _turn(c: Connection, worker: subprocess.Popen[str]) -> float:
    """Let it work for a turn; the seconds that it took until its last batch was done."""
    began = time.perf_counter()
    worker.send_signal(signal.SIGCONT)
    try:
        worker.wait(TURN)
    except subprocess.TimeoutExpired:
        worker.send_signal(signal.SIGSTOP)
        while c.execute(_AT_WORK).fetchone():
            pass
    return time.perf_counter() - began


def _peak(worker: subprocess.Popen[str]) -> float:
    assert worker.stdout and worker.returncode == 0, worker.returncode
    return float(worker.stdout.read())
