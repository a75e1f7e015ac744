"""A shop whose switch has a data plane: blue is live, green is proved, and actuators and store come by environment variables."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.shop import BLUE, GREEN
from tests.integration.test_switch import prove
from tests.project import Project
from tests.servers.haproxy import HAProxy


def begin(project: Project, *, proved: bool = True) -> Project:
    """Blue is live, green is its candidate."""
    project.models(blue=BLUE, green=GREEN)
    project.sql("CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)")
    project.must("init")
    project.must("register", "--version", "1.0", "--source", project.spec("blue"))
    project.must("register", "--env", "green", "--version", "2.0", "--source", project.spec("green"))
    if proved:
        prove(project)
    return project


def actuate(project: Project, *actuators: dict[str, Any]) -> None:
    """Configure these."""
    project.environ["BGMIGRATE_ACTUATORS"] = json.dumps(actuators)


def haproxy(proxy: HAProxy, *sockets: str, **more: Any) -> dict[str, Any]:
    """An actuator's table."""
    return {
        "kind": "haproxy", "sockets": list(sockets or (proxy.unix,)), "map": str(proxy.map), "ready_within": "1s", "follow_within": "1s",
        "backends": {"blue": "shop_blue", "green": "shop_green"}, **more,
    }


def intent(project: Project) -> list[str]:
    """The states of all switches, oldest first."""
    return [r[0] for r in project.sql("SELECT state FROM bgmigrate.switch_intent ORDER BY id")]
