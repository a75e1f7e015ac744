"""How long `verify` takes beyond the versions' own import, by the number of tables: it must grow no faster than they do."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bgmigrate.progress import Progress
from bgmigrate.settings import Environment, Settings
from bgmigrate.versions.load import snapshot_of
from bgmigrate.workflow.verify import verify
from tests.servers import Server

LIMITS = {50: 10.0, 250: 45.0}  # seconds beyond the import of the models


@dataclass(frozen=True)
class Speed:
    """Seconds of a verification of two versions, and of one import of their models in an interpreter of its own."""

    tables: int
    seconds: float
    loading: float

    def __str__(self) -> str:
        return f"{self.tables} tables: {self.seconds:.1f} s, of which loading the models {self.loading:.1f} s"


def models(tables: int, *, new: bool) -> str:
    """Tables of twelve columns, with a foreign key, an enum, a relationship, and a column that only the new version has."""
    out = ["import datetime, decimal", "from sqlalchemy import *", "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship",
           "class Base(DeclarativeBase): pass"]
    for i in range(tables):
        out += [
            f"class T{i}(Base):", f"    __tablename__ = 't{i}'", "    id: Mapped[int] = mapped_column(primary_key=True)",
            "    name: Mapped[str] = mapped_column(String(80))", "    code: Mapped[str] = mapped_column(String(20), unique=True)",
            "    amount: Mapped[decimal.Decimal | None] = mapped_column(Numeric(10, 2))", "    made: Mapped[datetime.datetime | None]",
            "    day: Mapped[datetime.date | None]", "    ok: Mapped[bool] = mapped_column(server_default=text('true'))", "    bag = mapped_column(JSON)",
            f"    kind = mapped_column(Enum('a', 'b', 'c', name='kind{i}'))", "    note: Mapped[str | None] = mapped_column(Text)",
            "    rate: Mapped[float | None]", *(["    extra: Mapped[int | None]"] if new else []),
        ]
        if i:
            out += [f"    up_id: Mapped[int] = mapped_column(ForeignKey('t{(i - 1) // 2}.id'))",
                    f"    up: Mapped['T{(i - 1) // 2}'] = relationship(backref='down{i}')"]
    return "\n".join(out) + "\n"


def measure(server: Server, tables: int) -> Speed:
    """Verify two versions of so many tables on the schema of the newer one."""
    with tempfile.TemporaryDirectory() as name, server.database() as url:
        directory = Path(name)
        for side in ("blue", "green"):
            (directory / side).mkdir()
            (directory / side / "models.py").write_text(models(tables, new=side == "green"), encoding="utf-8")
        settings = Settings(
            directory=directory, service="bench", database_url=url, scratch_url=server.url,
            environments={side: Environment(driver="psycopg") for side in ("blue", "green")},  # as an application has it: one
        )
        specs = {side: f"path:{directory / side}#models:Base" for side in ("blue", "green")}
        with psycopg.connect(url, autocommit=True) as c:
            for statement in snapshot_of(settings, specs["green"]).ddl:
                c.execute(statement.encode())
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import models; models.Base.registry.configure()"], cwd=directory / "green", check=True)
        loading = time.monotonic() - began
        began = time.monotonic()
        report = verify(settings, blue=specs["blue"], green=specs["green"], progress=Progress(-1))
        assert report.outcome == "passed", report.findings
        return Speed(tables, time.monotonic() - began, loading)
