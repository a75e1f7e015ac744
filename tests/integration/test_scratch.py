"""Throw-away databases come from one embedded server, however many threads ask for the first one at once."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bgmigrate import embedded
from bgmigrate.database import connect

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


def test_a_deep_temporary_directory_is_no_reason_not_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with embedded.server() as url, connect(url, purpose="test") as c:
        assert c.execute("SELECT 1").fetchone() == (1,)
