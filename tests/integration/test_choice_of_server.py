"""A test run says on which PostgreSQL it runs, takes the one it is told, and never leaves anything out silently."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import KINDS, Server

ROOT = Path(__file__).resolve().parents[2]
ONE = "tests/integration/test_servers.py::test_two_tests_never_share_a_database"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a process of its own; no Docker engine answers it."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", ONE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env=inherited | {"DOCKER_HOST": "tcp://127.0.0.1:1"} | environ,
    )


def test_the_header_names_the_server_and_the_end_what_was_left_out(server: Server) -> None:
    kind = server.kind if server.kind in KINDS else "embedded"
    done = run("--server", kind) if kind != "testcontainers" else run()
    assert done.returncode == 0, done.stdout
    assert "PostgreSQL: " in done.stdout
    assert "PostgreSQL: not on testcontainers: no Docker engine answers" in done.stdout
    assert "server testcontainers: no Docker engine answers" in done.stdout.partition("left out")[2]


def test_a_dsn_wins_and_its_password_is_not_shown(server: Server) -> None:
    done = run("--test-dsn", server.url.replace("postgres@", "postgres:s3cret@"))
    assert done.returncode == 0, done.stdout
    assert "PostgreSQL: postgresql://postgres:***@" in done.stdout
    assert "s3cret" not in done.stdout


def test_a_server_that_cannot_be_had_is_an_error_and_not_a_skip() -> None:
    done = run("--server", "testcontainers")
    assert done.returncode == 4
    assert "no testcontainers server: no Docker engine answers" in done.stderr
