"""`bgmigrate lint` in a project: which revisions it looks at, what it prints, how it exits. No database anywhere."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bgmigrate.cli import main

Run = Callable[..., tuple[int, str]]
INDEX = 'op.create_index("ix_{0}", "orders", ["{0}"])'


class History:
    """A project whose revisions a test writes."""

    def __init__(self, directory: Path, run: Run) -> None:
        self.directory, self.run = directory, run
        (directory / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n', encoding="utf-8")
        self.git("init", "-q")

    def git(self, *arguments: str) -> None:
        """Run git as nobody in particular."""
        subprocess.run(["git", "-c", "user.email=a@b", "-c", "user.name=a", *arguments], cwd=self.directory, check=True, capture_output=True)

    def adopt(self) -> dict[str, str]:
        """`bgmigrate init`; the anchors' ids."""
        code, out = self.run("init")
        assert code == 0, out
        return {b: next((self.directory / "migrations" / b).glob("*.py")).name.split("_")[0] for b in ("expand", "contract")}

    def revision(self, folder: str, revision: str, below: str | None, body: str) -> Path:
        """Write a revision file."""
        path = self.directory / "migrations" / folder / f"{revision}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {revision!r}\ndown_revision = {below!r}\nbranch_labels = None\n"
            f"depends_on = None\n\n\ndef upgrade():\n    {body}\n\n\ndef downgrade():\n    pass\n", encoding="utf-8",
        )
        return path

    def found(self, *arguments: str) -> list[tuple[str, str]]:
        """Code and revision of each finding that is more than information."""
        _, out = self.run("lint", "--json", *arguments)
        return [(f["code"], f.get("revision", "")) for f in json.loads(out)["findings"] if f["severity"] != "info"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("BGMIGRATE_DATABASE_URL", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bgmigrate", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        return end.value.code, capsys.readouterr().out

    return command


@pytest.fixture
def history(run: Run, tmp_path: Path) -> History:
    return History(tmp_path, run)


@pytest.fixture
def adopted(history: History) -> History:
    """One revision before `init`, one on each branch after it; each builds an index."""
    history.adopt()
    anchors = {b: next((history.directory / "migrations" / b).glob("*.py")) for b in ("expand", "contract")}
    history.revision("versions", "old", None, INDEX.format("a"))
    for path in anchors.values():  # as `init` writes them on top of a history
        path.write_text(path.read_text(encoding="utf-8").replace("down_revision = None", 'down_revision = "old"'), encoding="utf-8")
    for branch, path in anchors.items():
        history.revision(branch, f"{branch}1", path.name.split("_")[0], INDEX.format(branch))
    return history


def test_it_looks_at_both_branches_after_the_anchors(adopted: History) -> None:
    assert adopted.found() == [("BGM101", "contract1"), ("BGM101", "expand1")] or adopted.found() == [("BGM101", "expand1"), ("BGM101", "contract1")]


def test_on_request_it_looks_at_the_whole_history_or_at_one_revision(adopted: History) -> None:
    assert {r for _, r in adopted.found("--all")} == {"old", "expand1", "contract1"}
    assert adopted.found("old") == [("BGM101", "old")]
    assert adopted.found("migrations/expand/expand1.py") == [("BGM101", "expand1")]


def test_a_history_without_branches_is_looked_at_whole(history: History) -> None:
    history.adopt()
    for branch in ("expand", "contract"):
        next((history.directory / "migrations" / branch).glob("*.py")).unlink()
    history.revision("versions", "old", None, INDEX.format("a"))

    assert history.found() == [("BGM101", "old")]


def test_with_a_git_ref_it_looks_at_what_is_new_or_changed(adopted: History) -> None:
    adopted.git("add", ".")
    adopted.git("commit", "-qm", "first")
    assert adopted.found("--diff-base", "HEAD") == []

    adopted.revision("expand", "expand2", "expand1", INDEX.format("c"))
    assert adopted.found("--diff-base", "HEAD") == [("BGM101", "expand2")]
    adopted.git("add", ".")
    adopted.git("commit", "-qm", "second")
    assert adopted.found("--diff-base", "HEAD~1") == [("BGM101", "expand2")]


@pytest.mark.parametrize("arguments", [("nope",), ("--diff-base", "nope"), ("--explain", "BGM801"), ("old", "--all")])
def test_what_is_not_there_is_a_usage_error(arguments: tuple[str, ...], adopted: History) -> None:
    assert adopted.run("lint", *arguments)[0] == 2


def test_a_finding_has_all_that_a_pipeline_needs(adopted: History) -> None:
    code, out = adopted.run("lint", "--json", "expand1")
    told: dict[str, Any] = json.loads(out)
    (finding,) = told["findings"]

    assert (code, told["outcome"], told["exit_code"]) == (3, "failed", 3)
    assert finding["severity"] == "error" and finding["path"] == "migrations/expand/expand1.py" and finding["line"] == 11
    assert finding["revision"] == "expand1" and finding["table"] == "orders" and finding["why"]
    assert 'op.create_index("ix_expand", "orders", ["expand"], postgresql_concurrently=True)' in finding["next"]
    assert told["revisions"] == [{"revision": "expand1", "phase": "expand"}]


def test_warnings_pass_unless_it_is_strict(adopted: History) -> None:
    adopted.revision("expand", "expand1", next((adopted.directory / "migrations/expand").glob("*begins.py")).name.split("_")[0],
                     'op.drop_index("ix", table_name="orders")')

    assert adopted.run("lint", "expand1")[0] == 0
    assert adopted.run("lint", "expand1", "--strict")[0] == 3


def test_the_configuration_decides(adopted: History) -> None:
    toml = adopted.directory / "pyproject.toml"
    text = toml.read_text(encoding="utf-8")

    toml.write_text(f'{text}\n[tool.bgmigrate.lint]\nseverity = {{ BGM101 = "warning" }}\n', encoding="utf-8")
    assert adopted.run("lint")[0] == 0
    toml.write_text(f'{text}\n[tool.bgmigrate.lint]\nsmall_tables = ["orders"]\n', encoding="utf-8")
    assert adopted.found() == []
    toml.write_text(f'{text}\n[tool.bgmigrate.lint]\nstart_after = "expand1"\n', encoding="utf-8")
    assert adopted.found("--all") == [("BGM101", "contract1")]
    toml.write_text(f'{text}\n[tool.bgmigrate.lint]\nseverity = {{ BGM999 = "off" }}\n', encoding="utf-8")
    assert adopted.run("lint")[0] == 2


def test_sarif_has_stdout_to_itself(adopted: History) -> None:
    code, out = adopted.run("lint", "--format", "sarif", "expand1")
    log = json.loads(out)
    run = log["runs"][0]
    (result,) = run["results"]

    assert (code, log["version"]) == (3, "2.1.0")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "BGM101"
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "migrations/expand/expand1.py" and location["region"] == {"startLine": 11}
    assert result["level"] == "error" and result["message"]["text"]


def test_github_gets_annotations(adopted: History, monkeypatch: pytest.MonkeyPatch) -> None:
    assert adopted.run("lint", "--format", "github", "expand1")[1].startswith("::error file=migrations/expand/expand1.py,line=11,title=BGM101 orders::")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert adopted.run("lint", "--format", "github", "expand1")[1].count("::error") == 1
    assert adopted.run("lint", "expand1")[1].count("::error") == 1


def test_a_rule_explains_itself(adopted: History) -> None:
    code, out = adopted.run("lint", "--explain", "bgm101")

    assert code == 0 and out.startswith("BGM101 index-not-concurrent (error)") and "postgresql_concurrently=True" in out


def test_a_revision_that_prints_leaves_the_object_alone_on_stdout(adopted: History) -> None:
    path = adopted.revision("expand", "expand2", "expand1", 'print("hello"); ' + INDEX.format("b"))
    path.write_text('print("imported")\n' + path.read_text(encoding="utf-8"), encoding="utf-8")

    assert [r for _, r in adopted.found("expand2")] == ["expand2"]


@pytest.mark.timeout(120)
def test_five_hundred_revisions_take_less_than_five_seconds_of_work(history: History) -> None:
    below = history.adopt()["expand"]
    bodies = (
        'op.create_table("t{0}", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("name", sa.Text()))', INDEX,
        'op.execute("UPDATE t{0} SET name = \'x\' WHERE id = 1")', 'op.add_column("t{0}", sa.Column("c", sa.Text()))',
    )
    for number in range(500):
        history.revision("expand", f"{number:012}", below, bodies[number % 4].format(number))
        below = f"{number:012}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "bgmigrate", "lint", "--json", "-q"], capture_output=True, text=True, cwd=history.directory)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert len(json.loads(done.stdout)["revisions"]) == 500
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
