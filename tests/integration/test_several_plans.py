"""Several plans in flight: made side by side and merged, one after the other in either order, and a name that is used again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle import catalog
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=5)

BASE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    {user}

class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    {team}
'''
NAME = "name: Mapped[str] = mapped_column(Text)"
FULL_NAME = 'full_name: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})'
TITLE = "title: Mapped[str] = mapped_column(Text)"
LABEL = 'label: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "title"}})'
BLUE = BASE.format(user=NAME, team=TITLE)
SEED = "INSERT INTO users (name) SELECT 'u' || i FROM generate_series(1, 20) i; INSERT INTO teams (title) SELECT 't' || i FROM generate_series(1, 20) i"


def revisions(project: Project) -> set[Path]:
    return set((project.directory / "migrations").rglob("*.py"))


def side_by_side(project: Project, one: str, other: str) -> None:
    """Two developers plan on the same day, and both branches are merged in git."""
    project.models(blue=BLUE, green=one, other=other)
    project.start_blue(SEED)
    before = revisions(project)
    project.must("plan", "-m", "one", "--from", project.spec("blue"), "--target", project.spec("green"))
    away = {path: path.read_bytes() for path in revisions(project) - before}
    for path in away:
        path.unlink()
    project.must("plan", "-m", "other", "--from", project.spec("blue"), "--target", project.spec("other"))
    for path, content in away.items():
        path.write_bytes(content)


def released(project: Project, tree: str, to: str) -> None:
    project.must("verify", f"--{to}", project.spec(tree))
    project.must("switch", "--to", to)


def test_two_plans_are_merged_when_their_order_does_not_matter(project: Project, server: Server) -> None:
    side_by_side(project, BASE.format(user=FULL_NAME, team=TITLE), BASE.format(user=NAME, team=LABEL))
    original = catalog.read(project.url)
    both = BASE.format(user=FULL_NAME + '\n    age: Mapped[int | None]', team=LABEL)
    project.models(green=both)
    refused = project.must("plan", "-m", "both", "--target", project.spec("green"), code=3)
    assert "bgmigrate plan --merge" in refused.json["next"]
    tried = project.must("plan", "--merge", "-m", "merge", "--dry-run").json
    assert tried["revisions"] == []
    merged = project.must("plan", "--merge", "-m", "merge").json
    assert [r["phase"] for r in merged["revisions"]] == ["expand", "contract"]
    assert project.must("plan", "--merge", "-m", "merge").json["outcome"] == "nothing_to_do"
    project.must("plan", "-m", "both", "--target", project.spec("green"))

    project.must("expand")
    expanded = catalog.read(project.url)
    project.must("rollback")
    assert catalog.difference(catalog.read(project.url), original) == []
    project.must("expand")
    assert catalog.difference(catalog.read(project.url), expanded) == []
    released(project, "green", "green")
    project.must("contract", "--drained", "blue is gone")
    assert project.must("plan", "-m", "rest", "--target", project.spec("green")).json["outcome"] == "nothing_to_do"
    assert project.must("status").json["pending"] == []


def test_rollback_takes_back_one_side_of_a_merge_only(project: Project) -> None:
    """What was released before the merge stays when what came with it is undone."""
    side_by_side(project, BASE.format(user=FULL_NAME, team=TITLE), BASE.format(user=NAME, team=LABEL))
    one, other = (sorted(p for p in revisions(project) if f"_{name}_expand" in p.name)[0].name.split("_")[0] for name in ("one", "other"))
    project.must("expand", "--to", one)
    released(project, "green", "green")
    released_schema = catalog.read(project.url)
    project.must("plan", "--merge", "-m", "merge")
    project.must("expand")
    undone = project.must("rollback").json
    assert undone["revisions"] == [other]
    assert catalog.difference(catalog.read(project.url), released_schema) == []
    project.must("expand")


def test_plans_that_do_not_commute_are_not_merged(project: Project) -> None:
    side_by_side(project, BASE.format(user=FULL_NAME, team=TITLE), BASE.format(user=FULL_NAME.replace("full_name", "nick"), team=TITLE))
    before = revisions(project)
    result = project.must("plan", "--merge", "-m", "merge", code=3)
    assert "cannot be merged" in result.json["what"]
    assert result.codes == {"BGM918"}
    assert revisions(project) == before


def test_contracts_late_or_at_once_end_alike(server: Server, tmp_path: Path) -> None:
    """e1 e2 c1 c2 and e1 c1 e2 c2."""
    first = BASE.format(user=FULL_NAME, team=TITLE)
    second = BASE.format(user="full_name: Mapped[str] = mapped_column(Text)\n    age: Mapped[int] = mapped_column(server_default=text('7'))", team=LABEL)
    ends = []
    for late in (True, False):
        with server.database("orders") as url:
            (tmp_path / f"late-{late}").mkdir()
            here = Project(directory=tmp_path / f"late-{late}", url=url, scratch_url=server.url)
            here.models(blue=BLUE, green=first, next=second)
            here.start_blue(SEED)
            here.must("plan", "-m", "first", "--from", here.spec("blue"), "--target", here.spec("green"))
            here.must("expand")
            released(here, "green", "green")
            if not late:
                here.must("contract", "--drained", "blue is gone")
            here.must("plan", "-m", "second", "--target", here.spec("next"))
            here.must("expand")
            released(here, "next", "blue")
            here.must("contract", "--drained", "green is gone")
            assert here.must("status").json["pending"] == []
            ends.append(catalog.read(url))
            here.close()
    assert catalog.difference(*ends) == []


def test_a_name_that_a_pending_contract_drops_is_not_used_again(project: Project) -> None:
    project.models(blue=BLUE, green=BASE.format(user=FULL_NAME, team=TITLE))
    project.start_blue(SEED)
    project.must("plan", "-m", "first", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    released(project, "green", "green")
    project.models(next=BASE.format(user=FULL_NAME + "\n    name: Mapped[int | None]", team=TITLE))
    before = revisions(project)
    refused = project.must("plan", "-m", "again", "--target", project.spec("next"), code=3)
    contract = sorted(p.name.split("_")[0] for p in before if "_first_contract" in p.name)[0]
    assert contract in refused.json["what"], refused
    assert revisions(project) == before


def test_a_history_that_was_deleted_begins_anew_with_the_schema_of_today(project: Project) -> None:
    """Squashed: every revision file is deleted when nothing is pending, and today's schema becomes the first revision."""
    project.models(blue=BLUE, green=BASE.format(user=FULL_NAME, team=TITLE), next=BASE.format(user=FULL_NAME, team=LABEL))
    project.start_blue(SEED)
    project.must("plan", "-m", "first", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    released(project, "green", "green")
    project.must("contract", "--drained", "blue is gone")
    schema = catalog.read(project.url)
    for path in revisions(project):
        if path.name != "env.py":
            path.unlink()
    assert project.must("status", code=3).codes == {"BGM918"}
    project.must("init", "--baseline")  # the old version table is left alone: the new history has one of its own
    assert [d for d in catalog.difference(catalog.read(project.url), schema) if "alembic_version" not in d] == []
    project.must("doctor")
    assert project.must("plan", "-m", "none", "--target", project.spec("green")).json["outcome"] == "nothing_to_do"
    project.must("plan", "-m", "next", "--target", project.spec("next"))
    project.must("expand")
    released(project, "next", "blue")
    project.must("contract", "--drained", "green is gone")
