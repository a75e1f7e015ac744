"""Which of the tests that ask one thing of everything a run takes: a fifth of them, and after the next commit another fifth.

All of them together take an hour of a slow machine with two cores, and a change has to be told in less. Whoever names tests gets those.
"""

from __future__ import annotations

import functools
import subprocess
import zlib
from pathlib import Path

import pytest

TURNS = 5


def taken(config: pytest.Config, name: str) -> bool:
    """Is what goes by this name for this run? All is, where tests were chosen or `--all` was said."""
    if config.getoption("--all") or config.getoption("keyword") or config.option.file_or_dir:
        return True
    return zlib.crc32(name.encode()) % TURNS == _turn(config.rootpath)


def exhaustive(item: pytest.Item, chosen: str) -> bool:
    """Is it marked so, or done on the chosen server as well?"""
    spec = getattr(item, "callspec", None)
    return item.get_closest_marker("exhaustive") is not None or (spec is not None and spec.params.get("server", chosen) != chosen)


@functools.cache
def _turn(root: Path) -> int:
    counted = subprocess.run(["git", "-C", str(root), "rev-list", "--count", "HEAD"], capture_output=True, text=True, check=False)
    return int(counted.stdout or 0) % TURNS
