"""The shop's trees, and the project directory in which the demo works."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from bgmigrate.database import conninfo
from bgmigrate.demo.facts import SEED, seeded

_CONFIGURATION = """\
[project]
name = "shop"
version = "1.0"

[tool.bgmigrate]
service = "shop"
models = "shop.models:Base"
migrations = "migrations"

[tool.bgmigrate.environments.blue]
application_name = "shop-blue*"

[tool.bgmigrate.environments.green]
application_name = "shop-green*"
"""


def trees() -> Path:
    """Where blue/ and green/ are: inside the installed package, or in a checkout's examples."""
    packaged = Path(__file__).with_name("shop")
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "examples" / "shop"


def make(directory: Path, more: str = "") -> None:
    """Write the configuration, with `more` at its end, and both versions' source trees into an empty directory."""
    (directory / "pyproject.toml").write_text(_CONFIGURATION + more, encoding="utf-8")
    for environment in ("blue", "green"):
        shutil.copytree(trees() / environment, directory / environment, ignore=shutil.ignore_patterns("__pycache__"))


def seed(url: str, customers: int) -> None:
    """Fill blue's tables."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute(SEED.format(customers=customers).encode())
        connection.execute("ANALYZE")


def untouched(customers: int) -> Iterator[dict[str, Any]]:
    """Batons for customers that only the seed has written, from all over the table; each customer once."""
    for customer in random.Random(1).sample(range(1, customers + 1), min(customers, 5000)):
        yield {"customer": customer, "facts": seeded(customer)}
