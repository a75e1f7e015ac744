"""Each kind of change has a page, and each page is what the code, the cases and the server say today."""

from __future__ import annotations

import re

import pytest

from bgmigrate.changes import KINDS, Change
from tests.lifecycle import pages
from tests.lifecycle.cases import every
from tests.servers import Server

WRITTEN_ON = 18  # the PostgreSQL whose locks the pages tell


def test_every_kind_has_a_case_and_a_page_and_no_other_has() -> None:
    kinds = {kind.kind for kind in KINDS}
    assert {case.kind for case in every()} == kinds
    assert {path.stem for path in pages.FOLDER.glob("*.md")} - {"index"} == kinds


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.id for case in every()]
    assert [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_page_says_what_both_versions_see_and_what_can_go_wrong(kind: type[Change]) -> None:
    assert hasattr(kind, "page"), f"{kind.__name__} has no page: ClassVar[Page]"
    told = (kind.page.blue, kind.page.green, *kind.page.wrong)
    assert kind.page.wrong
    assert [text for text in told if not text.strip() or text != " ".join(text.split())] == []


@pytest.mark.exhaustive(turns=3)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_page_is_what_is_true_today(kind: type[Change], server: Server) -> None:
    """Docstrings, models and texts, and the locks that the revisions on it take; the revisions themselves are compared in each case's life."""
    revisions = {case.id: pages.shown(case) for case in pages.cases_of(kind.kind)}
    have, want = pages.path_of(kind.kind).read_text(encoding="utf-8").splitlines(), pages.page(kind, server, revisions).splitlines()
    if server.version // 10000 != WRITTEN_ON:
        have, want = ([line for line in lines if not line.startswith("| ")] for lines in (have, want))
    assert have == want, f"run: {pages.COMMAND} {kind.kind}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_no_statement_that_others_wait_for_reads_or_writes_rows(kind: type[Change]) -> None:
    """ACCESS EXCLUSIVE and what else blocks is for the catalog alone: what takes long takes a lock that lets reads and writes go on.

    `generate_column` and `build_exclusion` stand behind `require_small`: PostgreSQL has no other way, and larger tables are refused.
    """
    lines = pages.path_of(kind.kind).read_text(encoding="utf-8").splitlines()
    rows = [line.removesuffix(" |").rsplit(" | ", 2) for line in lines if line.startswith(("| expand |", "| contract |"))]
    assert rows
    waits = [row for row in rows if row[1].endswith("writes") and re.match("scans|rewrites|builds|writes", row[2])]
    assert [row for row in waits if not re.search("`(generate_column|build_exclusion)`", row[0])] == []
