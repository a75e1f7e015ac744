"""From the process's arguments to its exit code: signals, usage errors and the group of commands."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

import click

from bgmigrate import __version__
from bgmigrate.cli import output, release, serve, setup
from bgmigrate.errors import ConfigurationError, Interrupted

COMMANDS = (*setup.COMMANDS, *release.COMMANDS, *serve.COMMANDS)


class InOrder(click.Group):
    """Lists its commands in the order in which a release meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Keep the order of registration."""
        return list(self.commands)


@click.group(
    cls=InOrder, commands={c.name or "": c for c in COMMANDS}, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Shell completion: eval \"$(_BGMIGRATE_COMPLETE=bash_source bgmigrate)\" in ~/.bashrc; zsh_source and fish_source likewise.",
)
@click.version_option(__version__, prog_name="bgmigrate", message="%(prog)s %(version)s")
def cli() -> None:
    """Blue/green schema changes for SQLAlchemy services on PostgreSQL: two versions run on one schema while you switch.

    A release: plan, expand, verify, switch, contract.
    """


def main() -> NoReturn:
    """Run one command and exit with its code."""
    gc.set_threshold(100_000)  # a command's schemas are large and stay until it ends: there is little garbage among them
    arguments = sys.argv[1:]
    as_json = "--json" in arguments
    with _sigterm_interrupts():
        try:
            code = cli.main(arguments, prog_name="bgmigrate", standalone_mode=False)
        except click.ClickException as error:
            code = _usage(error, as_json)
        except (click.Abort, KeyboardInterrupt):
            code = output.failure(Interrupted("interrupted", next="Run the same command again."), command="", service=None, as_json=as_json)
        except BrokenPipeError:
            code = 0
    _leave(code if isinstance(code, int) else 0)


def _usage(error: click.ClickException, as_json: bool) -> int:
    context: click.Context | None = getattr(error, "ctx", None)
    if not as_json and context and isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(context.get_help(), err=True)
        return error.exit_code
    command = context.info_name if context and context.parent else ""
    path = context.command_path if context else "bgmigrate"
    wrong = ConfigurationError(error.format_message(), next=f"See `{path} --help`.")
    return output.failure(wrong, command=command or "", service=None, as_json=as_json)


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: through every `finally`, so that locks and scratch databases go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signum: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(code: int) -> NoReturn:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader has gone (`| head`): nothing to say, and the interpreter must not complain at its end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
