"""`bgmigrate serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bgmigrate.cli.common import Run, command

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report


@command(example="bgmigrate serve --listen 0.0.0.0:8383     # the token is in BGMIGRATE_SERVE__TOKEN\ncurl -H \"Authorization: Bearer …\" http://gate:8383/v1/gate/shop/switch")
@click.option("--listen", default="127.0.0.1:8383", show_default=True, metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
def serve(run: Run, listen: str) -> Report:
    """Answer over HTTP whether switch and contract may go on, for Argo Rollouts, Flagger, ECS and other callers."""
    return run("serve", listen=listen)


COMMANDS = (serve,)
