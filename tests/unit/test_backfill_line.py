"""What `backfill --status` says of where a backfill is: at a key, or at a page."""

from __future__ import annotations

from typing import Any

import pytest

from bgmigrate.backfill.job import Job
from bgmigrate.backfill.keys import Key
from bgmigrate.journal.backfills import Backfill
from bgmigrate.workflow import backfill

KEY = Key(columns=("id",), types=("uuid",))


@pytest.mark.parametrize(("how", "at"), [({"key": KEY}, "at key 7"), ({"key": KEY, "by_page": True}, "at page 7"), ({"key": None}, "at page 7")])
def test_a_position_is_called_what_it_is(how: dict[str, Any], at: str) -> None:
    job = Job(table="t", statement="", prepare=(), columns=("new",), **how)
    state = Backfill(
        id=1, revision="r", table="t", name="new", state="running", watermark=["7"], claimed=["7"], upper=["9"], rows=5, batches=1, hot=0, seconds=1.0,
        visited=5, sweep=0, failures=0, wanted="run", wanted_by=None, waits=None, job=job.as_json(),
    )
    assert at in backfill._line(state)
