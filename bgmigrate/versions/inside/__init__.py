"""What runs inside a version's own process: sent to its agent as text, stdlib and SQLAlchemy 1.4 or newer only, Python 3.8 or newer.

The files share one namespace there, with `bgmigrate/versions/agent.py` and in the order of `SOURCES`.
"""

from pathlib import Path

_DIRECTORY = Path(__file__).parent
DESCRIBE = _DIRECTORY / "describe.py"  # every version is asked for its snapshot; what the probes need goes only to those that are tried
_NAMES = (
    "samples", "hooks", "session", "hierarchy", "discriminator", "rows", "extremes", "shared", "together", "roundtrip", "crossread", "reflect",
    "speech", "prepared", "identity", "bound", "about",
)
SOURCES = tuple(_DIRECTORY / f"{name}.py" for name in _NAMES)
