"""Which of the tests that ask one thing of everything a run takes: an eighth of them, and after the next commit another eighth.

All of them together take an hour of a slow machine with two cores, and a change has to be told in less. Whoever names tests gets those.
`@pytest.mark.exhaustive(turns=3)` is for those of which a run takes a third.
"""

from __future__ import annotations

import functools
import subprocess
import zlib
from pathlib import Path

import pytest

TURNS = 8


def taken(config: pytest.Config, name: str, turns: int = TURNS) -> bool:
    """Is what goes by this name for this run? All is, where tests were chosen or `--all` was said."""
    if config.getoption("--all") or config.getoption("keyword") or config.option.file_or_dir:
        return True
    return zlib.crc32(name.encode()) % turns == _commits(config.rootpath) % turns


def late(item: pytest.Item, chosen: str) -> bool:
    """Is it one of those (or done on the chosen server as well), and not of this run?"""
    spec, mark = getattr(item, "callspec", None), item.get_closest_marker("exhaustive")
    if spec is not None and spec.params.get("server", chosen) != chosen:
        return not taken(item.config, item.nodeid)
    return mark is not None and not taken(item.config, item.nodeid, mark.kwargs.get("turns", TURNS))


@functools.cache
def _commits(root: Path) -> int:
    counted = subprocess.run(["git", "-C", str(root), "rev-list", "--count", "HEAD"], capture_output=True, text=True, check=False)
    return int(counted.stdout or 0)
