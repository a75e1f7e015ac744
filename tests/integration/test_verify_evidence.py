"""What `verify` records, and what of the live database decides it although the trial is on a clone."""

from __future__ import annotations

import pytest

from tests.integration.shop import BLUE, GREEN, SEED
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=5)


@pytest.fixture
def expanded(project: Project) -> Project:
    """Blue is live and green's expand is applied; nothing is verified."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=50))
    project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    return project


def verify(project: Project, code: int = 0) -> dict[str, object]:
    return project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"), code=code).json


def test_a_passed_verification_opens_the_switch_for_the_candidate_that_it_registered(expanded: Project) -> None:
    assert expanded.call("switch", "--to", "green").code == 4
    report = verify(expanded)
    assert report["outcome"] == "passed"
    assert report["next"] == "bgmigrate switch --to green"
    assert str(report["fingerprint"]).startswith("sha256:")
    assert expanded.sql("SELECT environment, state FROM bgmigrate.version ORDER BY 1") == [("blue", "deployed"), ("green", "candidate")]
    expanded.must("switch", "--to", "green")


def test_without_specs_the_registered_versions_are_tried(expanded: Project) -> None:
    verify(expanded)
    report = expanded.must("verify").json
    assert report["versions"] == {"blue": expanded.spec("blue"), "green": expanded.spec("green")}


def test_a_registered_version_whose_source_is_gone_is_tried_by_its_snapshot(expanded: Project) -> None:
    (expanded.directory / "blue" / "models.py").unlink()
    report = expanded.must("verify", "--green", expanded.spec("green")).json
    assert report["outcome"] == "passed"


def test_another_version_than_the_registered_one_is_said_to_prove_nothing_about_it(expanded: Project) -> None:
    expanded.models(blue=BLUE + "    note: Mapped[str | None]\n")
    expanded.sql("ALTER TABLE users ADD COLUMN note text")
    assert "BGM909" in {f["code"] for f in verify(expanded)["findings"]}  # type: ignore[attr-defined]


DROP_TRIGGER = """
DO $$ DECLARE name text; BEGIN
    SELECT tgname INTO name FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal;
    EXECUTE format('DROP TRIGGER %I ON users', name);
END $$"""


@pytest.mark.parametrize(("harm", "said"), [("ALTER TABLE users DISABLE TRIGGER USER", "is disabled"), (DROP_TRIGGER, "is missing")])
def test_a_sync_trigger_that_does_not_work_on_the_live_database_fails_it(expanded: Project, harm: str, said: str) -> None:
    expanded.sql(harm)
    report = verify(expanded, code=3)
    found = [f for f in report["findings"] if f["code"] == "BGM808"]  # type: ignore[attr-defined]
    assert said in found[0]["what"]


def test_a_trigger_that_computes_something_else_than_the_journal_says_is_found_by_its_values(expanded: Project) -> None:
    (name,) = expanded.sql("SELECT function FROM bgmigrate.synchronization")[0]
    expanded.sql(f"CREATE OR REPLACE FUNCTION bgmigrate.{name}() RETURNS trigger LANGUAGE plpgsql AS "
                 "$$ BEGIN NEW.full_name := coalesce(NEW.full_name, upper(NEW.name)); NEW.name := coalesce(NEW.name, NEW.full_name); RETURN NEW; END $$")
    report = verify(expanded, code=3)
    assert ("BGM803", "users", "full_name") in {(f["code"], f["table"], f.get("column")) for f in report["findings"]}  # type: ignore[attr-defined]


def test_the_candidate_is_tried_on_the_schema_that_contract_will_leave(expanded: Project) -> None:
    probes = verify(expanded)["probes"]
    assert {p["probe"] for p in probes if p.get("schema") == "contracted" and p["version"] == "green"} == {"shape", "roundtrip"}  # type: ignore[attr-defined]


def test_a_failed_verification_is_evidence_too_and_keeps_the_switch_shut(expanded: Project) -> None:
    expanded.sql("ALTER TABLE users ADD COLUMN wanted text NOT NULL DEFAULT ''; ALTER TABLE users ALTER wanted DROP DEFAULT")
    verify(expanded, code=3)
    assert expanded.call("switch", "--to", "green").code == 3


def test_after_the_switch_it_is_still_the_new_version_that_must_live_on_what_contract_leaves(expanded: Project) -> None:
    verify(expanded)
    expanded.must("switch", "--to", "green")
    report = verify(expanded)
    assert {p["version"] for p in report["probes"] if p.get("schema") == "contracted"} == {"green"}  # type: ignore[attr-defined]
    expanded.must("contract", "--drained", "this test runs nothing else")


def test_a_candidate_from_the_working_tree_is_tried_as_the_tree_is_now(expanded: Project) -> None:
    expanded.models(**{".": GREEN.replace("full_name", "fullname")})
    expanded.must("verify", code=3)
    expanded.models(**{".": GREEN})
    assert expanded.must("verify").json["next"] == "bgmigrate switch --to green"


def test_the_release_after_one_without_a_contract_is_tried_and_not_the_version_before_it(project: Project) -> None:
    noted = BLUE + "    note: Mapped[str | None]\n"
    project.models(blue=BLUE, green=noted)
    project.start_blue()
    project.must("plan", "-m", "note", "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--green", project.spec("green"))
    project.must("switch")
    assert not project.must("status").json["next"]
    renamed = 'remark: Mapped[str | None] = mapped_column(info={"bgmigrate": {"renamed_from": "note"}})'
    project.models(**{".": noted.replace("note: Mapped[str | None]", renamed)})
    project.must("plan", "-m", "remark")
    project.must("expand")
    assert project.must("status").json["next"] == "bgmigrate verify"
    report = project.must("verify").json
    assert report["versions"] == {"blue": "working tree", "green": project.spec("green")}
    assert report["next"] == "bgmigrate switch --to blue"


def test_after_the_switch_the_next_step_is_to_contract_and_not_to_go_back(expanded: Project) -> None:
    verify(expanded)
    expanded.must("switch")
    assert expanded.must("verify").json["next"] == "bgmigrate contract"
