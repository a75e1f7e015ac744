"""Each hazard of group 2 (BGM201 to BGM218) is found by `verify` where it breaks something, and nothing is said against what is harmless.

What only another stage sees is tested there: that a view keeps a column from being changed, where `plan` and `expand` meet it (BGM215,
test_dependents.py; here, what becomes of whoever reads the view); the replica identity that a change is to take away, by `plan` (BGM217; here,
that it is gone). The order in which publisher and subscriber must follow is seen by no command: the subscriber is another server.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.hazard_cases import CASES, Case
from tests.integration.verifying import Bench
from tests.servers import Server
from tests.zygote import versions_are_forked

HAZARDS = {f"BGM{n}" for n in range(201, 219)}


def test_every_hazard_has_a_case_and_a_twin() -> None:
    assert {c.hazard for c in CASES if c.expected} == HAZARDS
    assert {c.hazard for c in CASES if not c.expected} == HAZARDS


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_verify_finds_what_breaks_and_passes_its_twin(case: Case, server: Server, database: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, database, server.url, environments=dict(case.environments))
    (tmp_path / "sent.sql").write_text(case.statements, encoding="utf-8")
    with versions_are_forked():
        bench.build(case.database, *case.after)
        report = bench.verify(blue=case.blue, green=case.green, statements=[f"blue={tmp_path / 'sent.sql'}"] if case.statements else [])
    found = {(f.code, f.severity, f.version, f.table, f.column) for f in report.findings}
    if case.expected is None:
        assert (report.exit_code, [f for f in report.findings if f.severity != "info"]) == (0, [])
    else:
        assert case.expected in found, report.findings
        assert report.exit_code == (3 if case.expected[1] == "error" else 0), report.findings
