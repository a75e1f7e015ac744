"""Databases and source trees for tests of `verify`: two versions, and a database as one of them (or something else) has made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bgmigrate.findings import Finding
from bgmigrate.progress import Progress
from bgmigrate.settings import Environment, Settings, VerifySettings
from bgmigrate.versions.load import snapshot_of
from bgmigrate.workflow.report import Report
from bgmigrate.workflow.verify import verify
from tests.zygote import versions_are_forked

PLAIN = """
import enum
from datetime import date, datetime, timedelta
from decimal import Decimal
from sqlalchemy import *
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, validates

class Base(DeclarativeBase):
    pass
"""
SHOP = PLAIN + """
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    orders: Mapped[list["Order"]] = relationship(back_populates="user", cascade="all, delete-orphan")

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status = mapped_column(Enum("new", "paid", name="order_status"), nullable=False)
    total: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    user: Mapped[User] = relationship(back_populates="orders")
    tags: Mapped[list["Tag"]] = relationship(secondary=lambda: order_tags)

class Tag(Base):
    __tablename__ = "tags"
    label: Mapped[str] = mapped_column(String(20), primary_key=True)

order_tags = Table("order_tags", Base.metadata, Column("order_id", ForeignKey("orders.id"), primary_key=True),
                   Column("tag", ForeignKey("tags.label"), primary_key=True))
"""


@dataclass
class Bench:
    """One database and the trees of two versions."""

    directory: Path
    url: str
    scratch: str
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)  # what is configured of each, where anything is
    verifying: dict[str, Any] = field(default_factory=dict)  # [tool.bgmigrate.verify]

    @property
    def settings(self) -> Settings:
        """No Alembic, no journal, and hardly any configuration but the URLs."""
        return Settings(
            directory=self.directory, service="shop", database_url=self.url, scratch_url=self.scratch, verify=VerifySettings(**self.verifying),
            environments={name: Environment(**given) for name, given in self.environments.items()},
        )

    def tree(self, name: str, text: str) -> str:
        """Write a version; its SPEC."""
        (self.directory / name).mkdir(exist_ok=True)
        (self.directory / name / "models.py").write_text(text, encoding="utf-8")
        return f"path:{self.directory / name}#models:Base"

    def build(self, text: str, *more: str, environment: str | None = None) -> None:
        """Make the database as these models' own create_all does (with the interpreter of `environment`), and what `more` says."""
        with versions_are_forked():
            ddl = snapshot_of(self.settings, self.tree("database", text), environment=environment).ddl
        with psycopg.connect(self.url, autocommit=True) as c:
            for statement in (*ddl, *more):
                c.execute(statement.encode())

    def verify(self, *, blue: str | None = None, green: str | None = None, **options: Any) -> Report:
        """Verify the versions whose models these are."""
        with versions_are_forked():
            return verify(
                self.settings, blue=self.tree("blue", blue) if blue else None, green=self.tree("green", green) if green else None,
                progress=Progress(-1), **options,
            )


def errors(report: Report) -> list[Finding]:
    """The findings that fail a verification."""
    return [f for f in report.findings if f.severity == "error"]
