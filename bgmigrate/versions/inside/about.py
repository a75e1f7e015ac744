"""What this process is made of."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Dict, List

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS, sqlalchemy_version


def about(drivers: List[str]) -> Dict[str, str]:
    """The versions of the interpreter, of SQLAlchemy and of the drivers that are used."""
    out = {"python": ".".join(map(str, sys.version_info[:3])), "sqlalchemy": sqlalchemy_version()}
    for name in drivers:
        out[name] = str(getattr(importlib.import_module(name), "__version__", "")).split(" ")[0]  # psycopg2: 2.9.9 (dt dec pq3 ext lo64)
    return out


COMMANDS.update(about=about)
