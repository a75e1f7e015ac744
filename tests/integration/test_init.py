"""`init` adopts whatever Alembic environment a project has, changes nothing else of it, and plain `alembic` goes on working."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from bgmigrate.database import connect, sqlalchemy_url
from bgmigrate.dump import schema_sql
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.settings import Settings, load
from bgmigrate.workflow.init import init
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


class Place:
    """A git repository that holds a project with an Alembic environment of its own, or none."""

    def __init__(self, directory: Path, url: str, scratch_url: str) -> None:
        self.directory, self.url = directory, url
        self.environ = {"BGMIGRATE_DATABASE_URL": url, "BGMIGRATE_SCRATCH_URL": scratch_url}
        self.git("init", "-q")

    def settings(self, **environ: str) -> Settings:
        return load(directory=self.directory, environ=self.environ | environ)

    def open(self) -> Project:
        return Project.open(self.settings())

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        return subprocess.run(["git", *identity, *arguments], cwd=self.directory, capture_output=True, text=True, check=True).stdout

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "before")

    def changed(self) -> set[str]:
        return {line[3:] for line in self.git("status", "--porcelain", "-uall").splitlines() if "__pycache__" not in line}

    def alembic(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-W", "always::DeprecationWarning", "-m", "alembic", *arguments], cwd=self.directory, env=os.environ | self.environ,
            capture_output=True, text=True, check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    def sql(self, text: str) -> list[tuple[object, ...]]:
        with connect(self.url, purpose="test") as c:
            cursor = c.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

    def applied(self) -> frozenset[str]:
        with connect(self.url, purpose="test") as c:
            return self.open().applied(c)

    def template(self, name: str = "generic") -> None:
        """What `alembic init` makes, its database filled in."""
        self.alembic("init", "-t", name, "migrations")
        path = self.directory / "alembic.ini"
        path.write_text(path.read_text().replace("driver://user:pass@localhost/dbname", sqlalchemy_url(self.url)))

    def revision(self, revision: str, down: str | None, body: str = "pass", directory: str = "migrations/versions") -> None:
        path = self.directory / directory / f"{revision}_x.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'"""{revision}"""\nfrom alembic import op\nrevision = "{revision}"\ndown_revision = {down!r}\n'
            "branch_labels = None\ndepends_on = None\n\n\n"
            f"def upgrade():\n    {body}\n\n\ndef downgrade():\n    op.execute('DROP TABLE IF EXISTS {revision}')\n"
        )


@pytest.fixture
def place(server: Server, database: str, tmp_path: Path) -> Place:
    directory = tmp_path / "shop"
    directory.mkdir()
    return Place(directory, database, server.url)


ANCHORS = re.compile(r"migrations/(expand|contract)/[0-9a-f]{12}_\1_begins\.py")


def files_besides_anchors(paths: set[str]) -> set[str]:
    anchors = {p for p in paths if ANCHORS.fullmatch(p)}
    assert len(anchors) == 2
    return paths - anchors


def test_an_empty_directory_gets_an_environment_that_plain_alembic_can_use(place: Place) -> None:
    report = init(place.settings())
    assert report.outcome == "done"
    assert files_besides_anchors(place.changed()) == {"alembic.ini", "bgmigrate.toml", "migrations/env.py", "migrations/script.py.mako"}
    assert place.alembic("upgrade", "heads").stderr == ""
    assert place.applied() == set(place.open().heads())
    assert "CREATE TABLE alembic_version" in place.alembic("upgrade", "heads", "--sql").stdout


def test_beside_a_pyproject_everything_is_configured_in_it_and_the_rest_of_it_stays(place: Place) -> None:
    text = '# ours\n[project]\nname = "shop"   # the shop\nversion = "1"\n\n[tool.other]\na = [1,\n  2]\n'
    (place.directory / "pyproject.toml").write_text(text)
    init(place.settings())
    assert files_besides_anchors(place.changed()) == {"pyproject.toml", "migrations/env.py", "migrations/script.py.mako"}
    assert (place.directory / "pyproject.toml").read_text().startswith(text)
    place.alembic("upgrade", "heads")
    assert load(directory=place.directory, environ={}).service == "shop"


def test_init_works_with_no_database_and_with_one_that_is_away(place: Place) -> None:
    del place.environ["BGMIGRATE_DATABASE_URL"]
    assert init(place.settings()).outcome == "done"
    away = init(place.settings(BGMIGRATE_DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:1/x"))
    assert [f.code for f in away.findings] == ["BGM920"]
    assert "hunter2" not in str(away.as_json())


@pytest.mark.parametrize("heads", [1, 2])
def test_an_existing_history_keeps_working(place: Place, heads: int) -> None:
    place.template()
    place.revision("aaa", None, "op.execute('CREATE TABLE aaa (id int)')")
    place.revision("bbb", "aaa", "op.execute('CREATE TABLE bbb (id int)')")
    if heads == 2:
        place.revision("ccc", "aaa", "op.execute('CREATE TABLE ccc (id int)')")
    place.alembic("upgrade", "heads")
    place.commit()
    assert init(place.settings()).outcome == "done"
    rest = files_besides_anchors(place.changed())
    merges = {p for p in rest if re.fullmatch(r"migrations/versions/[0-9a-f]{12}_merge_heads\.py", p)}
    assert len(merges) == heads - 1
    assert rest - merges == {"alembic.ini", "bgmigrate.toml"}
    removed = [line for line in place.git("diff", "-U0").splitlines() if line.startswith("-") and not line.startswith("---")]
    assert removed == []

    project = place.open()
    assert place.applied() == {"aaa", "bbb", "ccc"} - ({"ccc"} if heads == 1 else set())
    place.alembic("upgrade", "heads")
    assert place.applied() == project.closure(project.heads())
    assert place.alembic("history").stdout.count("->") == 2 + 2 * heads
    place.alembic("downgrade", "base")
    assert place.applied() == frozenset()
    place.alembic("upgrade", "expand@head")
    assert project.anchor("contract").revision not in place.applied()
    place.alembic("upgrade", "heads")
    place.alembic("stamp", "heads")
    place.alembic("upgrade", "heads")


def test_a_second_init_does_nothing(place: Place) -> None:
    place.template()
    place.revision("aaa", None)
    init(place.settings())
    place.commit()
    assert init(place.settings()).outcome == "nothing_to_do"
    assert place.changed() == set()


class Killed(Exception):
    """kill -9, as far as files are concerned."""


@pytest.mark.parametrize("kind", ["existing", "new", "baseline"])
def test_an_init_killed_after_any_file_is_finished_by_the_next(place: Place, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "existing":
        place.template()
        place.revision("aaa", None)
    if kind == "baseline":
        place.sql(TABLES)
    (place.directory / "keep").touch()
    place.commit()

    def state() -> dict[str, bytes]:
        return {p: (place.directory / p).read_bytes() for p in place.changed()}

    def undo() -> None:
        place.git("checkout", "-q", ".")
        place.git("clean", "-qfdx")
        place.sql("DROP TABLE IF EXISTS alembic_version")

    init(place.settings(), baseline=kind == "baseline")
    complete = state()
    write = Path.write_bytes
    for survived in range(len(complete)):
        undo()
        left = iter(range(survived))

        def dying(path: Path, data: bytes, left: Iterator[int] = left) -> int:
            if next(left, None) is None:
                raise Killed
            return write(path, data)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", dying)
            with pytest.raises(Killed):
                init(place.settings(), baseline=kind == "baseline")
        init(place.settings(), baseline=kind == "baseline")
        assert state() == complete, survived
        if kind == "baseline":
            assert rows(place) == set(place.open().heads())


def test_an_alembic_ini_without_its_section_is_not_overwritten(place: Place) -> None:
    (place.directory / "alembic.ini").write_text("[loggers]\nkeys = root\n")
    place.commit()
    with pytest.raises(ConfigurationError, match=r"\[alembic\]"):
        init(place.settings())
    assert place.changed() == set()


def test_a_setting_that_names_another_location_than_alembic_does_is_refused(place: Place) -> None:
    place.template()
    place.commit()
    with pytest.raises(ConfigurationError, match="elsewhere"):
        init(place.settings(BGMIGRATE_MIGRATIONS="elsewhere"))
    assert place.changed() == set()


def test_tool_alembic_alone_is_extended_with_its_comments_kept(place: Place) -> None:
    (place.directory / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    place.template("pyproject")
    toml = place.directory / "pyproject.toml"
    before = toml.read_text()
    env = place.directory / "migrations/env.py"
    env.write_text(
        "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
        f"url = context.config.get_alembic_option('sqlalchemy.url') or {sqlalchemy_url(place.url)!r}\n"
        "if context.is_offline_mode():\n    context.configure(url=url)\n    context.run_migrations()\nelse:\n"
        "    with create_engine(url).connect() as c:\n        context.configure(connection=c)\n"
        "        with context.begin_transaction():\n            context.run_migrations()\n"
    )
    (place.directory / "alembic.ini").unlink()
    place.revision("aaa", None, "op.execute('CREATE TABLE aaa (id int)')")
    place.commit()
    init(place.settings())
    assert files_besides_anchors(place.changed()) == {"pyproject.toml"}
    after = toml.read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    place.alembic("upgrade", "heads")
    assert "aaa" in place.applied()


OLD_INI = """\
# the shop's
[alembic]
script_location = migrations
{options}
sqlalchemy.url = {url}
file_template = %%(rev)s_%%(slug)s

