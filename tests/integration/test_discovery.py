"""Service discovery: who is live is asked once and then known, heard of at once when it changes, and known while the store is away."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from bgmigrate import discovery
from bgmigrate.discovery import Watch, active_environment, switch_environment
from bgmigrate.errors import ConfigurationError, EvidenceMissing, InfrastructureError
from bgmigrate.routing.stores.consul import ConsulStore
from bgmigrate.settings import Settings, load
from tests.integration.routed import begin
from tests.integration.until import until
from tests.project import Project
from tests.servers import consul


@pytest.fixture
def shop(project: Project) -> Iterator[Project]:
    """Blue is live, green is proved."""
    yield begin(project)
    discovery.forget()


def settings(shop: Project, **environ: str) -> Settings:
    """As an application in the project's directory would load them."""
    return load(directory=shop.directory, environ=shop.environment() | environ)


def test_the_application_is_told_who_is_live_and_hears_of_a_switch(shop: Project) -> None:
    of = settings(shop)
    assert active_environment("shop", settings=of) == "blue"
    report = switch_environment("shop", "green", reason="from Python", settings=of)
    assert report.extra["live"] == "green"
    until(lambda: active_environment("shop", settings=of) == "green", "the watch has heard of it")


def test_it_is_asked_once_and_then_only_heard(shop: Project) -> None:
    of = settings(shop)
    active_environment(settings=of)
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bgmigrate/store' AND datname = current_database()"
    for _ in range(1000):
        active_environment("shop", settings=of)
    assert shop.sql(ours) == [(1,)]
    discovery.forget()
    shop.must("switch")
    assert active_environment("shop", settings=of) == "green"


def test_where_nothing_is_said_the_settings_are_read_once(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shop.directory)
    assert active_environment() == active_environment("shop") == "blue"
    (shop.directory / "pyproject.toml").unlink()
    assert active_environment("shop") == "blue"


def test_a_watch_calls_back_and_survives_the_end_of_its_connection(shop: Project) -> None:
    heard: list[str] = []
    with Watch(settings(shop), changed=heard.append) as watch:
        shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bgmigrate/store' AND datname = current_database()")
        assert watch.environment == "blue"
        shop.must("switch")
        until(lambda: heard == ["green"], "it was called")
        assert watch.environment == "green"


def test_the_gate_is_not_passed_by(project: Project) -> None:
    begin(project, proved=False)
    with pytest.raises(EvidenceMissing):
        switch_environment("shop", "green", settings=settings(project))


def test_nobody_is_live_and_a_store_that_is_away(project: Project) -> None:
    with pytest.raises(ConfigurationError, match="no environment of shop is live"):
        active_environment("shop", settings=settings(project))
    with pytest.raises(InfrastructureError):
        active_environment("shop", settings=settings(project, BGMIGRATE_DATABASE_URL="postgresql://127.0.0.1:9/x"))
    discovery.forget()


def test_a_forked_worker_asks_for_itself(shop: Project) -> None:
    of = settings(shop)
    assert active_environment("shop", settings=of) == "blue"
    shop.sql("UPDATE bgmigrate.live SET environment = 'green'")  # without a notification: whoever asks anew knows it
    child = os.fork()
    if child == 0:
        os._exit(0 if active_environment("shop", settings=of) == "green" else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(consul.missing() is not None, reason=str(consul.missing()))
def test_with_consul_no_database_is_needed_and_its_absence_is_outlived(project: Project) -> None:
    with consul.agent() as agent:
        of = settings(
            project, BGMIGRATE_STORE__KIND="consul", BGMIGRATE_STORE__URL=agent.url, BGMIGRATE_STORE__TIMEOUT="500ms", BGMIGRATE_DATABASE_URL="",
        )
        ConsulStore(of).create("blue")
        assert active_environment("shop", settings=of) == "blue"
        agent.put("services/shop/active", "green")
        until(lambda: active_environment("shop", settings=of) == "green", "it has heard of it")
        agent.stop()
        assert active_environment("shop", settings=of) == "green"
        agent.start()
        agent.put("services/shop/active", "blue")
        until(lambda: active_environment("shop", settings=of) == "blue", "it hears again")
        discovery.forget()
