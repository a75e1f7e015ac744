"""Our operations stand on `alembic.op` beside everybody else's."""

from __future__ import annotations

import json
import subprocess
import sys

ASK = """
import json
from alembic.operations import Operations
import alembic_postgresql_enum
theirs = set(dir(Operations))
from bgmigrate.ops import Step
def every(cls):
    return [cls, *(c for s in cls.__subclasses__() for c in every(s))]
print(json.dumps(sorted({c._verb for c in every(Step) if hasattr(c, "_verb")} & theirs)))
"""


def test_no_operation_takes_the_place_of_another() -> None:
    """A project's older revisions call `op.rename_table` and `op.add_enum_value`, and mean Alembic's and alembic-postgresql-enum's."""
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
