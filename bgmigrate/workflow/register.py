"""Record which version an environment runs."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import replace

from bgmigrate import journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.journal import apis, environments, fences, heartbeats
from bgmigrate.journal.apis import Apis
from bgmigrate.progress import Progress
from bgmigrate.routing import store, stores
from bgmigrate.routing.store import Live
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.versions.load import snapshot_of
from bgmigrate.workflow.models import with_default_models
from bgmigrate.workflow.report import Report

DAY = 86_400.0


def register(
    settings: Settings, *, environment: str | None = None, version: str | None = None, source: str | None = None, development: bool = False,
    retire: bool = False, provides: Sequence[str] | None = None, requires: Sequence[str] | None = None, heartbeat: str | None = None,
    lasts: float = DAY, progress: Progress | None = None,
) -> Report:
    """Record a version as what an environment runs (the live one), or as its candidate (the idle one); the first ever makes its environment live.

    `development` declares that this database serves no live environments; `retire` records that a version is gone. `provides`, `requires`: versions
    of this service's API and of others' (default: as configured). `heartbeat`: only record that something of this name, which holds no session
    between its runs, is a part of the environment for `lasts` seconds more. Raises
    ConfigurationError when the environment is not said or the version cannot be loaded, Refused when the live version would be retired.
    """
    say = progress or Progress()
    if retire:
        return _retire(settings, environment, version)
    if heartbeat:
        return _beat(settings, environment, heartbeat, lasts)
    has, calls = settings.provides if provides is None else provides, settings.requires if requires is None else requires
    settings = replace(settings, provides=tuple(has), requires=tuple(calls))
    # whether there is a database, and which environment is meant, is known sooner than what the version's models say
    with connect(settings.url, purpose="register") as connection:
        live = store.live(connection, settings.service) if journal.exists(connection) else None
    if not development or environment or version or source:
        environment = _environment(environment, live)
    lines: list[str] = []
    if development:
        journal.ensure(settings.url)
        with connect(settings.url, purpose="register") as connection:
            environments.declare_development(connection)
        lines.append("this database serves no live environments: gates are open here")
    report = None
    if environment:
        say.step(f"loading the models of {source or 'the working tree'}")
        settings = with_default_models(settings, source)
        snapshot = snapshot_of(settings, source, deployed=lambda: deployed_snapshot(settings, environment), environment=environment)
        called = version or version_name(settings, source)
        journal.ensure(settings.url)
        with connect(settings.url, purpose="register") as connection, connection.transaction():
            report = _record(connection, settings, environment, called, source or "working tree", snapshot)
    content = {"development": True} if development else {}
    return Report(
        command="register", service=settings.service, outcome=report[0] if report and not development else "done",
        extra=content | (report[1] if report else {}), lines=(*lines, *((report[2],) if report else ())),
    )


def deployed_snapshot(settings: Settings, environment: str | None) -> Snapshot:
    """What the journal has as deployed in an environment, or in the live one. Raises ConfigurationError when there is none."""
    with connect(settings.url, purpose="register") as connection:
        if journal.exists(connection):
            live = store.live(connection, settings.service)
            name = environment or (live.environment if live else None)
            found = environments.deployed(connection, settings.service, name) if name else None
            if found:
                return found.snapshot
    raise ConfigurationError(
        f"no version of {settings.service} is registered as deployed" + (f" in {environment}" if environment else ""),
        why="`deployed` is what the journal has registered.", next="bgmigrate register --env blue --version NAME --source SPEC",
    )


def version_name(settings: Settings, source: str | None) -> str:
    """What a version is called when nobody says: git's description of it, else its SPEC."""
    kind, _, ref = (source or "").partition("#")[0].partition(":")
    if source and kind != "git":
        return source
    described = ["describe", "--always", "--tags", *([ref] if source else ["--dirty"])]
    try:
        done = subprocess.run(["git", "-C", str(settings.directory), *described], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return source or "working tree"
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else source or "working tree"


def operator() -> str:
    """Who runs this command, for the history: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def _environment(named: str | None, live: Live | None) -> str:
    """The environment that is meant; only for the first one there is a default."""
    if live and not named:
        raise ConfigurationError(
            "which environment runs this version is not said", why=f"{live.environment} is live already; only the first one's name may be left out.",
            next=f"Name it: --env {live.environment}, or --env {live.idle} for the next version.",
        )
    return named or "blue"


def _record(
    connection: Connection, settings: Settings, name: str, version: str, source: str, snapshot: Snapshot
) -> tuple[str, dict[str, object], str]:
    service, live = settings.service, store.live(connection, settings.service)
    candidate = live is not None and live.environment != name
    known = [v for v in (environments.candidate(connection, service, name), environments.deployed(connection, service, name)) if v]
    same = bool(known) and (known[0].version, known[0].snapshot.fingerprint) == (version, snapshot.fingerprint)
    if not same:
        environments.register(
            connection, service=service, environment=name, version=version, source=source, snapshot=snapshot, candidate=candidate
        )
    state = "candidate" if (known[0].state == "candidate" if same else candidate) else "deployed"
    recorded = (environments.candidate if state == "candidate" else environments.deployed)(connection, service, name)
    declared = Apis(provides=frozenset(settings.provides), requires=frozenset(settings.requires))
    if recorded and apis.of(connection, recorded.id) != declared:
        apis.declare(connection, recorded.id, provides=declared.provides, requires=declared.requires)
        same = False
    fences.lift(connection, service, name)  # whatever stands there now is to run
    if live is None:
        if outside := stores.outside(settings):
            outside.create(name)  # before its copy here: run again, it finds it as it is
            outside.close()
        store.compare_and_set(connection, service, expected=None, to=name, by=operator(), reason="first registration", kind="first")
    content = {"environment": name, "version": version, "state": state, "live": live is None or live.environment == name, "source": source}
    text = f"{name}: {version} ({state}{', live' if content['live'] else ''})" + (", as was registered already" if same else "")
    return ("nothing_to_do" if same and live else "done"), content, text


def _beat(settings: Settings, environment: str | None, name: str, lasts: float) -> Report:
    if not environment:
        raise ConfigurationError("which environment it is a part of is not said", next=f"bgmigrate register --heartbeat {name} --env blue")
    journal.ensure(settings.url)
    with connect(settings.url, purpose="register") as connection:
        until = heartbeats.beat(connection, settings.service, environment, name, lasts)
    return Report(
        command="register", outcome="done", service=settings.service, extra={"environment": environment, "heartbeat": name, "until": until},
        lines=(f"{environment}: {name} is alive until {until:%Y-%m-%d %H:%M:%S}",),
    )


def _retire(settings: Settings, environment: str | None, version: str | None) -> Report:
    if not environment:
        raise ConfigurationError("which environment's version is gone is not said", next="bgmigrate register --retire --env blue")
    journal.ensure(settings.url)
    with connect(settings.url, purpose="register") as connection, connection.transaction():
        live = store.live(connection, settings.service)
        deployed = environments.deployed(connection, settings.service, environment)
        if live and live.environment == environment and deployed and version in (None, deployed.version):
            raise Refused(
                f"{environment} is live: its version {deployed.version} cannot be gone", why="Traffic goes to it.",
                next=f"Switch first: bgmigrate switch --to {live.idle}", code="BGM911",
            )
        heartbeats.end(connection, settings.service, environment)
        gone = environments.retire(connection, service=settings.service, environment=environment, version=version)
    return Report(
        command="register", service=settings.service, outcome="done" if gone else "nothing_to_do",
        extra={"environment": environment, "retired": gone},
        lines=(f"{environment}: {', '.join(gone)} retired" if gone else f"{environment}: no such version is registered",),
    )
