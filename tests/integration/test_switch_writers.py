"""There and back again, ten times, while both versions write the same rows: what one wrote the other reads, whoever is live."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bgmigrate.demo import project as demo
from bgmigrate.demo.figures import Figures
from bgmigrate.demo.fleet import Fleet
from tests.project import Project
from tests.servers import Server

CUSTOMERS = 500


@pytest.mark.exhaustive
def test_ten_times_there_and_back_under_writers_of_both_versions(server: Server, database: str, tmp_path: Path) -> None:
    demo.make(tmp_path)
    shop, figures = Project(directory=tmp_path, url=database, scratch_url=server.url), Figures()
    shop.must("init")
    shop.must("plan", "-m", "the shop as it is", "--target", "path:blue")
    shop.must("expand")
    shop.must("register", "--env", "blue", "--version", "1.0", "--source", "path:blue")
    demo.seed(database, CUSTOMERS)
    shop.must("plan", "-m", "full names", "--from", "path:blue", "--target", "path:green")
    shop.must("expand")
    shop.must("verify", "--blue", "path:blue", "--green", "path:green")
    with Fleet(tmp_path, database, figures) as fleet:
        fleet.start("blue")
        fleet.start("green")
        batons = demo.untouched(CUSTOMERS)
        for n in range(20):
            live, idle = (("green", "blue"), ("blue", "green"))[n % 2]
            fleet.phase(f"{n}: {live}", {live: 120.0, idle: 40.0}, [next(batons) for _ in range(5)])
            time.sleep(0.1)  # a quick machine's switches are over before many requests were sent
            done = shop.must("switch", "--to", live).json
            assert (done["live"], done["direction"]) == (live, ("forward", "back")[n % 2])
        fleet.stop("green")
        fleet.stop("blue")
        read = [fleet.audit(version, CUSTOMERS) for version in ("blue", "green")]
    assert figures.problems == []
    assert figures.total("blue")["requests"] > 100 < figures.total("green")["requests"]
    assert [wrong for _, wrong in read] == [[], []]
    assert min(count for count, _ in read) >= CUSTOMERS
    assert shop.sql("SELECT count(*) FROM bgmigrate.switch_history") == [(21,)]
