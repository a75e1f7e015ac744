"""A password is printed nowhere: not when it is wrong, not with -v, not in JSON."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.shop import BLUE, GREEN
from tests.integration.until import until
from tests.project import Project
from tests.servers import Server

SECRET = "pässwörd/with@everything"
QUOTED = "p%C3%A4ssw%C3%B6rd%2Fwith%40everything"


@pytest.fixture
def asking(server: Server) -> Iterator[str]:
    """A role that the server lets in with its password only."""
    if server.kind in ("dsn", "testcontainers"):
        pytest.skip("needs a server whose pg_hba.conf may be changed")
    with psycopg.connect(server.url, autocommit=True) as c:
        c.execute("CREATE ROLE locked LOGIN PASSWORD 'another one'")
        (file,) = c.execute("SHOW hba_file").fetchone() or ("",)
        lines = [r[0] for r in c.execute("SELECT line FROM regexp_split_to_table(pg_read_file(%s), '\n') line", (file,)).fetchall()]
        _write(c, file, ["local all locked scram-sha-256", "host all locked 127.0.0.1/32 scram-sha-256", *lines])
        try:
            until(lambda: not _lets_in(server.url), "the server has read its file again")
            yield "locked"
        finally:
            _write(c, file, lines)
            c.execute("DROP ROLE locked")


def _write(c: psycopg.Connection, file: str, lines: list[str]) -> None:
    # the server writes its own file: it belongs to another user than the tests
    c.execute("CREATE TEMPORARY TABLE IF NOT EXISTS hba (line text)")
    c.execute("TRUNCATE hba")
    for line in filter(None, lines):  # COPY would quote an empty one, and the server then reads none of the file
        c.execute("INSERT INTO hba VALUES (%s)", (line,))
    c.execute(f"COPY hba TO '{file}' WITH (DELIMITER E'\\x01', QUOTE E'\\x02', FORMAT csv)".encode())
    c.execute("SELECT pg_reload_conf()")


def _lets_in(url: str) -> bool:
    try:
        psycopg.connect(url, user="locked").close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("command", ["status", "expand", "contract", "rollback", "switch", "verify", "doctor"])
def test_a_wrong_password_is_never_printed(project: Project, asking: str, command: str) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.must("init")
    server, _, rest = project.url.partition("postgres@")
    project.environ["BGMIGRATE_DATABASE_URL"] = f"{server.replace('postgresql', 'postgresql+psycopg')}{asking}:{QUOTED}@{rest}"
    for options in ((), ("-v",)):
        result = project.call(command, *options)
        assert result.code in ((1, 2) if command == "doctor" else (1,)), result
        assert "BGM920" in result.codes or command == "doctor"
        for word in (SECRET, QUOTED, "with@everything", "with%40everything"):
            assert word not in result.out + result.err, result