[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
level = WARN
handlers =
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "options",
    [
        "",
        "prepend_sys_path = .",
        "prepend_sys_path = .:lib",
        "prepend_sys_path = . lib",
        "prepend_sys_path = .\nversion_path_separator = os",
        "prepend_sys_path = . lib\npath_separator = space",
        "version_locations = migrations/versions migrations/more",
        "version_locations = migrations/versions:migrations/more\nversion_path_separator = :",
        "path_separator = newline\nversion_locations =\n    migrations/versions\n    # the other\n    %(here)s/migrations/more\nprepend_sys_path = .",
    ],
)
def test_older_files_keep_the_way_they_are_split_and_get_no_new_warning(place: Place, options: str) -> None:
    place.template()
    (place.directory / "alembic.ini").write_text(OLD_INI.format(options=options, url=sqlalchemy_url(place.url)))
    place.revision("aaa", None)
    if "more" in options:
        place.revision("bbb", "aaa", directory="migrations/more")
    place.commit()

    def view() -> tuple[object, set[str]]:
        program = (
            "import warnings; from alembic.config import Config; c = Config('alembic.ini');"
            "w = warnings.catch_warnings(record=True); l = w.__enter__();"
            "warnings.simplefilter('always'); from alembic.script import ScriptDirectory; ScriptDirectory.from_config(c);"
            "print(c.get_prepend_sys_paths_list(), [str(x.message)[:60] for x in l])"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=place.directory, capture_output=True, text=True, check=True)
        paths, _, warned = done.stdout.strip().rpartition(" [")
        return paths, set(warned.strip("]").split(", ")) - {""}

    paths, warned = view()
    init(place.settings())
    now, warned_now = view()
    assert now == paths
    assert warned_now <= warned
    assert place.open().adopted
    place.alembic("upgrade", "heads")
    assert place.applied() == place.open().closure(place.open().heads())
    assert init(place.settings()).outcome == "nothing_to_do"


