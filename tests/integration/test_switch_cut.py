"""A switch whose transaction in Consul is cut off: was it changed or not? The next one finds out, and nobody is told before."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.integration.routed import begin, intent
from tests.integration.test_switch import live
from tests.project import Project
from tests.servers import consul as server
from tests.servers.consul import Consul

pytestmark = pytest.mark.skipif(server.missing() is not None, reason=str(server.missing()))

KEY = "services/shop/active"


class Cutting:
    """Passes everything on to Consul but a transaction: of that it loses the `request` or the `answer`."""

    def __init__(self, port: int) -> None:
        self.port, self.loses = port, ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """As `store.url` has it."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._pass, args=[client], daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.port)) as upstream:
            asked_for = threading.Event()
            answers = threading.Thread(target=self._back, args=[upstream, client, asked_for], daemon=True)
            answers.start()
            with contextlib.suppress(OSError):
                while asked := client.recv(65536):
                    if b"/v1/txn" in asked and self.loses == "request":
                        break
                    if b"/v1/txn" in asked:
                        asked_for.set()
                    upstream.sendall(asked)
            for s in (upstream, client):
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)
            answers.join(5)

    def _back(self, upstream: socket.socket, client: socket.socket, asked_for: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while answer := upstream.recv(65536):
                if asked_for.is_set() and self.loses == "answer":
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(answer)


@pytest.fixture(scope="module")
def agent() -> Iterator[Consul]:
    """One for all tests here."""
    with server.agent() as found:
        yield found


@pytest.fixture
def cut(agent: Consul) -> Iterator[Cutting]:
    """Between a command and Consul."""
    agent.delete("")
    found = Cutting(agent.port)
    yield found
    found.listener.close()


@pytest.fixture
def shop(project: Project, cut: Cutting) -> Project:
    """Blue is live."""
    project.environ |= {"BGMIGRATE_STORE__KIND": "consul", "BGMIGRATE_STORE__URL": cut.url, "BGMIGRATE_STORE__TIMEOUT": "1s"}
    return begin(project)


def test_a_transaction_that_never_arrived_has_changed_nothing(shop: Project, agent: Consul, cut: Cutting) -> None:
    cut.loses = "request"
    assert shop.must("switch", code=1).codes == {"BGM934"}
    assert (agent.get(KEY), live(shop), intent(shop)) == ("blue", "blue", ["undone"])
    cut.loses = ""
    shop.must("switch")
    assert (agent.get(KEY), live(shop)) == ("green", "green")


@pytest.mark.parametrize("to", ["green", "blue"])
def test_one_whose_answer_was_lost_is_finished_or_put_back(shop: Project, agent: Consul, cut: Cutting, to: str) -> None:
    cut.loses = "answer"
    lost = shop.must("switch", code=1).json
    assert lost["next"] == "bgmigrate switch --resume"
    assert (agent.get(KEY), live(shop), intent(shop)) == ("green", "blue", ["meant"])
    cut.loses = ""
    shop.must("switch", "--resume", "--to", to)
    assert (agent.get(KEY), live(shop)) == (to, to)
    assert shop.must("status").json["switching"] is None
