"""Fixtures that every test may ask for: `server`, `database`, `project`; and which PostgreSQL they run on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bgmigrate.database import without_password
from tests import servers, turns
from tests.project import Project
from tests.servers import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run choose its server."""
    group = parser.getgroup("PostgreSQL")
    group.addoption("--server", choices=(*servers.KINDS, *servers.EXTRA), help="the server that tests run on (default: the first of these that the machine has)")
    group.addoption("--all", action="store_true", help="also the exhaustive tests that other commits' runs take")
    group.addoption("--test-dsn", metavar="URL", help="a running server on which databases may be made; wins over --server")


def pytest_configure(config: pytest.Config) -> None:
    """Declare our marks, and refuse a server that cannot be had instead of skipping everything."""
    config.addinivalue_line("markers", "every_server(extra=False): runs once on each PostgreSQL that the machine has; extra: on those of `make servers`, too")
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    config.addinivalue_line("markers", "exhaustive: one of many that ask one thing of everything; a whole run takes some, another commit's others (tests/turns.py)")
    kind = _chosen(config)
    if reason := servers.missing(kind):
        raise pytest.UsageError(f"no {kind} server: {reason}. Name one with --test-dsn URL or --server {{{','.join(servers.KINDS)}}}.")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say on what the tests run, and what every-server tests do without."""
    chosen = _chosen(config)
    what = without_password(config.getoption("--test-dsn")) if chosen == "dsn" else chosen
    lines = [f"PostgreSQL: {what}; tests of every server run on: {', '.join(_every(config))}"]
    return lines + [f"PostgreSQL: not on {kind}: {reason}" for kind, reason in _absent(config).items()]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the exhaustive tests that are not this commit's to the runs of others."""
    chosen = _chosen(config)
    late = {i for i in items if turns.late(i, chosen)}
    items[:] = [i for i in items if i not in late]
    config.stash[_LATE] = len(late)
    config.hook.pytest_deselected(items=list(late))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Repeat at the end what was left out and why, so that nobody takes a short run for a full one."""
    skipped = terminalreporter.stats.get("skipped", [])
    absent, late = _absent(config), config.stash.get(_LATE, 0)
    if not skipped and not absent and not late:
        return
    terminalreporter.section("left out", sep="-")
    if late:
        terminalreporter.line(f"{late} exhaustive tests: other commits' runs take them; `make test ARGS=--all` runs every one")
    for kind, reason in absent.items():
        terminalreporter.line(f"server {kind}: {reason}")
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        terminalreporter.line(f"{report.nodeid}: {reason}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `server` its values: the chosen one, or every one for tests that say so."""
    if "server" in metafunc.fixturenames:
        every = metafunc.definition.get_closest_marker("every_server")
        kinds = _every(metafunc.config, extra=every.kwargs.get("extra", False)) if every else [_chosen(metafunc.config)]
        metafunc.parametrize("server", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def _servers(request: pytest.FixtureRequest) -> Iterator[dict[str, Server]]:
    with contextlib.ExitStack() as stack:
        running: dict[str, Server] = {}
        request.session.config.stash[_STACK] = stack
        yield running


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, _servers: dict[str, Server]) -> Server:
    """A running server, started when first wanted and stopped at the end of the session."""
    kind: str = request.param
    if kind not in _servers:
        stack = request.session.config.stash[_STACK]
        _servers[kind] = stack.enter_context(servers.running(kind, request.config.getoption("--test-dsn") if kind == "dsn" else None))
    return _servers[kind]


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    with server.database() as url:
        yield url


@pytest.fixture
def project(server: Server, database: str, tmp_path: Path) -> Iterator[Project]:
    """A throw-away project on a database of its own."""
    directory = tmp_path / "shop"
    directory.mkdir()
    project = Project(directory=directory, url=database, scratch_url=server.url)
    yield project
    project.close()


_STACK = pytest.StashKey[contextlib.ExitStack]()
_LATE = pytest.StashKey[int]()


def _chosen(config: pytest.Config) -> str:
    return "dsn" if config.getoption("--test-dsn") else config.getoption("--server") or servers.choose()


def _every(config: pytest.Config, *, extra: bool = False) -> list[str]:
    chosen = _chosen(config)
    kinds = (*servers.KINDS, *servers.EXTRA) if extra else servers.KINDS
    return [chosen] + [kind for kind in kinds if kind != chosen and servers.missing(kind) is None]


def _absent(config: pytest.Config) -> dict[str, str]:
    return {kind: reason for kind in servers.KINDS if kind != _chosen(config) and (reason := servers.missing(kind))}
