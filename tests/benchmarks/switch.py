"""Switches under load with two HAProxies: how long one takes, and the requests that fail, against reloading the proxies as often."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.integration.routed import actuate, begin, haproxy
from tests.integration.test_switch import prove
from tests.project import Project
from tests.servers import Server, web
from tests.servers import haproxy as proxies

LIMIT = 0.05  # seconds from the compare-and-set until every instance was seen, as issue 7 has it
PAUSE = 0.5  # seconds between two reloads


@dataclass(frozen=True, kw_only=True)
class Took:
    """Median seconds of a switch; requests and failed ones meanwhile, and while the proxies were reloaded as often."""

    switches: int
    seconds: float
    requests: int
    failed: int
    reloaded: int
    lost: int


def measure(server: Server, switches: int) -> Took | None:
    """Switch back and forth; None where there is no HAProxy."""
    if proxies.missing():
        return None
    with (
        server.database("bench") as url, tempfile.TemporaryDirectory() as directory, web.backends() as backends, proxies.proxies(backends, 2) as both,
    ):
        project = Project(directory=Path(directory), url=url, scratch_url=server.url)
        begin(project)
        actuate(project, *(haproxy(p) for p in both))
        took = []
        with web.load(*(p.port for p in both)) as load:
            for n in range(switches):
                if n % 2 == 0:
                    prove(project)
                took.append(project.must("switch").json["seconds"])
            ours = load.stop()
        with web.load(*(p.port for p in both)) as load:
            for n in range(switches):
                for proxy in both:
                    proxy.map.write_text(f"shop {('green', 'blue')[n % 2]}\n")
                    proxy.reload()
                time.sleep(PAUSE)
            theirs = load.stop()
        project.close()
    return Took(
        switches=switches, seconds=statistics.median(took), requests=ours["requests"], failed=len(ours["failed"]), reloaded=theirs["requests"],
        lost=len(theirs["failed"]),
    )
