"""Every kind of change goes through its whole life while both versions write: no error, no wrong value, no trace, and green's own schema."""

from __future__ import annotations

import pytest

from tests import servers, turns
from tests.lifecycle.case import Case
from tests.lifecycle.cases import every
from tests.lifecycle.life import Life
from tests.project import Project
from tests.servers import Server


@pytest.mark.slow
@pytest.mark.exhaustive(turns=5)
@pytest.mark.every_server
@pytest.mark.parametrize("case", every(), ids=lambda case: case.id)
def test_a_change_lives_from_plan_to_contract(case: Case, project: Project, server: Server, pytestconfig: pytest.Config) -> None:
    chosen = pytestconfig.getoption("--server") or servers.choose()
    Life(case, project, server, straight=server.kind not in (chosen, "dsn") or not turns.taken(pytestconfig, case.id)).run()


@pytest.mark.slow
@pytest.mark.exhaustive(turns=8)
@pytest.mark.parametrize("case", [c for c in every() if c.contracts], ids=lambda case: case.id)
def test_a_contract_is_taken_back_and_purged_at_last(case: Case, project: Project, server: Server) -> None:
    Life(case, project, server).taken_back()
