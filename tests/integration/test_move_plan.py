"""Columns that move, from the command line: how the hint is given, what is refused, and what stands in contract's way."""

from __future__ import annotations

import psycopg
import pytest

from tests.integration.shop import BASE
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=5)

USERS = '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''
BLUE = BASE + USERS + '    street: Mapped[str | None] = mapped_column(Text)\n'
ADDRESSES = '''
class Address(Base):
    __tablename__ = "addresses"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    street: Mapped[str] = mapped_column(Text)
'''
INFO = '''    __table_args__ = {"info": {"bgmigrate": {"moved_from": "users", "forward": {"user_id": "id", "street": "street"},
                                             "when": "street IS NOT NULL", "backward": {"street": "street"}}}}
'''
GREEN = BASE + USERS + ADDRESSES + INFO
SEED = "INSERT INTO users (name, street) SELECT 'u' || i, 's' || i FROM generate_series(1, 20) i"
TOML = '[addresses]\nmoved_from = "users"\nforward = { user_id = "id", street = "street" }\nwhen = "street IS NOT NULL"\nbackward = { street = "street" }\n'


def expanded(project: Project, green: str = GREEN) -> None:
    """Blue is live with rows, and green's expand is applied."""
    project.models(blue=BLUE, green=green)
    project.start_blue(SEED)
    project.must("plan", "-m", "move", "--target", project.spec("green"))
    project.must("expand")


def test_a_file_says_what_the_models_do_not(project: Project) -> None:
    project.models(blue=BLUE, green=BASE + USERS.replace("name:", "nick:") + ADDRESSES)
    project.start_blue(SEED)
    (project.directory / "hints.toml").write_text(TOML)
    asked = project.must("plan", "-m", "move", "--target", project.spec("green"), "--hints", "hints.toml", code=3)
    assert [f["what"] for f in asked.json["findings"]] == ["is users.nick a new column, or users.name under a new name?"]  # street is none
    project.models(green=BASE + USERS + ADDRESSES)
    planned = project.must("plan", "-m", "move", "--target", project.spec("green"), "--hints", "hints.toml", "--dry-run").json["changes"]
    assert [(c["kind"], c["table"], c["moved_from"], c["columns"]) for c in planned] == [("move_columns", "addresses", "users", ["street"])]


def test_a_hint_that_cannot_be_followed_is_refused_with_every_reason(project: Project) -> None:
    wrong = GREEN.replace('"user_id": "id", ', '"user_id": "id + 1", "road": "street", ').replace('"moved_from": "users"', '"moved_from": "users"')
    project.models(blue=BLUE, green=wrong)
    project.start_blue(SEED)
    refused = project.must("plan", "-m", "move", "--target", project.spec("green"), code=3).json
    assert {f["code"] for f in refused["findings"]} == {"BGM901"}
    assert "addresses.road" in refused["what"]
    assert any("no copy of the whole primary key" in f["what"] for f in refused["findings"])
    project.models(green=GREEN.replace('"moved_from": "users"', '"moved_from": "people"'))
    assert "people, which the migrations do not give" in project.must("plan", "-m", "move", "--target", project.spec("green"), code=3).json["what"]


