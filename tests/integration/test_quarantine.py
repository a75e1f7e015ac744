"""Contract that can be taken back: what is to go has another name for a while, follows every write, and comes back whole."""

from __future__ import annotations

import csv
import gzip

import psycopg

from tests.integration.releasing import released
from tests.lifecycle import catalog
from tests.project import Project

ROWS = "SELECT id, full_name FROM users ORDER BY id"


def columns(project: Project, table: str = "users") -> set[str]:
    found = project.sql(
        f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    return {str(r[0]) for r in found}


def test_contract_undo_blue_writes_contract_again_purge_and_every_value_is_there(project: Project) -> None:
    released(project)
    expanded = catalog.read(project.url)

    held = project.must("contract", "--quarantine", "1h").json
    assert [(a["table"], a["column"]) for q in held["quarantine"] for a in q["set_aside"]] == [("users", "name")]
    assert columns(project) == {"id", "full_name", "bgm_gone_users_name"}
    with psycopg.connect(project.url, application_name="shop-green-1", autocommit=True) as green:
        green.execute("INSERT INTO users (full_name) VALUES ('green in quarantine')")
        green.execute("UPDATE users SET full_name = 'green ' || id WHERE id <= 3")
    assert project.must("contract").json["outcome"] == "nothing_to_do"
    status = project.must("status").json
    assert [q["state"] for q in status["quarantine"]] == ["held"]
    refused = project.must("switch", "--to", "blue", code=3)
    assert (refused.codes, refused.json["next"]) == ({"BGM960"}, "bgmigrate contract --undo")

    assert project.must("contract", "--undo").json["findings"] == []
    assert catalog.difference(catalog.read(project.url), expanded) == []
    assert project.sql("SELECT count(*) FROM users WHERE name IS DISTINCT FROM full_name") == [(0,)]
    assert project.must("switch", "--to", "blue").json["direction"] == "back"
    with psycopg.connect(project.url, application_name="shop-blue-1", autocommit=True) as blue:
        assert blue.execute("SELECT name FROM users WHERE id = 2").fetchall() == [("green 2",)]
        blue.execute("INSERT INTO users (name) VALUES ('blue after undo')")
        blue.execute("UPDATE users SET name = 'blue ' || id WHERE id = 4")
    project.must("switch", "--to", "green")

    project.must("contract", "--quarantine", "1h")
    before = project.sql(ROWS)
    assert {"green in quarantine", "green 1", "blue after undo", "blue 4"} <= {r[1] for r in before}
    assert project.must("contract", "--purge").json["purged"] == [{"table": "users", "column": "name"}]
    assert (columns(project), project.sql(ROWS)) == ({"id", "full_name"}, before)
    assert project.must("contract", "--purge").json["outcome"] == "nothing_to_do"
    assert project.must("contract", "--undo", code=3).codes == {"BGM917"}
    found = project.must("status").json
    assert (found["pending"], found["quarantine"], found["evidence"]["fresh"]) == ([], [], True)


def test_what_is_dropped_is_archived_first_and_no_file_is_overwritten(project: Project) -> None:
    released(project)
    project.environ["BGMIGRATE_CONTRACT__ARCHIVE"] = "kept"
    project.must("contract", "--quarantine", "1h")
    project.sql("INSERT INTO users (full_name) VALUES ('last, \"quoted\"')")
    revision = project.must("status").json["quarantine"][0]["revision"]
    path = project.directory / "kept" / f"shop-{revision}-users.csv.gz"
    path.parent.mkdir()
    path.write_bytes(b"another run's")
    (written,) = project.must("contract", "--purge").json["archives"]
    assert (written, path.read_bytes()) == (str(path).replace(".csv.gz", ".2.csv.gz"), b"another run's")
    with gzip.open(written, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert (rows[0], rows[1], len(rows)) == (["id", "name"], ["1", "üser 1"], 22)
    assert rows[-1][1] == 'last, "quoted"'
