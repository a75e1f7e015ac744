"""Cases whose models need a newer PostgreSQL are left out, and said so, on older ones."""

from __future__ import annotations

import pytest

from tests.lifecycle.case import Case
from tests.servers import Server


@pytest.fixture(autouse=True)
def _new_enough(request: pytest.FixtureRequest) -> None:
    case = getattr(request.node, "callspec", None) and request.node.callspec.params.get("case")
    if isinstance(case, Case) and case.since:
        server: Server = request.getfixturevalue("server")
        if server.version < case.since * 10000:
            pytest.skip(f"{case.id} needs PostgreSQL {case.since}")
