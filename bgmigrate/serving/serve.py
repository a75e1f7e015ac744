"""Serve the gates until a signal ends it."""

from __future__ import annotations

import contextlib
import socket

from bgmigrate.errors import ConfigurationError, InfrastructureError
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report

_SHORTEST = 16  # characters of a token


def serve(settings: Settings, *, listen: str = "127.0.0.1:8383", progress: Progress | None = None) -> Report:
    """Answer over HTTP what `switch --dry-run`, `contract --dry-run` and `status` say.

    `listen`: HOST:PORT; port 0 takes a free one, and says which. Raises ConfigurationError when the extra `serve` is not installed, no token is
    set or the address makes no sense, InfrastructureError when it cannot be listened on.
    """
    say = progress or Progress()
    token = _token(settings)
    try:
        import uvicorn

        from bgmigrate.serving.application import Gates
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"`serve` needs {error.name}, which is not installed", why="What speaks HTTP is optional.", next="pip install 'bgmigrate[serve]'"
        ) from None
    with _listening(listen) as listener:
        host, port = listener.getsockname()[:2]
        config = uvicorn.Config(
            Gates(settings, token, say).application(), log_config=None, access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=30,
        )
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        say.step(f"gates of {settings.service} at {address}")
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the signal again when every answer is given
            uvicorn.Server(config).run(sockets=[listener])
    return Report(command="serve", outcome="done", service=settings.service, extra={"listen": f"{host}:{port}"}, lines=("stopped",))


def _token(settings: Settings) -> str:
    token = settings.serve.token or ""
    if len(token) < _SHORTEST:
        raise ConfigurationError(
            f"the token is shorter than {_SHORTEST} characters" if token else "no token is set",
            why="Whoever reaches the port could ask, and see who runs what.",
            next="export BGMIGRATE_SERVE__TOKEN=$(openssl rand -hex 32), for the callers too.",
        )
    return token


def _listening(listen: str) -> socket.socket:
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise ConfigurationError(f"--listen {listen} is not HOST:PORT", next="For example --listen 127.0.0.1:8383, or [::1]:8383.")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, int(port)), family=family)
    except OSError as error:
        raise InfrastructureError(
            f"{listen} cannot be listened on: {error.strerror or error}", why="Nobody can ask.",
            next="See who has the port (ss -ltnp), or choose another with --listen.",
        ) from None
