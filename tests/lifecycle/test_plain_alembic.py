"""The same through plain `alembic`, as somebody runs it who knows nothing of bgmigrate: as safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle import catalog
from tests.lifecycle.case import Case
from tests.lifecycle.cases import every
from tests.lifecycle.life import wanted
from tests.lifecycle.pages import planned
from tests.lifecycle.traffic import Traffic
from tests.project import Project
from tests.servers import Server

CASES = {case.id: case for case in every()}
SYNCHRONIZED = [CASES["rename_column"], CASES["derive_column"], CASES["add_volatile_column"]]


@pytest.mark.parametrize("case", SYNCHRONIZED, ids=lambda case: case.id)
def test_alembic_upgrade_expand_is_as_safe_as_bgmigrate_expand(case: Case, project: Project) -> None:
    planned(project, case)
    original = catalog.read(project.url)
    traffic = Traffic(case, project.url)
    try:
        traffic.start("blue")
        traffic.more()
        done = project.alembic("upgrade", "expand@head")
        assert done.code == 0, done
        traffic.together(True)
        traffic.check("after alembic upgrade expand@head")
        traffic.start("green")
        traffic.more(2)
        traffic.check("both writing")
        assert traffic.faults == []
    finally:
        traffic.stop()
    expanded = catalog.read(project.url)
    again = project.must("expand")
    assert again.json["outcome"] == "nothing_to_do"
    project.must("rollback")
    assert catalog.difference(catalog.read(project.url), original) == []
    project.must("expand")
    assert catalog.difference(catalog.read(project.url), expanded) == []


def test_alembic_upgrade_heads_on_a_database_with_data_stops_at_a_closed_gate(project: Project) -> None:
    case = CASES["rename_column"]
    planned(project, case)
    done = project.alembic("upgrade", "heads")
    assert done.code != 0
    assert "BGM" in done.err or "verify" in done.err, done
    columns = {row[0] for row in project.sql("SELECT column_name::text FROM information_schema.columns WHERE table_name = 'members'")}
    assert {"handle", "team_id"} <= columns, "blue's columns are gone although blue is live"


def test_alembic_upgrade_heads_builds_everything_where_there_is_nothing(project: Project, server: Server) -> None:
    case = CASES["rename_column"]
    planned(project, case)
    with server.database("fresh") as url:
        done = Project(directory=project.directory, url=url, scratch_url=server.url).alembic("upgrade", "heads")
        assert done.code == 0, done
        assert catalog.difference(catalog.read(url), wanted(case, server)) == []


def test_the_version_that_alembic_records_is_never_behind_the_schema(project: Project) -> None:
    case = CASES["rename_column"]
    planned(project, case)
    expanded = None
    for fault in range(1, 60):
        done = project.alembic("upgrade", "expand@head", environ={"BGMIGRATE_FAULT": str(fault)})
        if done.code == 0:
            expanded = catalog.read(project.url)
            break
        assert done.code == 137, done
    assert expanded is not None
    assert project.must("expand").json["outcome"] == "nothing_to_do"
    assert catalog.read(project.url) == expanded


def test_revision_files_are_the_same_bytes_each_time(project: Project, tmp_path: Path, server: Server) -> None:
    case = CASES["rename_column"]
    texts = []
    planned(project, case)
    texts.append(_bodies(project))
    other = tmp_path / "other"
    other.mkdir()
    with server.database("again") as url:
        second = Project(directory=other, url=url, scratch_url=server.url)
        planned(second, case)
        texts.append(_bodies(second))
    assert texts[0] == texts[1]


def _bodies(project: Project) -> list[str]:
    files = sorted((project.directory / "migrations").rglob("*change*.py"))
    assert files
    return [text[text.index("def upgrade") :].replace(_revision(text), "REVISION") for text in (f.read_text() for f in files)]


def _revision(text: str) -> str:
    line = next(line for line in text.splitlines() if line.startswith("revision"))
    return line.split("=")[1].strip().strip("\"'")
