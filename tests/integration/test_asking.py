"""At a terminal `plan` asks what looks like a rename, with the likely candidates; without one it refuses and prints the hints to write."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=3)

PRELUDE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

'''
BLUE = PRELUDE + '''
class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    nick: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)

class Log(Base):
    __tablename__ = "logs"
    id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(Text)
'''
GREEN = BLUE.replace('"logs"', '"entries"').replace("    nick: Mapped[str | None] = mapped_column(Text)\n", "").replace("name: Mapped", "full_name: Mapped")


@pytest.fixture
def live(project: Project) -> Project:
    project.models(blue=BLUE, green=GREEN)
    project.start_blue("INSERT INTO people (name, nick) VALUES ('n', 'k'); INSERT INTO logs (line) VALUES ('l')")
    return project


def at_terminal(project: Project, answers: dict[str, str]) -> tuple[int, str]:
    """Run `plan --dry-run` at a terminal; give each answer when its question appears. Returns exit code and what was shown."""
    ours, theirs = pty.openpty()
    command = ["plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"), "--dry-run"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from bgmigrate.cli import main; main()", *command], cwd=project.directory, env=project.environment() | {"TERM": "dumb"},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )
    os.close(theirs)
    shown, waiting, deadline = "", dict(answers), time.monotonic() + 120
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                shown += os.read(ours, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                break
        for question, answer in list(waiting.items()):
            if re.search(question + r"[^?]*?\?.*?Which[^\n]*: $", shown, re.DOTALL):
                os.write(ours, f"{answer}\n".encode())
                del waiting[question]
                shown += "\n"
    os.close(ours)
    return process.wait(30), shown


def test_answers_are_taken_as_hints(live: Project) -> None:
    code, shown = at_terminal(live, {"entries is new": "1", r"people\.full_name is new": "1"})
    assert code == 0, shown
    assert re.search(r"1  people\.name\s+2  people\.nick\s+0  none", shown), shown  # the likeliest first
    assert "rename table: logs to entries" in shown
    assert "rename column: people.full_name" in shown
    assert "drop column: people.nick" in shown


def test_none_of_them_is_an_answer_too(live: Project) -> None:
    code, shown = at_terminal(live, {"entries is new": "0", r"people\.full_name is new": "0"})
    assert code == 0, shown
    assert "create table: entries" in shown
    assert "add column: people.full_name" in shown


def test_without_a_terminal_it_refuses_with_the_hints_to_write(live: Project) -> None:
    result = live.must("plan", "-m", "change", "--from", live.spec("blue"), "--target", live.spec("green"), code=3)
    told = " ".join(f["next"] for f in result.json["findings"])
    assert "--rename-table logs=entries" in told
    assert "--rename people.name=full_name" in told
    live.must("plan", "-m", "change", "--from", live.spec("blue"), "--target", live.spec("green"), "--rename-table", "logs=entries", "--rename", "people.name=full_name",
              "--dry-run")
