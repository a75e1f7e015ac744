"""JUnit XML: one suite a version, one case a probe and table; both schemas that are in use hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from bgmigrate.errors import ConfigurationError
from bgmigrate.reporting import files
from tests.unit.reporting.documents import document, large


@pytest.fixture
def root(tmp_path: Path) -> xml.Element:
    files.write([tmp_path / "junit.xml"], document(at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    return xml.parse(tmp_path / "junit.xml").getroot()


def case(root: xml.Element, group: str, name: str) -> xml.Element:
    (found,) = [c for c in root.iter("testcase") if (c.get("classname"), c.get("name")) == (group, name)]
    return found


def test_one_suite_a_version_and_one_for_what_is_of_no_probe(root: xml.Element) -> None:
    assert [(s.get("name"), s.get("tests"), s.get("failures"), s.get("skipped")) for s in root] == [
        ("blue", "5", "2", "1"), ("green", "2", "0", "0"), ("verify", "1", "0", "0"),
    ]


def test_errors_are_failures_with_the_findings_texts_and_the_servers_words(root: xml.Element) -> None:
    failure = case(root, "blue.roundtrip", "users").find("failure")
    assert failure is not None
    assert failure.get("type") == "BGM801"
    assert failure.get("message") == "blue's INSERT fails <b>\ufffd"  # what XML cannot hold is replaced
    for part in ("why: w & x", "next: bgmigrate plan", 'null value in column "full_name" <b>', "INSERT INTO users"):
        assert part in (failure.text or "")


def test_inconclusive_is_skipped_with_its_reason(root: xml.Element) -> None:
    skipped = case(root, "blue.roundtrip", "seals").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "no row could be made"


def test_what_fails_on_another_schema_too_is_told_there_too(root: xml.Element) -> None:
    failure = case(root, "blue.roundtrip (contracted)", "users").find("failure")
    assert failure is not None
    assert "blue's INSERT fails" in (failure.text or "")


def test_a_probe_of_the_whole_schema_is_a_case_and_warnings_are_told_in_the_suites_output(root: xml.Element) -> None:
    assert not list(case(root, "green.command", "the schema as a whole"))
    assert "NULL may come" in (root[1].findtext("system-out") or "")


def test_it_has_what_both_schemas_require(root: xml.Element) -> None:
    for number, suite in enumerate(root):
        assert {*suite.keys()} >= {"name", "package", "id", "tests", "failures", "errors", "time", "timestamp", "hostname"}
        assert (suite.get("id"), suite.get("timestamp")) == (str(number), "2026-01-02T03:04:05")
        assert [e.tag for e in suite] == ["properties", *["testcase"] * int(suite.get("tests", "0")), "system-out", "system-err"]
        for test in suite.iter("testcase"):
            assert test.keys() == ["classname", "name", "time"]
            assert len(test) <= 1
        assert sum(float(t.get("time", "")) for t in suite.iter("testcase")) == pytest.approx(float(suite.get("time", "")))


def test_a_large_schema_is_one_case_a_table_and_probe(tmp_path: Path) -> None:
    files.write([tmp_path / "x.XML"], large(250))
    assert len(list(xml.parse(tmp_path / "x.XML").getroot().iter("testcase"))) == 1500


def test_paths_that_cannot_be_written_are_refused_and_those_that_can_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("before")
    files.writable([tmp_path / "old.html", tmp_path / "new.xml"])
    assert [p.name for p in tmp_path.iterdir()] == ["old.html"]
    assert (tmp_path / "old.html").read_text() == "before"
    with pytest.raises(ConfigurationError, match=r"out\.pdf") as caught:
        files.writable([tmp_path / "out.pdf"])
    assert ".html" in caught.value.next
    assert ".xml" in caught.value.next
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        files.writable([tmp_path / "nowhere" / "out.html"])
