"""A release in which Python encrypts a column, from the revision that a person edits to contract; the how-to's text is what is run."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.integration.shop import BASE
from tests.integration.until import until
from tests.project import Project

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "transform.md"
BLUE = BASE + '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(Text)
'''
GREEN = BASE + '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
'''
WRONG = "SELECT count(*) FROM users WHERE email_encrypted IS DISTINCT FROM convert_to(reverse(email), 'UTF8')"


def block(language: str, about: str) -> str:
    """The page's code block that holds this text."""
    found: list[str] = [b for b in re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL) if about in b]
    assert len(found) == 1, f"{about}: {len(found)} blocks"
    return found[0]


@pytest.fixture
def planned(project: Project) -> Project:
    """The expand revision, with the page's operation in it; the module that it names, as the page has it, with a cipher for tests."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue("INSERT INTO users (email) SELECT 'mail' || i FROM generate_series(1, 300) i")
    project.must("plan", "-m", "encrypt", "--from", project.spec("blue"), "--target", project.spec("green"))
    (path,) = (p for p in (project.directory / "migrations").rglob("*.py") if "add_columns" in p.read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    operation = block("python", "op.backfill(")
    added = re.search(r"^    op\.add_columns\(.*?\)\n(?=\S|    op|\n)", text, re.DOTALL | re.MULTILINE)
    assert added, text
    path.write_text(text[: added.end()] + "".join(f"    {line}\n" for line in operation.splitlines()) + text[added.end() :], encoding="utf-8")
    (project.directory / "shop").mkdir()
    (project.directory / "shop" / "__init__.py").touch()
    (project.directory / "shop" / "keys.py").write_text("def encrypt(data):\n    return data[::-1]\n", encoding="utf-8")
    (project.directory / "shop" / "transforms.py").write_text(block("python", "def encrypt("), encoding="utf-8")
    return project


def test_the_page_s_release_from_expand_to_contract(planned: Project) -> None:
    expanded = planned.must("expand")
    assert planned.sql(WRONG) == [(0,)], expanded
    assert expanded.json["backfills"][0]["rows"] == 300
    # blue goes on
    planned.sql("UPDATE users SET email = 'later' WHERE id < 4; INSERT INTO users (email) VALUES ('new')")
    assert planned.sql("SELECT count(*) FROM users WHERE email_encrypted IS NULL") == [(4,)]
    status = planned.must("backfill", "--status")
    assert (status.json["backfills"][0]["due"], status.json["next"]) == (4, "bgmigrate backfill")
    assert "4 rows written since wait for it" in planned.call("backfill", "--status", json=False).out
    assert planned.must("backfill").json["outcome"] == "done"
    assert planned.sql(WRONG) == [(0,)]
    assert planned.must("backfill").json["outcome"] == "nothing_to_do"
    planned.must("verify", "--green", planned.spec("green"))
    planned.sql("UPDATE users SET email = 'before the switch' WHERE id = 5")
    assert "1 rows written since wait for their values: bgmigrate backfill" in planned.call("status", json=False).out
    assert [b["due"] for b in planned.must("status").json["backfills"]] == [1]
    planned.must("switch", "--to", "green")
    assert planned.sql(WRONG) == [(0,)]  # green reads no NULL where blue's last writes were
    planned.sql("INSERT INTO users (email) VALUES ('the last of blue')")
    refused = planned.must("contract", "--drained", "it is", code=3)
    assert refused.codes == {"BGM906"}
    assert "1 row(s) of users wait for a value of email_encrypted" in refused.json["findings"][0]["what"]
    assert refused.json["next"] == "bgmigrate backfill"
    planned.must("backfill")
    planned.sql("INSERT INTO users (email_encrypted) VALUES ('green')")
    planned.must("contract", "--drained", "it is")
    secrets = {r[0] for r in planned.sql("SELECT convert_from(email_encrypted, 'UTF8') FROM users")}
    assert {"retal", "eulb fo tsal eht", "green"} <= secrets
    planned.sql("INSERT INTO users (email_encrypted) VALUES ('still works')")


def test_rollback_leaves_no_trace(planned: Project) -> None:
    planned.must("expand")
    planned.sql("UPDATE users SET email = 'later' WHERE id < 4")
    planned.must("rollback")
    planned.sql("UPDATE users SET email = 'later still'; INSERT INTO users (email) VALUES ('new')")
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace"
    assert (planned.sql(functions), planned.sql("SELECT count(*) FROM bgmigrate.due")) == ([(0,)], [(0,)])


def test_one_that_cannot_be_imported_is_refused_before_its_revision_begins(planned: Project) -> None:
    (planned.directory / "shop" / "keys.py").unlink()
    before = planned.sql("SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass")
    refused = planned.must("expand", code=3)
    assert (refused.codes, planned.sql("SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass")) == ({"BGM928"}, before)
    assert "shop.transforms:encrypt cannot be imported: ImportError" in refused.json["findings"][0]["what"]
    assert [p["begun"] for p in planned.must("status").json["pending"] if p["phase"] == "expand"] == [False]


def test_a_script_refuses_with_its_reason(planned: Project) -> None:
    refused = planned.must("expand", "--sql", code=3)
    assert refused.codes == {"BGM928"}
    assert "made by Python" in refused.json["findings"][0]["why"]


def test_plain_alembic_does_it_too(planned: Project) -> None:
    done = planned.alembic("upgrade", "expand@head")
    assert (done.code, planned.sql(WRONG)) == (0, [(0,)]), done


def test_a_row_that_a_catch_up_cannot_take_keeps_the_gate_shut(planned: Project) -> None:
    path = planned.directory / "shop" / "keys.py"
    path.write_text("def encrypt(data):\n    if data == b'bad':\n        raise ValueError('bad data')\n    return data[::-1]\n", encoding="utf-8")
    planned.must("expand")
    planned.sql("UPDATE users SET email = CASE id WHEN 2 THEN 'bad' ELSE 'good' END WHERE id < 4")
    refused = planned.must("backfill", code=3)
    assert refused.codes == {"BGM916"}
    assert "key 2: ValueError: bad data" in refused.json["findings"][0]["what"]
    assert planned.sql(WRONG) == [(1,)]
    assert "BGM906" in planned.must("contract", "--drained", "x", code=3).codes
    planned.sql("UPDATE users SET email = 'better' WHERE id = 2")
    planned.must("backfill")
    assert planned.sql(WRONG) == [(0,)]
    assert planned.must("backfill", "--status").json["backfills"][0]["state"] == "done"


@pytest.mark.slow
def test_kill_9_loses_nothing_and_makes_nothing_twice(planned: Project) -> None:
    (planned.directory / "shop" / "keys.py").write_text(
        "import pathlib, time\n\ndef encrypt(data):\n    time.sleep(0.002)\n"
        "    with pathlib.Path('made').open('ab') as made:\n        made.write(data + b'\\n')\n    return data[::-1]\n", encoding="utf-8",
    )
    planned.sql("INSERT INTO users (email) SELECT 'more' || i FROM generate_series(1, 1200) i")
    made = planned.directory / "made"
    process = planned.start("expand")
    until(lambda: (made.exists() and len(made.read_bytes().splitlines()) > 600) or process.poll() is not None, "some values are made")
    os.killpg(process.pid, signal.SIGKILL)
    planned.finish(process)
    kept = planned.sql("SELECT count(*) FROM users WHERE email_encrypted IS NOT NULL")[0][0]
    assert 0 < kept < 1500
    planned.must("expand")
    assert planned.sql(WRONG) == [(0,)]
    twice = len(made.read_bytes().splitlines()) - 1500
    assert 0 <= twice < 600, "more than the batch that ran was made again"
