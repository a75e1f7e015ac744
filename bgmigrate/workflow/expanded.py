"""The last release and the working tree on a scratch database that the project's own expands have built: what a test run asks, without any server of
the service's."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bgmigrate import scratch
from bgmigrate.errors import ConfigurationError
from bgmigrate.findings import Finding
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot, SnapshotTable
from bgmigrate.verify import clone, facts
from bgmigrate.verify.outcome import PROBES
from bgmigrate.verify.subject import Subject, reflect
from bgmigrate.verify.trial import Version, opened
from bgmigrate.versions.load import last_tag, working_tree
from bgmigrate.versions.spec import parse
from bgmigrate.workflow.models import with_default_models
from bgmigrate.workflow.register import deployed_snapshot
from bgmigrate.workflow.report import Report
from bgmigrate.workflow.verify import verify


def adopted(settings: Settings) -> Project:
    """The project, opened. Raises ConfigurationError (BGM918) when it has no history, or one without the two branches."""
    project = Project.open(settings)
    project.anchor("expand")
    return project


@contextlib.contextmanager
def expanded(settings: Settings) -> Iterator[str]:
    """A scratch database's URL, with what both versions must live with: every expand, and of the contracts only those that an expand stands on."""
    project = adopted(settings)
    with scratch.database(settings, "expanded") as url:
        runner.upgrade(project, url, tuple(project.branch_heads("expand")), attributes={"bgmigrate.gate": "open"}, scratch=True)
        yield url


@contextlib.contextmanager
def last_release(settings: Settings, given: str | None = None) -> Iterator[str]:
    """The SPEC that is given, else the last tag that the working tree stands on; outside of any repository what the database has as deployed.

    Raises ConfigurationError when there is none of them.
    """
    tag = None if given else last_tag(settings.directory)
    if tag == "":
        raise ConfigurationError(
            f"no tag leads to the commit in {settings.directory}", why="The last release is the newest tag before the working tree.",
            next="Name it, for example --bgmigrate-blue git:main; in CI, fetch the tags (actions/checkout: fetch-depth: 0).",
        )
    if tag or (given and not given.startswith("deployed")):
        yield given or f"git:{tag}"
        return
    with tempfile.TemporaryDirectory(prefix="bgmigrate-") as directory:
        path = Path(directory, "deployed.json")
        path.write_text(json.dumps(deployed_snapshot(settings, None).as_json()), encoding="utf-8")
        yield f"snapshot:{path}"


def compare(settings: Settings, *, blue: str | None = None, green: str | None = None) -> Report:
    """Run `verify` for both on such a database. Raises what `verify` raises."""
    with last_release(settings, blue) as release, expanded(settings) as url:
        return verify(replace(settings, database_url=url), blue=release, green=green or working_tree(settings), progress=Progress(-1))


def asked(settings: Settings, version: str) -> list[str]:
    """The probes that the version will be asked; statements and a command only where they are configured."""
    optional = {"statements": settings.verify.statements, "command": settings.verify.command(version)}
    return [p for p in PROBES if optional.get(p, True)]


def broken(report: Report, version: str, probe: str) -> list[Finding]:
    """The errors of one probe of one version; of what is asked of the database itself, with the round trip's."""
    errors = [f for f in report.findings if f.severity == "error"]
    mine = [
        f for f in errors
        if f.version in (version, None) and (f.probe == probe or (probe == "roundtrip" and f.probe not in PROBES))
    ]
    failed = any(p["failed"] for p in report.extra["probes"] if (p["version"], p["probe"]) == (version, probe))
    return mine or ([f for f in errors if f.version == version] if failed else [])  # one cause of two probes' failures is told once


@dataclass(frozen=True, kw_only=True)
class Release:
    """The last release's version, running beside a test: `url` is the database, `tables` what its models say."""

    spec: str
    url: str
    snapshot: Snapshot
    _subject: Subject
    _facts: facts.Facts

    @property
    def tables(self) -> Mapping[str, SnapshotTable]:
        """Its tables by name, with their columns."""
        return self.snapshot.tables

    def write(self) -> list[dict[str, Any]]:
        """Let it commit rows of every class and table with its own models; where they are: `{"table": …, "key": [text]}`."""
        return self._subject.write(self._facts)

    def read(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Let it load rows, whoever wrote them: each with `values`, or with the `error` that it meets, or `missing`."""
        return self._subject.read(self._facts, rows)


@contextlib.contextmanager
def released(settings: Settings, url: str, blue: str | None = None) -> Iterator[Release]:
    """Load the last release for use on an expanded database. Raises VersionFailed."""
    with contextlib.ExitStack() as stack:
        text = stack.enter_context(last_release(settings, blue))
        settings = with_default_models(settings, text)
        subject = stack.enter_context(opened(settings, Version(name="blue", spec=parse(text, settings)), Progress(-1)))
        if subject.static:
            empty = clone.LiveSchema(sql="", search_path="public")
            subject.own = facts.read(stack.enter_context(clone.own(settings, subject.snapshot, empty, "blue")))
            reflect(subject)
        yield Release(spec=text, url=url, snapshot=subject.snapshot, _subject=subject, _facts=facts.read(url))