def test_line_ends_stay_what_they_are(place: Place) -> None:
    place.template()
    ini = place.directory / "alembic.ini"
    ini.write_bytes(ini.read_bytes().replace(b"\n", b"\r\n"))
    init(place.settings())
    assert b"\n" not in ini.read_bytes().replace(b"\r\n", b"")
    assert place.open().adopted


@pytest.mark.skipif(not find_spec("greenlet"), reason="SQLAlchemy's asyncio needs greenlet")
def test_an_async_environment_is_adopted_and_driven(place: Place) -> None:
    place.template("async")
    place.revision("aaa", None, "op.execute('CREATE TABLE aaa (id int)')")
    place.commit()
    init(place.settings())
    assert files_besides_anchors(place.changed()) == {"alembic.ini", "bgmigrate.toml"}
    runner.upgrade(place.open(), place.url, "expand@head")
    assert "aaa" in place.applied()
    place.alembic("upgrade", "heads")


def test_a_label_of_the_users_own_is_not_taken_for_an_anchor(place: Place) -> None:
    place.template()
    place.revision("aaa", None)
    path = place.directory / "migrations/versions/aaa_x.py"
    path.write_text(path.read_text().replace("branch_labels = None", 'branch_labels = "expand"'))
    place.commit()
    with pytest.raises(ConfigurationError, match="'expand'"):
        init(place.settings())
    assert place.changed() == set()


TABLES = """
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL CHECK (name LIKE '%a%'), m mood DEFAULT 'glad', note text DEFAULT ':x %s ''');
ALTER TABLE users ADD tags hstore;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'x;'; RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE SCHEMA audit; CREATE TABLE audit.log (id bigint GENERATED ALWAYS AS IDENTITY, who int REFERENCES users);
INSERT INTO users (name) VALUES ('ada');
"""


