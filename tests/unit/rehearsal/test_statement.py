"""Who waits for a lock, and what PostgreSQL's notices say."""

from __future__ import annotations

import pytest

from bgmigrate.rehearsal import notices
from bgmigrate.rehearsal.statement import MODES, Lock, Statement

# PostgreSQL documentation, 13.3.1: what conflicts with ROW EXCLUSIVE, and with ACCESS SHARE.
WRITES_WAIT, READS_WAIT = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}, {"AccessExclusiveLock"}


@pytest.mark.parametrize("mode", MODES)
def test_who_waits_for_a_mode(mode: str) -> None:
    s = Statement(revision="r", op="execute", phase="expand", sql="…", locks=(Lock(relation="t", mode=mode),))
    assert (s.as_json()["blocks_writes"], s.as_json()["blocks_reads"]) == (mode in WRITES_WAIT, mode in READS_WAIT)


def test_modes_are_spelt_as_in_sql() -> None:
    assert [Lock(relation="t", mode=m).spelt for m in MODES] == [
        "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
    ]


def test_an_index_that_is_locked_blocks_no_table() -> None:
    s = Statement(revision="r", op="execute", phase="expand", sql="…", locks=(Lock(relation="ix", mode="AccessExclusiveLock", kind="i"),))
    assert not s.as_json()["blocks_writes"]


def test_notices() -> None:
    work = notices.read([
        'rewriting table "t"', 'verifying table "u"', 'verifying table "u"', 'validating foreign key constraint "k"',
        'building index "i" on table "t" serially', 'building index "i" on table "t" with request for 1 parallel workers',
        'existing constraints on column "t.c" are sufficient to prove that it does not contain nulls',
        'partition constraint for table "p" is implied by existing constraints', 'CREATE TABLE will create implicit sequence "s"',
    ])
    assert (work.rewrites, work.verified, work.foreign_keys, work.indexes, work.proved) == (("t",), ("u",), ("k",), (("i", "t"), ("i", "t")), ("t.c", "p"))