def test_an_expression_that_the_server_refuses_is_refused_by_plan(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN.replace("street IS NOT NULL", "strasse IS NOT NULL"))
    project.start_blue(SEED)
    refused = project.must("plan", "-m", "move", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM904"}
    assert "strasse" in refused.json["what"]


def test_rows_that_the_new_table_cannot_take_are_counted_before_anything_changes(project: Project) -> None:
    short = GREEN.replace("Mapped[str] = mapped_column(Text)", "Mapped[str] = mapped_column(String(3))").replace('"when": "street IS NOT NULL"', '"when": "id > 1"')
    project.models(blue=BLUE, green=short)
    project.start_blue(SEED + "; UPDATE users SET street = NULL WHERE id = 5; UPDATE users SET street = 'much too long' WHERE id IN (1, 7)")
    warned = project.must("plan", "-m", "move", "--target", project.spec("green")).json["findings"]
    assert [(f["code"], f["severity"]) for f in warned if f["code"] == "BGM503"] == [("BGM503", "warning")]
    refused = project.must("expand", code=3).json
    assert refused["what"].startswith("2 rows of users have no value for addresses.street: 5, 7 (")  # 1 has none by `when`
    assert project.sql("SELECT to_regclass('addresses')::text") == [(None,)]
    project.sql("UPDATE users SET street = 'x' WHERE id IN (5, 7)")
    project.must("expand")
    assert project.sql("SELECT count(*) FROM addresses") == [(19,)]


def test_contract_is_refused_while_the_tables_disagree_and_says_where(project: Project) -> None:
    expanded(project, GREEN.replace("Mapped[str] = mapped_column(Text)", "Mapped[str] = mapped_column(String(5))"))
    project.sql("UPDATE users SET street = 'much too long' WHERE id = 7")  # no error for blue
    assert project.sql("SELECT count(*) FROM addresses") == [(19,)]
    failed = project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"), code=3)
    assert "keys 7" in next(f["what"] for f in failed.json["findings"] if f["code"] == "BGM907")
    project.sql("UPDATE users SET street = 'short' WHERE id = 7")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.sql("UPDATE users SET street = 'much too long' WHERE id = 8")
    refused = project.must("contract", "--drained", "blue is gone", code=3)
    assert "keys 8" in next(f["what"] for f in refused.json["findings"] if f["code"] == "BGM907")
    project.sql("UPDATE users SET street = 'fits' WHERE id = 8")
    project.must("contract", "--drained", "blue is gone")
    assert project.sql("SELECT proname FROM pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace") == []
    assert project.sql("SELECT count(*) FROM bgmigrate.synchronization") == [(0,)]


def test_each_trigger_is_watched_over(project: Project) -> None:
    expanded(project)
    triggers = project.sql("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE 'zz_bgm_%%' ORDER BY 2")
    assert triggers == [("addresses", "zz_bgm_back_addresses"), ("users", "zz_bgm_gone_addresses"), ("addresses", "zz_bgm_hold_addresses"),
                        ("users", "zz_bgm_made_addresses"), ("users", "zz_bgm_move_addresses")]
    for table, trigger in triggers:
        project.sql(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        assert "BGM808" in project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"), code=3).codes
        project.sql(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


def test_rollback_keeps_what_green_wrote_where_blue_reads_it_and_refuses_to_lose_the_rest(project: Project) -> None:
    phones = GREEN.replace("primary_key=True)\n    street: Mapped[str] =", "primary_key=True)\n    kind: Mapped[int] = mapped_column(primary_key=True)\n"
                           "    street: Mapped[str] =").replace('"forward": {"user_id": "id", ', '"forward": {"user_id": "id", "kind": "1", ')
    expanded(project, phones)
    project.sql("UPDATE addresses SET street = 'green' WHERE user_id = 3; INSERT INTO addresses VALUES (3, 2, 'second')")
    refused = project.must("rollback", code=3)
    assert refused.codes == {"BGM917"}
    assert "1 row(s) of addresses" in refused.json["what"]
    project.sql("DELETE FROM addresses WHERE kind = 2")
    project.must("rollback")
    assert project.sql("SELECT street FROM users WHERE id = 3") == [("green",)]
    assert project.sql("SELECT proname FROM pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace") == []
    assert project.sql("SELECT count(*) FROM bgmigrate.synchronization") == [(0,)]


def test_the_next_release_waits_with_a_column_that_this_one_still_keeps_in_step(project: Project) -> None:
    expanded(project)
    later = GREEN.replace("street: Mapped[str] = mapped_column(Text)", 'road: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "street"}})')
    project.models(next=later)
    refused = project.must("plan", "-m", "two", "--from", project.spec("green"), "--target", project.spec("next"), code=3)
    assert refused.codes == {"BGM919"}


def test_the_printed_script_makes_the_triggers_too(project: Project, server: Server) -> None:
    expanded(project)
    printed = project.alembic("upgrade", "expand@head", "--sql")
    assert printed.code == 0, printed
    with server.database("printed") as url, psycopg.connect(url, autocommit=True) as c:
        c.execute(printed.out.encode())
        c.execute("INSERT INTO users (name, street) VALUES ('blue', 's')")
        c.execute("UPDATE addresses SET street = 'green'")
        assert c.execute("SELECT street FROM users").fetchall() == [("green",)]
        query = b"SELECT tgrelid::regclass::text, tgname, tgtype, tgdeferrable FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2"
        assert c.execute(query).fetchall() == project.sql(query.decode())
