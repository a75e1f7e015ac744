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
