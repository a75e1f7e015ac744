"""What runs inside a version's own process: sent to its agent as text, stdlib and SQLAlchemy 1.4 or newer only, Python 3.8 or newer.

The files share one namespace there, with `bgmigrate/versions/agent.py` and in the order of `SOURCES`.
"""

from pathlib import Path

_NAMES = (
    "samples", "session", "hierarchy", "rows", "shared", "together", "roundtrip", "crossread", "reflect", "speech", "prepared", "identity", "about",
)
SOURCES = tuple(Path(__file__).with_name(f"{name}.py") for name in _NAMES)
