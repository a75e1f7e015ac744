"""How long `--help` takes, against `alembic --help` under the same interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

TOOLS = {"alembic": "from alembic.config import main; main()", "bgmigrate": "from bgmigrate.cli import main; main()"}


def seconds(rounds: int) -> dict[str, float]:
    """The median start of each tool, in seconds; taken in turns, so that a busy machine is busy for both."""
    taken: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    for _ in range(rounds + 1):  # the first round warms the caches
        for tool, program in TOOLS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program, "--help"], check=True, capture_output=True)
            taken[tool].append(time.perf_counter() - began)
    return {tool: statistics.median(times[1:]) for tool, times in taken.items()}
