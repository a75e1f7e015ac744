"""Constraints: what is refused and with which words, what blue is known to obey, drift, names that change hands, releases that wait for each other."""

from __future__ import annotations

import pytest

from tests.integration.shop import BASE
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=5)

HEAD = BASE + '''
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None]
    __table_args__ = (%s)

class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int | None]
    __table_args__ = (%s)
'''
ROWS = "INSERT INTO teams (code, size) SELECT 'c' || i, i FROM generate_series(1, 20) i; INSERT INTO members (team_id) SELECT i FROM generate_series(1, 20) i"


def start(project: Project, blue: str, green: str) -> None:
    project.models(blue=blue, green=green)
    project.start_blue(ROWS)


def check(text: str) -> str:
    """A check on teams, as its table arguments have it."""
    return f'CheckConstraint("{text}", name="c"),'


def models(teams: str = "", members: str = "") -> str:
    """The models with these table arguments."""
    return HEAD % (teams, members)


def planned(project: Project) -> dict[str, dict[str, list[str]]]:
    """The changes of a plan, by kind."""
    return {c["kind"]: c for c in project.must("plan", "-m", "change", "--target", project.spec("green")).json["changes"]}


def through(project: Project) -> None:
    """Expand, verify, switch, contract; nothing is left to plan then."""
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "gone")
    assert project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("green")).json["outcome"] == "nothing_to_do"


def test_an_exclusion_constraint_on_a_large_table_is_refused_with_the_choices(project: Project) -> None:
    exclude = 'dialects.postgresql.ExcludeConstraint(("code", "="), using="btree", name="once"),'
    start(project, models(), models(exclude).replace("from sqlalchemy import *", "from sqlalchemy import *\nfrom sqlalchemy import dialects\nimport sqlalchemy.dialects.postgresql"))
    project.environ["BGMIGRATE_EXPAND__SMALL_TABLE"] = "4kB"
    for command in (("plan", "-m", "one", "--target", project.spec("green")), ("expand",)):
        refused = project.must(*command, code=3)
        (found,) = refused.json["findings"]
        assert (found["code"], found["table"]) == ("BGM109", "teams")
        assert "too large to build the exclusion constraint once" in found["what"] and "unique constraint" in found["next"]
        project.environ["BGMIGRATE_EXPAND__SMALL_TABLE"] = "16MB"
        planned(project)
        project.environ["BGMIGRATE_EXPAND__SMALL_TABLE"] = "4kB"
    project.environ["BGMIGRATE_EXPAND__SMALL_TABLE"] = "16MB"
    through(project)


def test_a_key_that_foreign_keys_lean_on_is_not_dropped(project: Project) -> None:
    blue = models('UniqueConstraint("code", name="first"), UniqueConstraint("size", name="second"),', 'ForeignKeyConstraint(["team_id"], ["teams.size"], name="fk"),')
    start(project, blue, blue.replace('UniqueConstraint("size", name="second"),', 'Index("ux", "size", unique=True),'))
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM901"}
    assert "members.fk point to it" in refused.json["what"]


def test_what_a_dropped_foreign_key_did_when_rows_of_the_other_table_were_deleted_or_renumbered_is_named(project: Project) -> None:
    start(project, models("", 'ForeignKeyConstraint(["team_id"], ["teams.id"], ondelete="SET NULL", onupdate="CASCADE", name="fk"),'), models())
    (found,) = project.must("plan", "-m", "one", "--target", project.spec("green")).json["findings"]
    assert found["code"] == "BGM121"
    assert "blue's deletes there do not SET NULL them any more; blue's changes of their key do not CASCADE them any more" in found["what"]


def test_which_of_two_checks_is_the_stricter_one_is_postgresqls_to_prove(project: Project) -> None:
    start(project, models(check("size > 0")), models(check("size > 5")))
    tighter = planned(project)["change_check"]
    assert "no row may break it" in tighter["expand"][0] and len(tighter["expand"]) == 1
    assert "beside the old one" in tighter["contract"][1]


