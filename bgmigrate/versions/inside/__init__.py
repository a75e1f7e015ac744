"""What runs inside a version's own process: sent to its agent as text, stdlib and SQLAlchemy 1.4 or newer only, Python 3.8 or newer.

The files share one namespace there, with `bgmigrate/versions/agent.py` and in the order of `DESCRIBING` and `PROBING`.
"""

from pathlib import Path

_PROBES = ("samples", "session", "rows", "shared", "together", "roundtrip", "crossread", "reflect", "speech", "prepared", "identity", "about")
DESCRIBING, PROBING = (tuple(Path(__file__).with_name(f"{n}.py") for n in names) for names in (("literals", "order", "description"), _PROBES))
