"""The command line: a command parses, calls one workflow function and prints. Nothing heavy is imported before a command runs."""

from bgmigrate.cli.main import main

__all__ = ["main"]