def test_a_looser_check_takes_the_place_of_the_old_one_in_expand(project: Project) -> None:
    start(project, models(check("size > 0 AND size < 100")), models(check("size < 200")))
    assert planned(project)["change_check"]["contract"] == []
    project.must("expand")
    project.sql("INSERT INTO teams (size) VALUES (150)")
    refused = project.must("rollback", code=3)
    assert "1 row of teams break c" in refused.json["what"]
    assert project.sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'c'") == [("CHECK ((size < 200))",)]


def test_a_comment_stays_with_a_constraint_that_is_built_anew_or_comes_back(project: Project) -> None:
    def commented(text: str, columns: str, actions: str) -> str:
        return models(
            f'CheckConstraint("{text}", name="c", comment="it\'s"), UniqueConstraint({columns}, name="u", comment="of u"),',
            f'ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk", comment="of fk"{actions}),',
        )

    start(project, commented("size > 0 AND size < 100", '"code"', ""), commented("size < 200", '"code", "size"', ', ondelete="CASCADE"'))
    comments = "SELECT conname::text, obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname IN ('c', 'u', 'fk') ORDER BY 1"
    wanted = [("c", "it's"), ("fk", "of fk"), ("u", "of u")]
    assert project.sql(comments) == wanted
    planned(project)
    project.must("expand")
    project.must("rollback")
    assert project.sql(comments) == wanted
    through(project)
    assert project.sql(comments) == wanted


@pytest.mark.parametrize(("blue", "green", "phase"), [("'a', 'b'", "'a', 'b', 'c'", "expand"), ("'a', 'b', 'c'", "'a', 'b'", "contract")])
def test_values_of_an_enumeration_by_check_come_in_expand_and_go_in_contract(project: Project, blue: str, green: str, phase: str) -> None:
    column = "    state: Mapped[str | None] = mapped_column(Enum({}, name='state', native_enum=False, create_constraint=True, length=20))\n"
    start(project, models() + column.format(blue), models() + column.format(green))
    change = planned(project)["change_check"]
    assert [p for p in ("expand", "contract") if any("takes its name" in line for line in change[p])] == [phase]


def test_plans_that_are_made_one_after_the_other_before_any_expand_do_not_stand_in_each_others_way(project: Project) -> None:
    hint = check("size > 0") + ' {"info": {"bgmigrate": {"blue_satisfies": ["c"]}}}'
    start(project, models(), models(hint))
    planned(project)
    project.models(next=models())
    project.must("plan", "-m", "two", "--from", project.spec("green"), "--target", project.spec("next"))
    project.must("expand")
    assert project.sql("SELECT count(*) FROM pg_constraint WHERE conname = 'c'") == [(0,)]


def test_a_check_that_says_something_of_null_is_not_kept_until_contract(project: Project) -> None:
    """`size > 0` lets NULL pass, which the old one does not: green's NULLs would be refused."""
    start(project, models(check("size IS NOT NULL")), models(check("size > 0")))
    planned(project)
    project.must("expand")
    project.sql("INSERT INTO teams (size) VALUES (NULL)")


def test_a_misspelt_constraint_in_a_hint_is_not_passed_over(project: Project) -> None:
    hint = 'CheckConstraint("size > 0", name="c"), {"info": {"bgmigrate": {"blue_satisfies": ["d"]}}}'
    start(project, models(), models(hint))
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=2)
    assert "blue_satisfies" in refused.json["what"] and "c" in refused.json["findings"][0]["next"]


