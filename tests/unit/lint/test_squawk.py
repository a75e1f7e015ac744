"""squawk is asked where it is there, with our codes and on our lines; what our own rules have said is not said again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bgmigrate.lint import squawk
from bgmigrate.lint.judge import judge
from tests.unit.lint.reading import reading

LONG = "x" * 70


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that complains of every line with a long word or a char, as squawk does."""
    program = tmp_path / "squawk"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nrules = {{'{LONG}': 'identifier-too-long', 'char(': 'ban-char-field', 'INDEX': 'require-concurrent-index-creation'}}\n"
        "print(json.dumps([{'line': n, 'rule_name': rule, 'message': rule, 'help': None}\n"
        "                  for n, line in enumerate(sys.stdin) for mark, rule in rules.items() if mark in line]))\nsys.exit(1)\n", encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setattr(squawk, "program", lambda: str(program))
    return tmp_path


def _codes(folder: Path, body: str) -> list[tuple[str, int | None]]:
    (folder / "revisions").mkdir(exist_ok=True)
    got = reading(folder / "revisions", body)
    return [(f.code, f.line) for f in judge(got, others=squawk.found([got]).get(got.revision, ()))]


def test_it_sees_what_the_parser_has_cut_off(installed: Path) -> None:
    body = f'op.execute("COMMENT ON TABLE t IS 1;")\nop.execute("""CREATE TABLE\n  {LONG} (id bigint)""")'.replace("IS 1;", "IS NULL;")

    assert _codes(installed, body) == [("BGM124", 9), ("BGM609", 10)]


def test_what_our_own_rule_says_is_not_said_again(installed: Path) -> None:
    assert _codes(installed, 'op.execute("CREATE TABLE t (a char(3))")') == [("BGM603", 9)]


def test_its_rules_about_locks_are_ours(installed: Path) -> None:
    assert _codes(installed, 'op.execute("CREATE TABLE t (a text); CREATE INDEX i ON t (a)")') == []


def test_a_suppression_holds_for_it(installed: Path) -> None:
    assert _codes(installed, f'# bgmigrate: ignore BGM609 -- it was there before\nop.execute("CREATE TABLE {LONG} (id bigint)")') == []


def test_without_it_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squawk, "program", lambda: None)

    assert squawk.found([reading(tmp_path, f'op.execute("CREATE TABLE {LONG} (id bigint)")')]) == {}
