"""A release as a pipeline runs it: each command's outcome is the next one's gate."""

from __future__ import annotations

import psycopg

from tests.integration.shop import BLUE, GREEN, SEED
from tests.project import Project


def test_forward_back_forward_contract_and_no_way_back(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=50))
    project.must("plan", "-m", "rename", "--from", project.spec("blue"), "--target", project.spec("green"))
    assert project.must("status").json["next"] == "bgmigrate expand"
    assert "BGM905" in project.must("switch", "--to", "green", code=3).codes
    project.must("expand")
    assert project.must("switch", "--to", "green", code=4).codes == {"BGM908"}
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    assert project.must("status").json["next"] == "bgmigrate switch --to green"

    assert project.must("contract", code=3).codes == {"BGM911"}
    assert project.must("switch", "--to", "green").json["direction"] == "forward"
    assert project.must("switch", "--to", "blue").json["direction"] == "back"
    assert project.must("switch", "--to", "green").json["direction"] == "forward"  # nothing has changed: the evidence still counts
    assert project.must("status").json["next"] == "bgmigrate contract"

    with psycopg.connect(project.url, application_name="shop-blue-1") as blue:
        result = project.must("contract", code=6)
        assert result.codes == {"BGM912"}
        assert str(blue.info.backend_pid) in result.json["what"]
    project.must("contract")
    found = project.must("status").json
    assert (found["live"]["environment"], found["pending"], found["evidence"]["fresh"]) == ("green", [], True)
    assert "BGM917" in project.must("switch", "--to", "blue", code=3).codes
    assert project.sql("SELECT count(*) FROM users WHERE full_name IS NULL") == [(0,)]
