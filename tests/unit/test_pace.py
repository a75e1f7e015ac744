"""How many rows the next batch takes, by how long the last ones took."""

from __future__ import annotations

from bgmigrate.backfill.pace import Pace


def test_a_pace_follows_its_target_down_at_once_and_up_slowly() -> None:
    pace = Pace(0.05, size=1000)
    for _ in range(3):  # batches of one range, whose size is settled
        pace.took(0.5, 1000)
    assert pace.size == 200
    for _ in range(3):
        pace.took(0.010, 200)
    assert pace.size == 300
    small = Pace(0.05, size=300)
    small.took(0.001, 300)
    assert small.size == 1200
    for _ in range(10):
        pace.failed()
    assert pace.size == 1


def test_the_slowest_kind_of_batch_counts() -> None:
    pace = Pace(0.05, size=1000)
    for _ in range(10):  # half as slow: those alone would let it take twice as many rows
        pace.took(0.04, 1000, kind=0)
        pace.took(0.04, 1000, kind=1, parts=2)
    assert pace.size == 1000
    assert pace.times(0, 1) == 2.0
