"""Applications that do odd things when they are imported: what comes of it, and whether a person can act on what is said."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.versions.load import snapshot_of
from bgmigrate.versions.process import Agent, VersionFailed

MODELS = """
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    points = Column(Integer, default=100)
"""


def described(tree: Path, text: str, models: str = "models:Base", **settings: float) -> Snapshot:
    (tree / "models.py").write_text(text)
    return snapshot_of(Settings(directory=tree, **settings), f"path:{tree}#{models}")  # type: ignore[arg-type]


def refused(tree: Path, text: str, models: str = "models:Base", **settings: float) -> VersionFailed:
    with pytest.raises(VersionFailed) as caught:
        described(tree, text, models, **settings)
    return caught.value


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("import os, time\nif os.fork() == 0:\n    time.sleep(600)", id="forks a child that does not end"),
        pytest.param("import os\nCHILD = os.fork() == 0", id="forks a child that is imported to its end"),
        pytest.param("import subprocess\nsubprocess.Popen(['sleep', '600'], close_fds=False)", id="starts a program that does not end"),
        pytest.param(
            "import signal\nfor s in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD, signal.SIGUSR2):\n    signal.signal(s, signal.SIG_IGN)",
            id="ignores signals",
        ),
        pytest.param("import os\nos.environ.clear()", id="clears the environment"),
        pytest.param("import sys\nsys.stdout.close(); sys.stderr.close(); sys.stdout = sys.stderr = None", id="closes its outputs"),
        pytest.param(
            "import json, logging\nplain = json.dumps\njson.dumps = lambda v, **kw: plain(v, **{**kw, 'indent': 1})\njson.loads = None\nlogging.disable()\n"
            "logging.getLogger().handlers[:] = [logging.StreamHandler()]", id="redefines json and logging",
        ),
        pytest.param("import sys, types\nsys.modules['json'] = types.ModuleType('json')", id="replaces json"),
    ],
)
def test_what_an_application_does_when_imported_does_not_get_out(tmp_path: Path, capfd: pytest.CaptureFixture[str], odd: str) -> None:
    column = described(tmp_path, f"{odd}\n{MODELS}").tables["users"].columns["points"]
    assert column.default == {"kind": "scalar", "sql": "100"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "what", "then"),
    [
        pytest.param("import sys\nsys.exit()", "it calls sys.exit when it is imported", "only define models", id="sys.exit"),
        pytest.param("import sys\nsys.exit('no licence')", "SystemExit: no licence (it calls sys.exit", "only define models", id="sys.exit with words"),
        pytest.param("import os\nos._exit(0)", "ended with exit code 0", "only define models", id="os._exit"),
        pytest.param("import os\nif os.fork():\n    os._exit(0)\n" + MODELS, "ended with exit code 0", "only define models", id="a daemon"),
        pytest.param(
            "import os, time\nif os.fork():\n    os._exit(3)\ntime.sleep(600)", "ended with exit code 3", "only define models", id="a daemon that waits",
        ),
        pytest.param("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "killed by signal 15 (SIGTERM)", "-v shows", id="a signal"),
        pytest.param("import os\nos.environ['SHOP_LICENCE']", "KeyError: 'SHOP_LICENCE'", "Set SHOP_LICENCE for this command", id="a variable"),
        pytest.param(
            "raise RuntimeError('environment variable SHOP_LICENCE is not set')", "is not set", "Set SHOP_LICENCE for this command", id="a variable, in words",
        ),
        pytest.param("{}['users']", "KeyError: 'users'", "-v for the whole traceback", id="a key of its own"),
        pytest.param("import gone_package.x", "No module named 'gone_package'", "Install gone_package for ", id="a package"),
        pytest.param("from sqlalchemy import nothing", "cannot import name 'nothing'", "-v for the whole traceback", id="a name"),
        pytest.param("def f(:", "SyntaxError: ", "-v for the whole traceback", id="a syntax error"),
        pytest.param("input('which database? ')", "EOFError", "-v for the whole traceback", id="a question"),
        pytest.param(
            "from sqlalchemy import create_engine\ncreate_engine('postgresql+psycopg://u:secret@127.0.0.1:1/x').connect()", "onnection refused",
            "name a server that can be reached", id="a database that is away",
        ),
        pytest.param("import socket\nsocket.create_connection(('127.0.0.1', 1))", "Connection refused", "name a server that can be reached", id="a service that is away"),
        pytest.param("raise ValueError('one\\ntwo')", "ValueError: one two", "-v for", id="several lines"),
        pytest.param("class Stop(BaseException):\n    pass\nraise Stop('here')", "Stop: here", "-v shows", id="no Exception at all"),
    ],
)
def test_what_stands_in_the_way_is_said_with_what_to_do(tmp_path: Path, text: str, what: str, then: str) -> None:
    began = time.monotonic()
    error = refused(tmp_path, text)
    assert what in error.what
    assert "\n" not in error.what
    assert "secret" not in error.what
    assert then in error.next
    assert error.why
    assert error.findings[0].code == "BGM922"
    assert time.monotonic() - began < 30  # nothing waits for what does not come


def test_imports_that_meet_in_a_circle_from_one_end_only(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "app.py").write_text("from shop.db import Base\nimport shop.models\n")
    (tmp_path / "shop" / "db.py").write_text("from sqlalchemy.orm import declarative_base\nBase = declarative_base()\n")
    (tmp_path / "shop" / "models.py").write_text("from shop.mixins import Mixin\n" + MODELS.replace("Base = declarative_base()", "from shop.db import Base"))
    (tmp_path / "shop" / "mixins.py").write_text("import sys\nif 'shop.app' not in sys.modules:\n    from shop.models import Base\nclass Mixin: pass\n")
    error = refused(tmp_path, "", "shop.models:Base")
    assert "circular import" in error.what
    assert "SOURCE#package,shop.models:Base" in error.next
    assert "users" in described(tmp_path, "", "shop.app,shop.models:Base").tables


def test_a_module_that_is_not_there_is_the_specs_fault(tmp_path: Path) -> None:
    assert "Correct the module in the SPEC" in refused(tmp_path, MODELS, "shop.models:Base").next


def test_a_hang_ends_and_says_where(tmp_path: Path) -> None:
    error = refused(tmp_path, "import time\n\ndef wait_for_licence():\n    time.sleep(600)\nwait_for_licence()", load_timeout=2.0)
    assert f"did not answer within 2 s (load); it is at {tmp_path / 'models.py'}:4" in error.what
    assert "BGMIGRATE_LOAD_TIMEOUT=4s" in error.next


def test_a_long_import_is_waited_for_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bgmigrate.versions.process.SAY_AFTER", 1.0)
    (tmp_path / "models.py").write_text("import time\ntime.sleep(3)\n" + MODELS)
    said: list[str] = []
    with Agent("blue", sys.executable, paths=[str(tmp_path)], models=["models:Base"], directory=tmp_path, say=said.append):
        pass
    assert said[0] == "  waiting for blue to be imported: 1 s of at most 120 s"
    assert len(said) < 6  # ever more seldom
