"""Throw-away databases come from one embedded server, however many threads ask for the first one at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ASK = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from bgmigrate import scratch, settings

none = settings.load(environ={})
start = Barrier(4)

def ask(_):
    start.wait()
    return scratch.server_url(none)

with ThreadPoolExecutor(4) as pool:
    print(len(set(pool.map(ask, range(4)))))
"""


def test_threads_that_ask_at_once_share_one_embedded_server(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
