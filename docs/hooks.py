"""Writes the reference of the commands and the table of changes from the code, and finds the changes' pages, so that none can grow old."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import click

KINDS = "Kinds of change"


def on_config(config: Any, **_: Any) -> Any:
    """List every page of a kind of change, in the order of their names."""
    (section,) = (item for item in config["nav"] if KINDS in item)
    pages = sorted(p.name for p in Path(config["docs_dir"], "changes").glob("*.md") if p.name != "index.md")
    section[KINDS] = ["changes/index.md", *(f"changes/{name}" for name in pages)]
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks in a page by what the code says."""
    if "<!-- commands -->" in markdown:
        markdown = markdown.replace("<!-- commands -->", _commands())
    if "<!-- changes -->" in markdown:
        markdown = markdown.replace("<!-- changes -->", _changes())
    return markdown


def _commands() -> str:
    from bgmigrate.cli.main import cli

    common: set[str] = set.intersection(*({o for p in c.params for o in p.opts} for c in cli.commands.values()))
    parts = []
    for name in cli.list_commands(click.Context(cli)):
        command = cli.commands[name]
        lines = [f"## {name}", command.help or "", _table([p for p in command.params if not set(p.opts) <= common])]
        epilog = [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]
        if epilog:
            lines.append("```console\n" + "\n".join(f"$ {line}" for line in epilog) + "\n```")
        parts.append("\n\n".join(filter(None, lines)))
    first = next(iter(cli.commands.values()))
    shared = _table([p for p in first.params if set(p.opts) <= common])
    return "\n\n".join(["## Options of every command", shared, *parts])


def _table(parameters: list[click.Parameter]) -> str:
    if not parameters:
        return ""
    rows = []
    for p in parameters:
        if isinstance(p, click.Option):
            value = "" if p.is_flag or p.count else f" {p.metavar or _choices(p)}"
            rows.append((f"`{', '.join(p.opts)}{value}`", (p.help or "").replace("|", "\\|")))
        else:
            rows.append((f"`{(p.name or '').upper()}`", "optional" if not p.required else "required"))
    return "\n".join(["| option | does |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def _choices(option: click.Option) -> str:
    return "\\|".join(option.type.choices) if isinstance(option.type, click.Choice) else option.type.name.upper()


def _changes() -> str:
    from bgmigrate.changes import KINDS

    rows = []
    for kind in sorted(KINDS, key=lambda k: k.kind):
        module = inspect.getmodule(kind)
        told = " ".join((inspect.getdoc(module) or "").split("\n\n")[0].split())
        rows.append(f"| [{kind.kind.replace('_', ' ')}]({kind.kind}.md) | {told} | {' '.join((inspect.getdoc(kind) or '').split())} |")
    return "\n".join(["| kind | is | steps |", "|---|---|---|", *rows])
