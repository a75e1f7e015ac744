"""Every hazard of group 2 is found by running it, and a change like it that harms nobody passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from bgmigrate.workflow.report import Report
from tests.integration.verify_hazards import ELSEWHERE, HAZARDS, Change
from tests.integration.verifying import Bench, errors
from tests.servers import Server

GROUP = {f"BGM{n}" for n in range(201, 219)}  # rename-column to pk-widening; a code is for ever, so the list only grows
QUICK = {"BGM207", "BGM210", "BGM218"}  # the others take turns


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def tried(bench: Bench, change: Change) -> Report:
    bench.build(change.schema or change.green, *change.sql)
    if change.blue_driver:
        bench.environments = {"blue": {"driver": change.blue_driver}}
    (bench.directory / "sent.sql").write_text(change.sends or "-- nothing")
    return bench.verify(blue=change.blue, green=change.green, statements=[f"blue={bench.directory / 'sent.sql'}"] if change.sends else [])


def check(report: Report, change: Change) -> None:
    assert {(f.code, f.version, f.table, f.column) for f in errors(report)} == change.finds, report.findings
    assert report.exit_code == (3 if change.finds else 0), report.findings
    warned = {f.code for f in report.findings if f.severity == "warning"}
    assert warned == change.warns or (change.finds and warned >= change.warns), report.findings
    assert all(f.what and f.why and f.next for f in report.findings)


def cases(what: str) -> list[ParameterSet]:
    """The changes, those that take turns marked."""
    out = []
    for code, hazard in HAZARDS.items():
        changes = hazard.also if what == "also" else (getattr(hazard, what),)
        marks = [] if code in QUICK and what != "also" else [pytest.mark.exhaustive]
        out += [pytest.param(c, id=f"{code}-{hazard.name}{f'-{n}' if n else ''}", marks=marks) for n, c in enumerate(changes)]
    return out


@pytest.mark.parametrize("change", cases("breaks"))
def test_it_is_found_by_running_it(bench: Bench, change: Change) -> None:
    check(tried(bench, change), change)


@pytest.mark.parametrize("change", cases("twin"))
def test_its_harmless_twin_passes(bench: Bench, change: Change) -> None:
    assert not change.finds
    check(tried(bench, change), change)


@pytest.mark.parametrize("change", cases("also"))
def test_its_other_forms_are_told(bench: Bench, change: Change) -> None:
    check(tried(bench, change), change)


def test_none_is_left_out() -> None:
    assert HAZARDS.keys() == GROUP
    assert all(h.breaks.finds for h in HAZARDS.values())
    assert ELSEWHERE.keys() <= GROUP
