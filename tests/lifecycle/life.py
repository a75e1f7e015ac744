"""The life of one change, step by step, with writers at work all the time."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import create_engine

from bgmigrate import journal
from bgmigrate.database import sqlalchemy_url
from tests.lifecycle import catalog, pages
from tests.lifecycle.case import PRELUDE, Case
from tests.lifecycle.catalog import Catalog
from tests.lifecycle.traffic import Traffic, create_all
from tests.project import Project, Result
from tests.servers import Server

KILLED = 137
LONGEST_STALL = 8.0  # seconds; what one write may wait on a machine that runs two such lives at once


def wanted(case: Case, server: Server) -> Catalog:
    """The catalog of green's own `create_all`."""
    with server.database("wanted") as url:
        engine = create_engine(sqlalchemy_url(url))
        create_all(case.green, engine)
        engine.dispose()
        return catalog.read(url)


class Life:
    """Takes one case through every command. Each method is one step of it and asserts what that step promises.

    `straight`: from expand to contract without a way back, a kill or a second plan; another commit's run, or another server's, sees to those.
    """

    def __init__(self, case: Case, project: Project, server: Server, *, straight: bool = False) -> None:
        self.case, self.project, self.server, self.straight = case, project, server, straight
        project.models(blue=PRELUDE + case.blue, green=PRELUDE + case.green)
        self.traffic = Traffic(case, project.url)

    def run(self) -> None:
        """The whole life. Raises AssertionError at the first broken promise."""
        try:
            self._run()
        finally:
            self.traffic.stop()

    def _run(self) -> None:
        pages.begin(self.project, self.case)
        original = self.catalog()
        self.traffic.start("blue")
        self.plan()
        seeded_places = catalog.places(self.project.url)
        self.expand()
        expanded = self.catalog()
        self.nothing_rewritten(seeded_places)
        self.both_write("after expand")
        if not self.straight:
            self.rollback(original, expanded)
            self.expand_with_kills()
            self.equal(expanded, "an expand that was killed and resumed")
            self.both_write("after the resumed expand")
        self.project.must("verify", "--blue", self.project.spec("blue"), "--green", self.project.spec("green"))
        self.project.must("switch", "--to", "green", "--reason", "lifecycle")
        self.traffic.check("after switch")
        self.contract()
        green = wanted(self.case, self.server)
        self.equal(green, "the contracted schema, against green's create_all,")
        for query, rows in self.case.final:
            assert self.project.sql(query) == rows, query
        assert self.traffic.slowest < LONGEST_STALL
        if not self.straight:
            again = self.project.must("plan", "-m", "again", "--from", self.project.spec("green"), "--target", self.project.spec("green"))
            assert again.json["outcome"] == "nothing_to_do", again
            self.on_an_empty_database(green)

    def taken_back(self) -> None:
        """Contract goes into quarantine, comes back whole, and is purged at last: killed on each of the ways, while green (then both) write."""
        try:
            self._taken_back()
        finally:
            self.traffic.stop()

    def _taken_back(self) -> None:
        pages.begin(self.project, self.case)
        self.traffic.start("blue")
        self.plan()
        self.expand()
        self.both_write("after expand")
        self.project.must("verify", "--blue", self.project.spec("blue"), "--green", self.project.spec("green"))
        self.project.must("switch", "--to", "green", "--reason", "lifecycle")
        self.traffic.stop()
        self.traffic.together(False)
        expanded = self.catalog()
        self.quarantine()
        self.again("contract", "--undo", at=(1, 2))
        self.equal(expanded, "the schema after the contract was taken back")
        self.both_write("after the contract was taken back")
        self.traffic.stop()
        self.traffic.together(False)
        self.quarantine()
        before = self.traffic.memory("green")
        self.again("contract", "--purge", at=(1, 2))
        self.traffic.same("green", before, "purge")
        self.equal(wanted(self.case, self.server), "the purged schema, against green's create_all,")

    def quarantine(self) -> None:
        """Green reads the same rows as before, and goes on writing."""
        before = self.traffic.memory("green")
        drained = ("--drained", "blue's writer has ended")
        self.again("contract", "--quarantine", "1h", *drained, at=(1, 2))
        assert self.project.must("contract", "--quarantine", "1h", *drained).json["outcome"] == "nothing_to_do"
        self.traffic.same("green", before, "quarantine")
        self.traffic.start("green")
        self.traffic.more(2)
        self.traffic.stop()
        self.calm("quarantine")

    def again(self, *command: str, at: tuple[int, ...]) -> None:
        """Kill a command before its n-th statement, and again, then run it to its end."""
        for fault in at:
            result = self.project.run(*command, environ={"BGMIGRATE_FAULT": str(fault)})
            assert result.code in (0, KILLED), result
            if result.code == 0:
                return
        self.project.must(*command)

    def plan(self) -> Result:
        """Plan green; the changes name what the case says."""
        result = self.project.must("plan", "-m", "change", "--from", self.project.spec("blue"), "--target", self.project.spec("green"))
        changes = result.json["changes"]
        told = " ".join(str(change) for change in changes)
        assert [word for word in self.case.changes if word not in told] == [], changes
        assert self.case.kind in {change["kind"] for change in changes}, changes
        differ = pages.stale(self.case, pages.texts(self.project, result))
        assert not differ, differ
        phases = {revision["phase"] for revision in result.json["revisions"]}
        assert phases == {"expand", "contract"} if self.case.contracts else phases == {"expand"}
        self.project.must("register", "--env", "green", "--version", "green-1", "--source", self.project.spec("green"))
        return result

    def expand(self) -> None:
        """Expand while blue writes."""
        self.traffic.more()
        self.project.must("expand")
        self.calm("expand")

    def both_write(self, when: str) -> None:
        """Both versions read every row, then both write and read what the other wrote."""
        self.traffic.together(True)
        self.traffic.check(when)
        self.traffic.start("green")
        self.traffic.more(3)
        self.traffic.check(f"{when}, both writing")
        self.calm(f"{when}, both writing")

    def rollback(self, original: Catalog, expanded: Catalog) -> None:
        """Take expand back while blue writes: blue's rows stay, and no trace."""
        self.traffic.stop()
        self.traffic.together(False)
        if self.case.clean_up:
            # what green wrote breaks blue's rules: it must be neither lost nor kept silently
            assert self.project.must("rollback", code=3).json["findings"]
            self.project.sql(self.case.clean_up)
        before = self.traffic.memory("blue")
        self.traffic.start("blue")
        self.traffic.more(1)
        told = self.project.must("rollback").json["findings"]
        assert [n for n in self.case.stays if not any(f["severity"] == "warning" and n in f["what"] for f in told)] == [], told
        self.traffic.stop()
        self.traffic.ruled_by("blue")
        rows = self.traffic.memory("blue")
        assert [t for t in before if before[t].keys() - rows[t].keys() and not self.deletes(t)] == [], "rollback lost rows"
        original = Counter({t: n for t, n in original.items() if not self.stays(t)}) + Counter({t: n for t, n in expanded.items() if self.stays(t)})
        self.equal(original, "the schema after rollback")
        self.calm("rollback")
        self.traffic.start("blue")

    def expand_with_kills(self) -> None:
        """Kill expand early and late, run it again each time: it gets through. Where else it may be killed, test_rules.py tries."""
        self.killed("expand", at=(2, 6))
        self.calm("an expand that was killed")

    def contract(self) -> None:
        """Blue goes; green writes while the old is dropped; the same rows are read afterwards."""
        self.traffic.stop()
        self.traffic.together(False)
        before = self.traffic.memory("green")
        self.killed("contract", "--drained", "blue's writer has ended", at=(1, 3))
        self.traffic.same("green", before, "contract")
        self.traffic.start("green")
        self.traffic.more(2)
        self.traffic.stop()
        self.calm("contract")

    def killed(self, *command: str, at: tuple[int, ...]) -> None:
        """Kill a command before its n-th statement, and again, then run it to its end; there is nothing left to do for it then."""
        for fault in () if self.straight else at:
            result = self.project.run(*command, environ={"BGMIGRATE_FAULT": str(fault)})
            assert result.code in (0, KILLED), result
            if result.code == 0:
                break
        self.project.must(*command)
        assert self.project.must(*command).json["outcome"] == "nothing_to_do"

    def on_an_empty_database(self, green: Catalog) -> None:
        """Plain `alembic upgrade heads` builds green's schema where there is nothing."""
        with self.server.database("fresh") as url:
            journal.ensure(url)  # by `alembic upgrade` it takes a process of its own; test_plain_alembic.py does that
            done = Project(directory=self.project.directory, url=url, scratch_url=self.server.url).alembic("upgrade", "heads")
            assert done.code == 0, done
            assert catalog.difference(catalog.read(url), green) == []

    def nothing_rewritten(self, before: dict[int, tuple[str, int]]) -> None:
        """No table of blue's lies elsewhere on disk, and tables that only the catalog knows of have no trigger of ours."""
        now = catalog.places(self.project.url)
        assert {name for oid, (name, node) in before.items() if oid in now and now[oid][1] != node} == set()
        triggers = {name for what, name, _ in self.catalog() if what == "trigger"}
        assert [name for name in triggers if name.split(".")[1] in self.case.catalog_only] == []

    def deletes(self, table: str) -> bool:
        """Does blue's writer delete rows of that table?"""
        return any(w.table == table and w.kind == "delete" for w in self.case.blue_writes)

    def stays(self, thing: tuple[str, str, str]) -> bool:
        """Is it something that rollback cannot take back, or need not?"""
        return thing[1].rpartition(".")[2] in self.case.kept

    def catalog(self) -> Catalog:
        """The live catalog."""
        return catalog.read(self.project.url)

    def equal(self, want: Catalog, what: str) -> None:
        """The live catalog is that one."""
        wrong = catalog.difference(self.catalog(), want)
        assert not wrong, f"{what} differs:\n" + "\n".join(wrong)

    def calm(self, when: str) -> None:
        """No writer met an error or a wrong value."""
        assert not self.traffic.faults, f"{when}:\n" + "\n".join(self.traffic.faults)
