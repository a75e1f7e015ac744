"""Findings as annotations: what GitHub's runner takes for a property or the end of a line is escaped."""

from __future__ import annotations

import pytest

from bgmigrate.findings import Finding
from bgmigrate.reporting.github import annotation, commands, wanted


def test_a_finding_is_one_line_with_its_code_and_place_as_title() -> None:
    finding = Finding(code="BGM801", version="blue", table="users", column="full_name", what="blue's INSERT fails", why="NOT NULL", next="bgmigrate plan")
    assert annotation(finding) == "::error title=BGM801 users.full_name (blue)::blue's INSERT fails%0ANOT NULL%0Anext: bgmigrate plan"


def test_what_would_end_a_property_or_the_line_is_escaped() -> None:
    finding = Finding(code="BGM801", severity="warning", table="a:b,c%\n", what="50% of\r\nit: a, b", path="x,y.py", line=3)
    assert annotation(finding) == "::warning file=x%2Cy.py,line=3,title=BGM801 a%3Ab%2Cc%25%0A::50%25 of%0D%0Ait: a, b"


def test_errors_come_first_and_an_info_is_a_notice() -> None:
    found = [Finding(code="A", what="i", severity="info"), Finding(code="B", what="e"), Finding(code="C", what="w", severity="warning")]
    assert [line.split(" ")[0] for line in commands(found)] == ["::error", "::warning", "::notice"]


@pytest.mark.parametrize(
    ("asked", "environ", "is_wanted"),
    [(None, {}, False), (None, {"GITHUB_ACTIONS": "true"}, True), (False, {"GITHUB_ACTIONS": "true"}, False), (True, {}, True)],
)
def test_it_is_on_where_github_runs_us_and_as_asked_elsewhere(asked: bool | None, environ: dict[str, str], is_wanted: bool) -> None:
    assert wanted(asked, environ) is is_wanted
