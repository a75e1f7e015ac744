"""Politeness: under a storm every kind of change gets through expand and contract, and nobody waits for us for longer than lock_timeout."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bgmigrate.settings import ExpandSettings
from tests.integration.until import until
from tests.lifecycle.case import Case
from tests.lifecycle.cases import every
from tests.lifecycle.rules import Revisions
from tests.lifecycle.storm import Storm
from tests.lifecycle.traffic import Traffic
from tests.servers import Server

LIMIT = ExpandSettings().lock_timeout + 0.05  # seconds: what is promised


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.exhaustive(turns=24)
@pytest.mark.parametrize("case", every(), ids=lambda case: case.id)
def test_a_change_gets_through_and_nobody_waits_for_long(case: Case, server: Server, record_property: Callable[[str, object], None]) -> None:
    revisions, began = Revisions(case, server), time.monotonic()
    with revisions.blue() as stage:
        traffic = Traffic(case, stage.url)
        try:
            with Storm(stage.url, case.id) as storm:
                traffic.start("blue")
                until(lambda: storm.felt.held > 0 and storm.felt.statements > 20, "the storm rages")
                for step in revisions.expand.upgrade:
                    stage.step(step)
                traffic.stop()
                storm.turn()
                traffic.start("green")
                for step in revisions.contract.upgrade if revisions.contract else ():
                    stage.step(step)
        finally:
            traffic.stop()
    felt = storm.felt
    told = {"case": case.id, "kind": case.kind, "longest": round(felt.longest, 3), "where": felt.where, "slowest": round(felt.slowest, 3),
            "statements": felt.statements, "held": felt.held, "seconds": round(time.monotonic() - began, 1)}
    record_property("storm", json.dumps(told))
    print(f"{case.id}: the largest stall was {felt.longest:.3f} s, on {felt.where or 'nothing'}; {felt.statements} statements")
    if report := os.environ.get("BGMIGRATE_STORM_REPORT"):
        with Path(report).open("a", encoding="utf-8") as f:
            f.write(json.dumps(told) + "\n")
    assert (felt.faults, traffic.faults) == ([], [])
    assert felt.statements > 0
    assert felt.longest <= LIMIT, told
