"""Each rule finds its own example, and passes the corrected one; what it says is in the user's names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmigrate.lint.rule import Rule
from bgmigrate.lint.rules import RULES
from tests.unit.lint.reading import found

pytestmark = pytest.mark.filterwarnings("error")
EVERY = pytest.mark.parametrize("rule", RULES, ids=[r.code for r in RULES])


@EVERY
def test_the_unsafe_example_is_found(rule: Rule, tmp_path: Path) -> None:
    hits = [f for f in found(tmp_path, rule.unsafe, phase=rule.phase) if f.code == rule.code]

    assert hits, "not found"
    for f in hits:
        assert f.what and f.why and f.next
        assert f.line is not None


@EVERY
def test_the_safe_example_is_not(rule: Rule, tmp_path: Path) -> None:
    assert rule.code not in [f.code for f in found(tmp_path, rule.safe, phase=rule.phase)]


@EVERY
def test_it_says_what_it_is_about(rule: Rule) -> None:
    assert rule.name and rule.danger.endswith(".") and rule.reason.endswith(".")


def test_a_code_is_one_rule() -> None:
    assert len({r.code for r in RULES}) == len(RULES)


CORRECTED = {"BGM101", "BGM102", "BGM103", "BGM104", "BGM105", "BGM107", "BGM108", "BGM110", "BGM404", "BGM409", "BGM606"}


@pytest.mark.parametrize("rule", [r for r in RULES if r.code in CORRECTED], ids=lambda r: r.code)
def test_the_corrected_text_is_a_revision_in_which_it_is_not_found(rule: Rule, tmp_path: Path) -> None:
    (hit,) = [f for f in found(tmp_path, rule.unsafe, phase=rule.phase) if f.code == rule.code]
    told = found(tmp_path, hit.next, phase=rule.phase)

    assert [f for f in told if f.severity != "info"] == [], hit.next


def test_it_is_in_the_names_of_the_user(tmp_path: Path) -> None:
    body = """\
    op.execute('CREATE UNIQUE INDEX "Odd Name" ON sales.orders USING btree (lower(mail), day) WHERE day > 3')
    op.create_foreign_key("fk", "orders", "users", ["a", "b"], ["c", "d"], source_schema="sales", referent_schema="people")
    """
    told = {f.code: f.next for f in found(tmp_path, body)}

    assert told["BGM101"] == (
        'with op.get_context().autocommit_block():\n'
        '    op.create_index("Odd Name", "orders", [sa.text("lower(mail)"), "day"], unique=True, schema="sales", postgresql_where=sa.text("day > 3"), '
        "postgresql_concurrently=True)"
    )
    assert told["BGM108"].startswith(
        'op.create_foreign_key("fk", "orders", "users", ["a", "b"], ["c", "d"], source_schema="sales", referent_schema="people", '
        "postgresql_not_valid=True)\n"
    )
