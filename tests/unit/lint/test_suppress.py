"""A finding can be answered for, with a reason; what silences nothing is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmigrate.errors import ConfigurationError
from bgmigrate.lint.judge import checked
from tests.unit.lint.reading import codes, found

INDEX = 'op.create_index(\n    "ix", "orders",\n    ["a"],{0}\n){1}'


@pytest.mark.parametrize("body", [
    "# bgmigrate: ignore BGM101 -- twelve rows\n" + INDEX.format("", ""),
    "# bgmigrate: ignore BGM101 -- twelve rows,\n# and none of them new\n" + INDEX.format("", ""),
    INDEX.format("", "  # bgmigrate: ignore BGM101 -- twelve rows"),
    INDEX.format("  # bgmigrate: ignore BGM101, BGM101 -- twelve rows", ""),
])
def test_a_reason_silences(body: str, tmp_path: Path) -> None:
    assert codes(tmp_path, body) == []


def test_it_holds_for_one_statement_only(tmp_path: Path) -> None:
    body = "# bgmigrate: ignore BGM101 -- twelve rows\n" + INDEX.format("", "") + '\nop.create_index("iy", "orders", ["b"])'

    assert codes(tmp_path, body) == ["BGM101"]


def test_in_a_batch_it_holds_for_its_own_line(tmp_path: Path) -> None:
    body = """\
    with op.batch_alter_table("orders") as batch:
        batch.create_index("ix", ["a"])  # bgmigrate: ignore BGM101 -- twelve rows
        batch.create_index("iy", ["b"])
    """

    assert [f.line for f in found(tmp_path, body)] == [11]


@pytest.mark.parametrize("mark", ["# bgmigrate: ignore BGM101", "# bgmigrate: ignore BGM101 --  "])
def test_without_a_reason_it_silences_nothing_and_is_an_error(mark: str, tmp_path: Path) -> None:
    told = found(tmp_path, f"{mark}\n" + INDEX.format("", ""))

    assert [(f.code, f.severity) for f in told] == [("BGM940", "error"), ("BGM101", "error")]
    assert told[0].next.startswith("# bgmigrate: ignore BGM101 -- ")


def test_without_a_code_it_is_an_error(tmp_path: Path) -> None:
    assert codes(tmp_path, "# bgmigrate: ignore -- all is well\n" + INDEX.format("", "")) == ["BGM940", "BGM101"]


def test_one_that_silences_nothing_is_told(tmp_path: Path) -> None:
    body = "# bgmigrate: ignore BGM101, BGM102 -- twelve rows\n" + INDEX.format("", "")
    (told,) = found(tmp_path, body)

    assert (told.code, told.severity) == ("BGM941", "warning") and "BGM102" in told.what and "BGM101" not in told.what


def test_a_string_is_no_comment(tmp_path: Path) -> None:
    assert codes(tmp_path, 'op.execute("COMMENT ON TABLE t IS \'# bgmigrate: ignore BGM101\'")') == []


def test_severities_are_configured(tmp_path: Path) -> None:
    body = INDEX.format("", "")

    assert [f.severity for f in found(tmp_path, body, BGM101="warning")] == ["warning"]
    assert found(tmp_path, body, BGM101="off", BGM401="off") == []


@pytest.mark.parametrize("severities", [{"BGM999": "off"}, {"BGM101": "silent"}])
def test_a_misspelt_severity_is_refused(severities: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        checked(severities)