def rows(place: Place, table: str = "alembic_version") -> set[object]:
    return {r[0] for r in place.sql(f"SELECT version_num FROM {table}")}


def test_baseline_makes_todays_schema_the_first_revision(place: Place, server: Server) -> None:
    place.sql(TABLES)
    before = schema_sql(place.url)
    report = init(place.settings(), baseline=True)
    assert report.outcome == "done"
    assert report.findings == ()
    assert report.extra["baseline"]["tables"] == 2
    assert rows(place) == set(place.open().heads())
    assert place.sql("SELECT name FROM users") == [("ada",)]
    assert schema_sql(place.url, exclude_tables=["alembic_version"]) == before
    with server.database() as fresh:
        place.environ["BGMIGRATE_DATABASE_URL"] = fresh
        place.alembic("upgrade", "heads")
        assert schema_sql(fresh, exclude_tables=["alembic_version"]) == before
    with server.database() as printed:
        place.environ["BGMIGRATE_DATABASE_URL"] = printed
        with connect(printed, purpose="test") as c:
            c.execute(place.alembic("upgrade", "heads", "--sql").stdout.encode())
        assert schema_sql(printed, exclude_tables=["alembic_version"]) == before


def test_the_services_next_database_is_only_stamped_and_only_when_its_schema_is_the_same(place: Place, server: Server) -> None:
    place.sql(TABLES)
    init(place.settings(), baseline=True)
    place.commit()
    assert init(place.settings(), baseline=True).outcome == "nothing_to_do"
    for extra, fits in (("", True), ("ALTER TABLE users ADD surprise int", False)):
        with server.database() as other:
            with connect(other, purpose="test") as c:
                c.execute((TABLES + extra).encode())
            settings = place.settings(BGMIGRATE_DATABASE_URL=other)
            if fits:
                assert init(settings, baseline=True).outcome == "done"
                with connect(other, purpose="test") as c:
                    assert Project.open(settings).recorded(c) == place.open().heads()
            else:
                with pytest.raises(Refused, match="not the baseline's"):
                    init(settings, baseline=True)
    assert place.changed() == set()


def test_another_historys_version_table_is_left_alone(place: Place) -> None:
    place.sql(TABLES + "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('4621fec11365');")
    report = init(place.settings(), baseline=True)
    assert report.extra["version_table"] == "shop_alembic_version"
    assert "4621fec11365" in report.findings[0].why
    assert rows(place) == {"4621fec11365"}
    assert rows(place, "shop_alembic_version") == set(place.open().heads())
    assert "alembic_version" not in next(place.directory.glob("migrations/versions/*.sql")).read_text()
    assert place.alembic("upgrade", "heads").stderr == ""
    assert init(place.settings(), baseline=True).outcome == "nothing_to_do"


def test_a_plain_init_over_tables_says_what_is_missing_and_baseline_still_works(place: Place) -> None:
    place.sql(TABLES)
    finding = init(place.settings()).findings[0]
    assert (finding.code, finding.next) == ("BGM918", "bgmigrate init --baseline")
    assert init(place.settings(), baseline=True).findings == ()
    assert len(list(place.directory.glob("migrations/*/*.py"))) == 3
    assert rows(place) == set(place.open().heads())


def test_a_baseline_is_refused_over_a_history_and_over_nothing(place: Place) -> None:
    with pytest.raises(Refused, match="no tables"):
        init(place.settings(), baseline=True)
    place.template()
    place.revision("aaa", None)
    place.sql(TABLES)
    place.commit()
    with pytest.raises(Refused, match="a history already"):
        init(place.settings(), baseline=True)
    assert place.changed() == set()


@pytest.mark.parametrize(
    ("environ", "break_it"),
    [
        ({}, {"alembic.ini": "not an ini file"}),
        ({}, {"migrations/versions/aaa_x.py": "revision = 'aaa'\ndown_revision = 'zzz'\n"}),
        ({}, {"migrations/versions/aaa_x.py": "this is not python"}),
    ],
)
def test_a_broken_environment_is_named_and_left_alone(place: Place, environ: Mapping[str, str], break_it: Mapping[str, str]) -> None:
    place.template()
    place.revision("aaa", None)
    for path, text in break_it.items():
        (place.directory / path).write_text(text)
    place.commit()
    with pytest.raises(ConfigurationError) as error:
        init(place.settings())
    assert error.value.next
    assert place.changed() == set()
