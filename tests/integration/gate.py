"""A running gate, and whoever asks it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

TOKEN = "0123456789abcdef0123"
Serve = Callable[..., "Gate"]


class Gate:
    """A server, and whoever asks it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"http://\S+?:\d+", line):
                self.url = found[0]
                return
        raise AssertionError(f"it did not start: exit {process.wait()}")

    def stop(self) -> int:
        """Its exit code when it is told to end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def ask(self, path: str, method: str = "GET", authorization: str | None = f"Bearer {TOKEN}", body: Any = None) -> tuple[int, Any]:
        """The status and the object (or the text) of one answer."""
        headers = {"Authorization": authorization} if authorization else {}
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        return status, json.loads(text) if text.startswith("{") else text
