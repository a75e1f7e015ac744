"""Do the last release and this one run on one schema? As tests of the project's own: `pytest --bgmigrate`, and two fixtures.

Every pytest run of every project loads this file: nothing else of ours is imported until it is asked for.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bgmigrate.settings import Settings
    from bgmigrate.workflow.expanded import Release
    from bgmigrate.workflow.report import Report

_RAN = pytest.StashKey[Any]()  # the report, or the error that stood in its way


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("bgmigrate", "the last release and this one on one schema")
    group.addoption("--bgmigrate", action="store_true", help="Try both versions on a scratch database that the project's expands have built.")
    group.addoption("--bgmigrate-blue", metavar="SPEC", help="The version that runs now (default: the last tag; without git, what is deployed).")
    group.addoption("--bgmigrate-green", metavar="SPEC", help="The version to come (default: the working tree).")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a project that cannot be tried, before anything is collected."""
    if config.getoption("bgmigrate", False):
        with _plainly():
            from bgmigrate.workflow.expanded import adopted

            adopted(_settings(config))


@pytest.hookimpl(tryfirst=True)  # so that -k and -m choose among ours too
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one test for each version and probe."""
    if config.getoption("bgmigrate", False):
        top = _Versions.from_parent(session, name="bgmigrate", nodeid="bgmigrate")
        items += [item for version in top.collect() for item in version.collect()]


class _Versions(pytest.Collector):
    def collect(self) -> Iterable[_Version]:
        return [_Version.from_parent(self, name=name) for name in ("blue", "green")]


class _Version(pytest.Collector):
    def collect(self) -> Iterable[_Probe]:
        from bgmigrate.workflow.expanded import asked

        return [_Probe.from_parent(self, name=name) for name in asked(_settings(self.config), self.name)]


class _Probe(pytest.Item):
    def __init__(self, **of: Any) -> None:
        super().__init__(**of)
        if self.config.pluginmanager.hasplugin("xdist"):
            self.add_marker(pytest.mark.xdist_group("bgmigrate"))  # --dist loadgroup: one worker runs the trial

    def runtest(self) -> None:
        from bgmigrate.reporting.junit import told
        from bgmigrate.workflow.expanded import broken

        report, version = _report(self.config), self.parent.name if self.parent else ""
        if errors := broken(report, version, self.name):
            raise _Fails("\n".join(map(told, errors)))
        proved = [p for p in report.extra["probes"] if (p["version"], p["probe"]) == (version, self.name)]
        if not proved:
            pytest.skip("this probe was not run")
        if any(p["inconclusive"] for p in proved):
            why = [f.what for f in report.findings if f.code == "BGM806" and f.version == version]
            pytest.skip("inconclusive: " + ("; ".join(why) or "see bgmigrate verify"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, _Fails) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, None, self.nodeid


class _Fails(Exception):
    """What a probe found; the findings' texts say all there is."""


@pytest.fixture(scope="session")
def bgmigrate_scratch(pytestconfig: pytest.Config) -> Iterator[str]:
    """SQLAlchemy's URL of a database that the project's expands have built; it is dropped at the end."""
    from bgmigrate.database import sqlalchemy_url
    from bgmigrate.workflow.expanded import expanded

    with contextlib.ExitStack() as stack:
        with _plainly(), _hushed():
            url = sqlalchemy_url(stack.enter_context(expanded(_settings(pytestconfig))))
        yield url


@pytest.fixture(scope="session")
def bgmigrate_blue(pytestconfig: pytest.Config, bgmigrate_scratch: str) -> Iterator[Release]:
    """The last release on that database: `tables`, `url`, and `write()` and `read(rows)` with its own models."""
    from bgmigrate.workflow.expanded import released

    with contextlib.ExitStack() as stack:
        with _plainly(), _hushed():
            release = stack.enter_context(released(_settings(pytestconfig), bgmigrate_scratch, pytestconfig.getoption("bgmigrate_blue")))
        yield release


def _settings(config: pytest.Config) -> Settings:
    from bgmigrate.settings import load

    return load(directory=config.rootpath)


def _report(config: pytest.Config) -> Report:
    """Run the trial once, when the first of its tests is run."""
    from bgmigrate.errors import BgmigrateError
    from bgmigrate.workflow.expanded import compare

    if _RAN not in config.stash:
        with _hushed():
            try:
                blue, green = config.getoption("bgmigrate_blue"), config.getoption("bgmigrate_green")
                config.stash[_RAN] = compare(_settings(config), blue=blue, green=green)
            except BgmigrateError as error:
                config.stash[_RAN] = error
    ran = config.stash[_RAN]
    if isinstance(ran, BgmigrateError):
        raise _Fails(_told(ran))
    report: Report = ran
    return report


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """Our errors as pytest's, without a traceback."""
    from bgmigrate.errors import BgmigrateError

    try:
        yield
    except BgmigrateError as error:
        raise pytest.UsageError(_told(error)) from None


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """What libraries warn of in the trial is no matter of the project's `-W error`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _told(error: Any) -> str:
    from bgmigrate.reporting.junit import told

    return "\n".join(map(told, error.findings))
