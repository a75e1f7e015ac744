"""The demo's story: a release of the shop, from the schema as it is to the schema that only the new version needs."""

from __future__ import annotations

from typing import Any

from bgmigrate.demo import project
from bgmigrate.demo.stage import Stage

LIVE, IDLE = 200.0, 80.0  # requests per second: low enough that what we measure is waiting, not a full machine


def release(stage: Stage, url: str, customers: int) -> list[dict[str, Any]]:
    """The story. Returns what expand said of its backfills."""
    say = stage.progress.step
    say("The blue shop, as it is in production:")
    stage.run("init")
    stage.run("plan", "-m", "the shop as it is", "--target", "path:blue")
    stage.run("expand")
    stage.run("register", "--env", "blue", "--version", "1.0", "--source", "path:blue")
    project.seed(url, customers)
    say(f"{customers:,} customers. Blue's load begins.")
    stage.fleet.start("blue")
    stage.rates = {"blue": LIVE}
    stage.phase("blue alone")
    stage.watch()

    stage.phase("plan")
    stage.run("plan", "-m", "full names", "--from", "path:blue", "--target", "path:green")
    stage.say_load()
    stage.phase("expand")
    expanded = stage.run("expand")
    stage.say_load()

    say("Green is deployed beside blue; both write the same rows, and each reads what the other wrote.")
    stage.fleet.start("green")
    stage.rates = {"blue": LIVE, "green": IDLE}
    stage.phase("both")
    stage.watch()
    stage.phase("verify")
    stage.run("verify", "--blue", "path:blue", "--green", "path:green")
    stage.say_load()
    say("Visitors come through a reverse proxy that follows who is live.")
    stage.visitors.begin("blue")
    for live, idle, reason in (("green", "blue", "the release"), ("blue", "green", "a change of mind"), ("green", "blue", "the release after all")):
        stage.rates = {live: LIVE, idle: IDLE}
        stage.phase(f"switch to {live}" if reason != "the release after all" else "switch again")
        stage.visitors.switching()
        stage.run("switch", "--to", live, "--reason", reason)
        stage.visitors.switched(live)
        stage.watch()

    say("Blue is stopped; green takes over what it held.")
    stage.fleet.stop("blue")
    stage.rates = {"green": LIVE}
    stage.phase("contract")
    stage.run("contract")
    stage.visitors.end()
    stage.say_load()
    stage.phase("green alone")
    stage.watch()
    stage.fleet.stop("green")
    return list(expanded.get("backfills", []))
