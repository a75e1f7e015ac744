"""What both JupyterHub examples share: which releases there are, and a way to let one work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import applications  # noqa: E402

# What each release runs with. SQLAlchemy 1.4 knows no psycopg 3, and Alembic 1.14 no SQLAlchemy 1.4; Python 3.13 has no `pipes`.
PIPES = 'standard-pipes; python_version >= "3.13"'
PINS = {
    "2.3.1": ["jupyterhub==2.3.1", "sqlalchemy>=1.4,<2", "alembic<1.14", "psycopg2-binary", PIPES],
    "3.1.1": ["jupyterhub==3.1.1", "sqlalchemy>=2.0,<2.1", "psycopg2-binary", PIPES],
    "4.1.6": ["jupyterhub==4.1.6", "sqlalchemy>=2.0,<2.1", "psycopg2-binary"],
    "5.0.0": ["jupyterhub==5.0.0", "sqlalchemy>=2.0,<2.1", "psycopg2-binary"],
}


def interpreter(release: str) -> Path:
    """The interpreter of a virtual environment that has this JupyterHub release."""
    return applications.interpreter("jupyterhub", release, PINS[release], "jupyterhub.app, psycopg2")


def hub(python: Path, *arguments: str) -> Any:
    """Let a JupyterHub release do something with its own ORM (hub.py); what it answers."""
    return applications.ask(python, HERE / "hub.py", *arguments)
