"""What a revision file looks like: only what Alembic and its reader need, and no date, so that the same plan gives the same bytes."""

from __future__ import annotations

import textwrap


def revision_text(
    *, message: str, revision: str, down_revision: str | tuple[str, ...] | None, branch_label: str | None = None,
    depends_on: str | tuple[str, ...] | None = None, docstring: str = "", imports: tuple[str, ...] = (), upgrade: str = "", downgrade: str = "",
) -> str:
    """The file's text. `upgrade` and `downgrade` are unindented statements; none means `pass`."""
    described = "\n\n".join(filter(None, (_quoted(message.strip()), _quoted(docstring.strip()))))
    head = f'"""{described}\n"""' if "\n" in described else f'"""{described}"""'
    third_party = ["from alembic import op"] if "op." in upgrade + downgrade or "(op" in upgrade + downgrade else []
    blocks = ["\n".join(block) for block in ([i for i in imports if _standard(i)], third_party, [i for i in imports if not _standard(i)]) if block]
    identifiers = "\n".join(
        f"{name} = {_literal(value)}"
        for name, value in (("revision", revision), ("down_revision", down_revision), ("branch_labels", branch_label), ("depends_on", depends_on))
    )
    body = f"def upgrade() -> None:\n{_indented(upgrade)}\n\n\ndef downgrade() -> None:\n{_indented(downgrade)}\n"
    return "\n\n".join([head, *blocks, identifiers]) + "\n\n\n" + body


def _standard(line: str) -> bool:
    return line.split()[1].split(".")[0] in ("pathlib", "datetime")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''")


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_literal, value)) + ("," if len(value) == 1 else "") + ")"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _indented(statements: str) -> str:
    return textwrap.indent(statements.strip("\n") or "pass", "    ")
