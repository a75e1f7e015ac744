"""Each hazard of group 2 (BGM201 to BGM218) is found by `verify` where it breaks something, and nothing is said against what is harmless.

What only another stage sees is tested there: that a view keeps a column from being changed, where `plan` and `expand` meet it (BGM215,
test_dependents.py; here, what becomes of whoever reads the view); the replica identity that a change is to take away, by `plan` (BGM217; here,
that it is gone). The order in which publisher and subscriber must follow is seen by no command: the subscriber is another server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bgmigrate.workflow.report import Report
from tests.integration.hazard_cases import CASES, Case
from tests.integration.verifying import Bench
from tests.servers import Server
from tests.zygote import versions_are_forked

HAZARDS = {f"BGM{n}" for n in range(201, 219)}


def test_every_hazard_has_a_case_and_a_twin() -> None:
    assert {c.hazard for c in CASES if c.expected} == HAZARDS
    assert {c.hazard for c in CASES if not c.expected} == HAZARDS


def verified(case: Case, bench: Bench) -> Report:
    """Make the case's database and verify its versions there."""
    sent = bench.directory / "sent.sql"
    sent.write_text(case.statements, encoding="utf-8")
    with versions_are_forked():
        bench.build(case.database, *case.after)
        return bench.verify(blue=case.blue, green=case.green, statements=[f"blue={sent}"] if case.statements else [])


def every() -> list[Any]:
    """The first break and the first twin of each hazard in every run, the others by turns."""
    first = {(c.hazard, c.expected is None): c for c in reversed(CASES)}
    return [pytest.param(c, id=c.id, marks=pytest.mark.exhaustive(turns=3) if c in first.values() else pytest.mark.exhaustive) for c in CASES]


@pytest.mark.parametrize("case", every())
def test_verify_finds_what_breaks_and_passes_its_twin(case: Case, server: Server, database: str, tmp_path: Path) -> None:
    report = verified(case, Bench(tmp_path, database, server.url, environments=dict(case.environments)))
    found = {(f.code, f.severity, f.version, f.table, f.column) for f in report.findings}
    if case.expected is None:
        assert (report.exit_code, [f for f in report.findings if f.severity != "info"]) == (0, [])
    else:
        assert case.expected in found, report.findings
        assert report.exit_code == (3 if case.expected[1] == "error" else 0), report.findings


def test_a_label_that_a_check_refuses_spoils_no_row_that_it_takes(server: Server, database: str, tmp_path: Path) -> None:
    (case,) = (c for c in CASES if c.name == "check of labels")
    report = verified(case, Bench(tmp_path, database, server.url))
    read = {p["version"]: p["checked"] for p in report.extra["probes"] if p["probe"] == "crossread"}
    assert read == {"blue": 3, "green": 3}  # each writes a minimal row, a full one, and one with the label that is left