def test_what_blues_own_models_have_too_holds_from_expand_on(project: Project) -> None:
    """The migrations do not give it: drift."""
    things = 'CheckConstraint("size > 0", name="c"), UniqueConstraint("code", name="u"), Index("ux", text("lower(code)"), unique=True)'
    green = models(things, 'ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk"),')
    start(project, models(), green)
    project.models(blue=green)
    plan = project.must("plan", "-m", "drift", "--from", project.spec("blue"), "--target", project.spec("green"))
    assert {c["kind"] for c in plan.json["changes"]} == {"add_check", "add_unique", "create_index", "add_foreign_key"}
    assert [c["contract"] for c in plan.json["changes"]] == [[]] * 4
    project.must("expand")


def test_a_constraint_that_only_the_service_s_database_has_not_valid_is_validated(project: Project) -> None:
    blue = models('CheckConstraint("size > 0", name="c"),')
    start(project, blue, blue + "    note: Mapped[str | None] = mapped_column(Text)\n")
    project.sql("ALTER TABLE teams DROP CONSTRAINT c; ALTER TABLE teams ADD CONSTRAINT c CHECK (size > 0) NOT VALID")
    assert "c: was left NOT VALID" in planned(project)["validate_constraint"]["expand"][1]
    project.must("expand")
    assert project.sql("SELECT convalidated FROM pg_constraint WHERE conname = 'c'") == [(True,)]
    project.must("rollback")


@pytest.mark.exhaustive
@pytest.mark.parametrize(("blue", "green"), [
    ('Index("x", "code", unique=True),', 'UniqueConstraint("code", name="x"),'),
    ('UniqueConstraint("code", name="x"),', 'Index("x", "code", unique=True),'),
    ('UniqueConstraint("code", name="x"),', 'Index("x", "size"),'),
    ('Index("x", "size"),', 'UniqueConstraint("code", name="x"),'),
    ('CheckConstraint("size > 0", name="x"),', 'UniqueConstraint("code", name="y"), CheckConstraint("size > 0", name="z"),'),
    ('UniqueConstraint("code", "size", name="x"),', 'UniqueConstraint("size", "code", name="y"),'),
])
def test_names_change_hands(project: Project, blue: str, green: str) -> None:
    start(project, models(blue), models(green))
    planned(project)
    through(project)


def test_a_foreign_key_of_a_new_table_may_point_to_a_key_that_is_new_as_well(project: Project) -> None:
    green = models('UniqueConstraint("code", name="u"),') + '''
class Badge(Base):
    __tablename__ = "badges"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(ForeignKey("teams.code", name="fk_code"))
'''
    start(project, models(), green)
    planned(project)
    through(project)


def test_an_expand_that_drops_what_a_pending_contract_is_to_make_is_refused(project: Project) -> None:
    """e1 e2 c1 would bring it back."""
    one = models('CheckConstraint("size > 0", name="c"),').replace("size: Mapped[int | None]", "size: Mapped[int] = mapped_column(default=1)")
    start(project, models(), one)
    planned(project)
    project.must("expand")
    project.models(next=models())
    refused = project.must("plan", "-m", "two", "--from", project.spec("green"), "--target", project.spec("next"), code=3)
    assert refused.codes == {"BGM919"}
    assert {f["what"].partition(" is not")[0] for f in refused.json["findings"]} == {"c of teams", "size of teams"}
    assert all("bgmigrate contract --to" in f["next"] for f in refused.json["findings"])


def test_constraints_print_as_a_script(project: Project) -> None:
    green = models(
        'CheckConstraint("size > 0", name="c"), UniqueConstraint("code", name="u"), {"info": {"bgmigrate": {"blue_satisfies": ["c", "u"]}}}',
        'ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk"), {"info": {"bgmigrate": {"blue_satisfies": ["fk"]}}}',
    )
    start(project, models(), green.replace("size: Mapped[int | None]", "size: Mapped[int] = mapped_column(default=1)"))
    planned(project)
    script = project.must("expand", "--sql").json["sql"]
    for text in ("ADD CONSTRAINT c CHECK ((size > 0)) NOT VALID", "VALIDATE CONSTRAINT fk", "ADD CONSTRAINT u UNIQUE USING INDEX u", "NEW.size IS NULL"):
        assert text in script
