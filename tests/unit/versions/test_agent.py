"""A version's process: what it tells, and that nothing the application does at import gets out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bgmigrate.settings import Environment, Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.versions.inside.describe import in_fixed_order
from bgmigrate.versions.load import agent, snapshot_of
from bgmigrate.versions.process import Agent, VersionFailed
from bgmigrate.versions.spec import parse

MODELS = '''
import enum, uuid
from datetime import date
from sqlalchemy import *
from sqlalchemy.orm import declarative_base, relationship

print("a line that must not reach anyone's standard output")

class Mood(enum.Enum):
    happy = "H"
    sad = "S"

class Upper(TypeDecorator):
    impl = String
    cache_ok = True
    def process_bind_param(self, value, dialect):
        return value.upper()

Base = declarative_base(metadata=MetaData(naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(column_0_label)s"}))
tags = Table("user_tags", Base.metadata, Column("user_id", ForeignKey("users.id"), primary_key=True), Column("tag", String(9), primary_key=True))

class User(Base):
    __tablename__ = "users"
    __table_args__ = (CheckConstraint("name LIKE 'a%'", name="likes"), Index(None, "name"), {"info": {"bgmigrate": {"renamed_from": "people"}}})
    id = Column(Integer, primary_key=True)
    name = Column(String(50), nullable=False, info={"bgmigrate": {"renamed_from": "title"}})
    points = Column(Integer, nullable=False, default=100)
    mood = Column(Enum(Mood), default=Mood.sad)
    code = Column(Upper(10), default="it's 5%")
    born = Column(Date, default=date(2020, 2, 29))
    bag = Column(JSON, default={"a": 1})
    token = Column(String(36), default=lambda: str(uuid.uuid4()))
    made = Column(DateTime, default=func.now(), server_default=func.now())

class Audit(Base):
    __tablename__ = "audit"
    __table_args__ = {"schema": "log"}
    id = Column(Integer, primary_key=True)

everything = [Base, MetaData()]
registry = Base.registry
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "models.py").write_text(MODELS)
    return tmp_path


def describe(tree: Path, models: str = "models:Base") -> Snapshot:
    return snapshot_of(Settings(directory=tree), f"path:{tree}#{models}")


def test_a_snapshot_has_tables_columns_and_association_tables(tree: Path) -> None:
    told = describe(tree)
    assert set(told.tables) == {"users", "user_tags", "log.audit"}
    assert told.tables["users"].mapped_by == ("models.User",)
    assert told.tables["user_tags"].mapped_by == ()
    assert told.tables["log.audit"].schema == "log"
    assert told.tables["users"].columns["name"].type == "VARCHAR(50)"
    assert not told.tables["users"].columns["name"].nullable


def test_python_side_defaults_are_sql_of_the_columns_own_type(tree: Path) -> None:
    columns = describe(tree).tables["users"].columns
    scalars = {n: c.default["sql"] for n, c in columns.items() if c.default and c.default["kind"] == "scalar"}
    assert scalars == {"points": "100", "mood": "'sad'", "code": "'IT''S 5%'", "born": "'2020-02-29'", "bag": "'{\"a\": 1}'"}
    assert columns["token"].default == {"kind": "callable"}
    assert columns["made"].default == {"kind": "sql"}
    assert columns["made"].server_default


def test_hints_and_given_names_travel(tree: Path) -> None:
    users = describe(tree).tables["users"]
    assert users.hints == {"renamed_from": "people"}
    assert users.columns["name"].hints == {"renamed_from": "title"}
    assert {"pk_users", "likes"} <= set(users.names)


def test_the_ddl_is_what_create_all_would_send_percent_signs_and_all(tree: Path) -> None:
    text = "\n".join(describe(tree).ddl)
    assert "CREATE TYPE mood AS ENUM ('happy', 'sad')" in text
    assert "CHECK (name LIKE 'a%')" in text


@pytest.mark.parametrize("models", ["models:registry", "models:Base.metadata", "models:everything", "models,models:Base"])
def test_registries_metadata_lists_and_modules_to_import_first_are_understood(tree: Path, models: str) -> None:
    assert describe(tree, models).fingerprint == describe(tree).fingerprint


def test_a_src_layout_is_found(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "models.py").write_text(MODELS)
    assert "users" in describe(tmp_path).tables


def test_two_versions_of_one_module_do_not_meet(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("green")
    (other / "models.py").write_text(MODELS.replace('"points"', '"score"').replace("points =", "score ="))
    blue, green = describe(tree), describe(other)
    assert "points" in blue.tables["users"].columns
    assert "score" in green.tables["users"].columns


def test_the_callers_environment_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = MODELS.replace('"users"', "TABLE").replace('"users.id"', 'TABLE + ".id"')
    (tmp_path / "models.py").write_text("import os\nTABLE = os.environ['SHOP_TABLE']\n" + text)
    monkeypatch.setenv("SHOP_TABLE", "members")
    assert "members" in describe(tmp_path).tables


def test_what_is_printed_at_import_stays_inside(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    describe(tree)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("import os; os._exit(9)", "ended with exit code 9"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "killed by signal 11"),
        ("Base = 3", "no declarative base"),
        ("x = 1", "has no attribute 'Base'"),
        ("from sqlalchemy import *\nBase = MetaData()\nTable('t', Base, Column('c'))", "'c'"),
    ],
)
def test_a_version_that_cannot_be_loaded_is_a_configuration_error(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "models.py").write_text(source)
    with pytest.raises(VersionFailed) as caught:
        describe(tmp_path)
    assert caught.value.exit_code == 2
    assert caught.value.findings[0].code == "BGM922"
    assert said in caught.value.what
    assert "\n" not in caught.value.what
    assert "traceback" in caught.value.extra


def test_a_version_that_hangs_is_given_up_and_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("import os, time, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)")
    with pytest.raises(VersionFailed, match="did not answer within 1 s"):
        Agent("blue", sys.executable, paths=[str(tmp_path)], models=["models:Base"], directory=tmp_path, timeout=1.0).__enter__()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("path:nowhere", "no directory nowhere"),
        ("python:/nowhere/bin/python", "no interpreter"),
        ("snapshot:nowhere.json", "cannot be read"),
        ("git:HEAD", "git"),
        ("deployed", "journal"),
    ],
)
def test_a_spec_that_is_not_there(tmp_path: Path, spec: str, said: str) -> None:
    settings = Settings(directory=tmp_path, models=("models:Base",))
    with pytest.raises(Exception, match=said) as caught:
        snapshot_of(settings, spec)
    assert getattr(caught.value, "exit_code", None) == 2


def test_the_configured_interpreter_runs_a_source_tree(tree: Path) -> None:
    settings = Settings(directory=tree, environments={"blue": Environment(python="/nowhere/python")})
    with pytest.raises(VersionFailed, match="/nowhere/python"):
        agent(settings, parse(f"path:{tree}#models:Base", settings), environment="blue").__enter__()


def test_a_snapshot_file_gives_back_what_was_written(tree: Path) -> None:
    import json

    told = describe(tree)
    (tree / "blue.json").write_text(json.dumps(told.as_json()))
    assert snapshot_of(Settings(directory=tree), "snapshot:blue.json").fingerprint == told.fingerprint


def test_what_sqlalchemy_keeps_in_sets_comes_in_a_fixed_order_and_an_application_s_own_ddl_in_its_own() -> None:
    sets = ["COMMENT ON CONSTRAINT b ON t IS 'b'", "COMMENT ON CONSTRAINT a ON t IS 'a'"]
    keys = ["ALTER TABLE b ADD FOREIGN KEY(x) REFERENCES a (id)", "ALTER TABLE a ADD FOREIGN KEY(x) REFERENCES b (id)"]
    own = ["ALTER TABLE t FORCE ROW LEVEL SECURITY", "ALTER TABLE t ENABLE ROW LEVEL SECURITY"]
    assert in_fixed_order([*sets, *keys, *own]) == [*reversed(sets), *reversed(keys), *own]
