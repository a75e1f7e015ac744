"""The beginning of a long text, for a message."""

from __future__ import annotations


def excerpt(text: str, most: int) -> str:
    """The text on one line; of a longer one at most so many characters, cut between words and marked with an ellipsis."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    kept, _, cut = line[:most].rpartition(" ")
    return (kept or cut[: most - 1]).rstrip(",;") + "…"  # a word that is as long as all that is cut within itself
