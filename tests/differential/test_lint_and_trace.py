"""What lint says of a statement is what a server does: whom it locks out, what it does with every row meanwhile, and which hazard that is.

The trace is the rehearsal's; where the two differ it is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bgmigrate.lint.judge import judge as lint
from bgmigrate.lint.known import Known
from bgmigrate.lint.locks import STRONG, during
from bgmigrate.lint.statement import Reading
from bgmigrate.lint.work import work
from bgmigrate.rehearsal.judge import judge
from bgmigrate.rehearsal.statement import Statement
from tests.differential import cases_1xx, cases_rest
from tests.differential.case import WORLD, Case
from tests.differential.traced import Bench, file
from tests.servers import Server
from tests.unit.lint.reading import read_file, reading

EVERY = [*cases_1xx.CASES, *cases_rest.CASES]
Locks = Mapping[str, str]


@pytest.fixture(scope="module")
def bench(server: Server) -> Iterator[Bench]:
    with server.database("differential") as url:
        made = Bench(url)
        yield made
        made.close()


def known_of(*texts: str, folder: Path) -> Known:
    """What lint has learnt of revisions that execute these."""
    known = Known()
    for text in filter(None, texts):
        reading(folder, f'op.execute("""{text}""")', known=known)
    return known


@pytest.mark.every_server(extra=True)
@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.id)
def test_lint_says_what_the_server_does(case: Case, bench: Bench, server: Server, tmp_path: Path) -> None:
    if not case.since <= server.version // 10000 <= case.until:
        pytest.skip(f"not on PostgreSQL {server.version // 10000}")
    folder = tmp_path / "before"
    folder.mkdir()
    path = file(tmp_path, case.body)
    got = read_file(path, known=known_of(WORLD, case.world, folder=folder))
    unknowing = read_file(path, known=Known())
    bench.build(WORLD, case.world)
    traced = bench.trace(path)

    found = lint(got)
    codes = {f.code for f in found}
    if case.fails:
        assert traced[-1].error and any(f.severity == "error" for f in found), (traced, found)
        return
    assert not [s.error for s in traced if s.error]
    for line in sorted({s.line for s in traced if s.line}):
        mine = [s for s in traced if s.line == line]
        says, does = Said(got, line), Done(mine)
        assert says.locked(*case.fleeting) == does.locked(*case.fleeting), f"line {line}: locks"
        assert says.certain.items() <= does.standstill.items() <= (says.possible | says.certain).items(), f"line {line}: {says}, {does.standstill}"
        named = {f.code for s in mine for f in judge(s, {}, ()) if f.code != "BGM401"}
        assert named <= {f.code for f in found if f.line == line}, f"line {line}: the trace is called {named}, lint finds {codes}"
        if named and not case.history:  # whatever is not known of the history, it is not silent
            told = {f.severity for f in lint(unknowing) if f.line == line} - {"info"}
            assert told, f"line {line}: nothing is said where the history is not known"
    assert not case.code or case.code in codes, codes
    assert case.code or not [f for f in found if f.severity == "error"], found


class Said:
    """What lint says of the statements on a line: whom they lock out, with those before them in the transaction."""

    def __init__(self, got: Reading, line: int) -> None:
        here = [s for s in got.statements if s.line == line]
        held = [s for h in here for s in got.same_transaction(h)]
        self.locks = strongest((t, m) for s in (*held, *here) for t, m in during(s, got))
        works = [w for s in here for w in work(s, got)]
        self.certain = {w.table: w.kind for w in reversed(works) if w.certain and w.table in self.locks}
        self.possible = {w.table: w.kind for w in works if w.table in self.locks}

    def locked(self, *but: str) -> Locks:
        """Without those that are not asked for."""
        return {t: m for t, m in self.locks.items() if t not in but}

    def __repr__(self) -> str:
        return f"certain {self.certain}, possible {self.possible}"


class Done:
    """What the server did on a line."""

    def __init__(self, traced: list[Statement]) -> None:
        self.locks = strongest((x.relation, x.spelt) for s in traced for x in s.every)
        self.standstill = {t: kind(s, t) for s in traced for t in s.read_whole if t in {*s.blocks_writes, *s.blocks_reads}}

    def locked(self, *but: str) -> Locks:
        """Without those that are not asked for."""
        return {t: m for t, m in self.locks.items() if t not in but}


def strongest(locks: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Those that keep writers or readers out, the strongest of each table."""
    out: dict[str, str] = {}
    for table, mode in locks:
        if mode in STRONG and STRONG.index(mode) >= STRONG.index(out.get(table, "SHARE")):
            out[table] = mode
    return out


def kind(s: Statement, table: str) -> str:
    """What it did with every row of a table; a rewrite builds the indexes as well, and a build of a key looks for NULLs."""
    if s.sql.lstrip().upper().startswith(("UPDATE", "DELETE")):
        return "writes"
    return "rewrites" if table in s.rewrites else "builds" if table in s.built_on else "scans"
