"""Keys that got wider: two rows that the new version may write and the old one takes for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.verifying import PLAIN, Bench, errors
from tests.servers import Server

NARROW = PLAIN + """
class Price(Base):
    __tablename__ = "prices"
    sku: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, server_default="EUR")
    amount: Mapped[int]
"""
WIDE = NARROW.replace('server_default="EUR"', 'server_default="EUR", primary_key=True')


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def test_two_rows_that_the_old_version_takes_for_one_are_found(bench: Bench) -> None:
    bench.build(WIDE)
    found = errors(bench.verify(blue=NARROW, green=WIDE))
    assert [(f.code, f.version, f.probe, f.table) for f in found] == [("BGM810", "blue", "identity", "prices")]
    assert "its UPDATE meets 2 rows" in found[0].what


def test_a_unique_key_that_stays_until_contract_keeps_them_apart(bench: Bench) -> None:
    bench.build(WIDE, "ALTER TABLE prices ADD UNIQUE (sku)")
    report = bench.verify(blue=NARROW, green=WIDE)
    assert report.outcome == "passed"
    assert not [f for f in report.findings if f.code == "BGM810"]


def test_a_key_that_only_the_candidate_has_is_a_warning_until_contract_makes_it_one(bench: Bench) -> None:
    bench.build(WIDE)
    report = bench.verify(blue=WIDE, green=NARROW)
    assert [(f.severity, f.version) for f in report.findings if f.code == "BGM810"] == [("warning", "green")]
