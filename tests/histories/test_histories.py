"""Every documented operation goes through `plan`, which proves each plan on a throw-away database: no difference is left unclaimed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import alembic
import pytest
from alembic.operations import Operations

from bgmigrate.ops import Step
from tests.histories import alembic_columns, alembic_constraints, alembic_tables, enum_types
from tests.histories.pair import PRELUDE, Pair
from tests.project import Project
from tests.servers import Server

PAIRS: tuple[Pair, ...] = (*alembic_columns.PAIRS, *alembic_constraints.PAIRS, *alembic_tables.PAIRS, *enum_types.PAIRS)
ENV = '''\
import os
from alembic import context
from sqlalchemy import NullPool, create_engine, make_url

if context.is_offline_mode():
    context.configure(url=os.environ["BGMIGRATE_DATABASE_URL"], literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(make_url(os.environ["BGMIGRATE_DATABASE_URL"]).set(drivername="postgresql+psycopg"), poolclass=NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
'''
REVISION = '''\
import runpy
from pathlib import Path

import alembic_postgresql_enum  # its operations
from alembic import op
from alembic_postgresql_enum import ColumnType, TableReference
from sqlalchemy import *
from sqlalchemy.dialects import postgresql

revision, down_revision, branch_labels, depends_on = "history", None, None, None


def upgrade():
    op.execute({setup!r})
    models = runpy.run_path(str(Path(__file__).parents[2] / "blue" / "models.py"))
    models["Base"].metadata.create_all(op.get_bind())
{does}


def downgrade():
    pass
'''


@pytest.fixture(scope="session")
def adopted(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with an Alembic history of one revision, as it is after `init`; its database is never touched."""
    directory = tmp_path_factory.mktemp("adopted") / "shop"
    versions = directory / "migrations" / "versions"
    versions.mkdir(parents=True)
    (directory / "migrations" / "env.py").write_text(ENV)
    shutil.copy(Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako", directory / "migrations")
    (versions / "history.py").write_text(REVISION.format(setup="SELECT 1", does=""))
    with server.database("histories") as url:
        project = Project(directory=directory, url=url, scratch_url=server.url)
        project.must("init")
        yield project


@pytest.fixture
def project(adopted: Project, tmp_path: Path) -> Project:
    """A copy of it for one test."""
    directory = tmp_path / "shop"
    shutil.copytree(adopted.directory, directory)
    return Project(directory=directory, url=adopted.url, scratch_url=adopted.scratch_url)


def history(project: Project, pair: Pair, does: str = "") -> None:
    """Let the project's history give the models before, and what the documented operation does to them."""
    text = REVISION.format(setup=pair.setup or "SELECT 1", does="".join(f"    {line}\n" for line in does.strip().splitlines()))
    (project.directory / "migrations" / "versions" / "history.py").write_text(text)


def plan(project: Project, *arguments: str, code: int = 0) -> dict[str, object]:
    return project.must("plan", "-m", "documented", "--from", project.spec("blue"), "--target", project.spec("green"), *arguments, code=code).json


def cases(pairs: tuple[Pair, ...]) -> list[object]:
    return [pytest.param(pair, id=pair.name.replace(" ", "-")) for pair in pairs]


def needs(server: Server, pair: Pair) -> None:
    if server.version < pair.since:
        pytest.skip(f"PostgreSQL {pair.since // 10000} has this first")


def test_names_are_unique() -> None:
    names = [pair.name for pair in PAIRS]
    assert len(set(names)) == len(names)


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", cases(PAIRS))
def test_a_documented_operation_is_split(pair: Pair, project: Project, server: Server) -> None:
    needs(server, pair)
    history(project, pair)
    project.models(blue=PRELUDE + pair.before, green=PRELUDE + (pair.unhinted or pair.after))
    if pair.refusal:
        refused = plan(project, code=3)
        findings = refused["findings"]
        assert isinstance(findings, list)
        about = {".".join(filter(None, (f.get("table"), f.get("column")))): f for f in findings}
        finding = about.get(pair.refusal.about)
        assert finding, (pair.refusal.about, findings)
        assert finding["code"] == pair.refusal.code, finding
        assert pair.refusal.reason in finding["what"] + finding["why"], finding
        assert pair.refusal.hint in finding["next"], finding
        assert all(name in finding["what"] for name in pair.refusal.about.split(".")), finding
        project.models(green=PRELUDE + pair.after)
    if pair.refused_for_good:
        return
    planned = plan(project, *pair.hints)
    changes = planned["changes"]
    assert isinstance(changes, list)
    assert sorted(f"{c['kind']} {'.'.join(filter(None, (c['table'], c['column'])))}".strip() for c in changes) == sorted(pair.changes)
    assert planned["outcome"] == ("done" if pair.changes else "nothing_to_do")


@pytest.mark.exhaustive
@pytest.mark.parametrize(("pair", "does"), [
    pytest.param(pair, does, id=f"{pair.name.replace(' ', '-')}{'-' * bool(n)}{n or ''}") for pair in PAIRS for n, does in enumerate(pair.does)
])
def test_the_pair_is_what_the_documented_operation_does(pair: Pair, does: str, project: Project, server: Server) -> None:
    """With the operation in the history nothing is left to plan: the pair says the same, and `plan` sees no difference where there is none."""
    needs(server, pair)
    history(project, pair, does)
    project.models(blue=PRELUDE + pair.before, green=PRELUDE + pair.after)
    assert plan(project)["outcome"] == "nothing_to_do"


def test_every_operation_of_alembic_is_here() -> None:
    """And of its extension for enum types: whatever they register."""
    said = " ".join(chain.from_iterable(pair.does for pair in PAIRS))
    theirs = {name for name in vars(Operations) if not name.startswith("_")} - {step.verb for step in map(object.__new__, every(Step))}
    assert {name for name in theirs if f".{name}(" not in said} == set()


def every(cls: type[Step]) -> Iterator[type[Step]]:
    """Our own operations."""
    for one in cls.__subclasses__():
        yield one
        yield from every(one)
