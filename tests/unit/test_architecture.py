"""The house keeps its rules: what floors there are, what a file holds, what a start costs, and whose connection runs what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bgmigrate.versions.inside import DESCRIBE
from bgmigrate.versions.inside import SOURCES as PROBES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "bgmigrate").rglob("*.py"))
LONG = 300  # lines; more wants a reason, and the reason stands here
REASONS: dict[str, str] = {}


def test_floors_import_downward_only() -> None:
    done = subprocess.run([str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_package_has_a_floor() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = config["tool"]["importlinter"]["contracts"]
    floors = {name.strip() for line in contract["layers"] for name in re.split(r"[|:]", line)}
    modules = {f"bgmigrate.{p.stem}" for p in (ROOT / "bgmigrate").iterdir() if p.suffix == ".py" or (p.is_dir() and (p / "__init__.py").exists())}
    assert modules - floors - {"bgmigrate.__init__", "bgmigrate.__main__"} == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_holds_one_thing(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONG or str(path.relative_to(ROOT)) in REASONS, f"{lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body


def test_static_sql_names_its_lock_first() -> None:
    bare = [p.name for p in (ROOT / "bgmigrate/sql").glob("*.sql") if not p.read_text(encoding="utf-8").lstrip().startswith("--")]
    assert bare == []


def test_every_decision_fits_on_one_page() -> None:
    long = [p.name for p in (ROOT / "docs/decisions").glob("0*.md") if len(p.read_text(encoding="utf-8").splitlines()) > 25]
    assert long == []


def test_every_finding_code_in_the_code_is_documented() -> None:
    documented = set(re.findall(r"BGM\d{3}", (ROOT / "docs/reference/findings.md").read_text(encoding="utf-8")))
    used = {code for p in SOURCES for code in re.findall(r'"(BGM\d{3})"', p.read_text(encoding="utf-8"))}
    assert used - documented == set()


@pytest.mark.parametrize("heavy", ["sqlalchemy", "alembic", "psycopg", "rich"])
def test_help_imports_nothing_heavy(heavy: str) -> None:
    program = f"import sys\nfrom bgmigrate.cli import main\ntry:\n    main()\nfinally:\n    sys.stderr.write(str({heavy!r} in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True)
    assert done.stderr.endswith("False"), done.stderr


@pytest.mark.parametrize("path", [ROOT / "bgmigrate/versions/agent.py", DESCRIBE, *PROBES], ids=lambda p: p.name)
def test_the_agent_needs_nothing_but_the_standard_library_and_sqlalchemy(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = (n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")  # names that they share there
    for node in named:
        node.body = [ast.Pass()]
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {n.partition(".")[0] for n in names} - sys.stdlib_module_names - {"sqlalchemy"} == set()
