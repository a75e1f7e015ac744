"""`python -m tests.corpus [--server KIND | --test-dsn URL] [NAME …]`: measure the pairs and print one table; exit 1 when anything is missed or falsely told."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from tests import servers
from tests.corpus.measure import Measured, applications, measure
from tests.corpus.pair import load, pairs

MARKDOWN = "| {} |"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(pairs())}")
    options.add_argument("--test-dsn", metavar="URL", help="a running server")
    options.add_argument("--markdown", action="store_true", help="as docs/explanation/corpus.md has it")
    options.add_argument("--verbose", action="store_true", help="also everything that verify said")
    given = options.parse_args()
    found, failed = [], []
    with servers.running("dsn" if given.test_dsn else servers.choose(), given.test_dsn) as server:
        for name in given.names or pairs():
            try:
                found.append(measure(load(name), server))
            except (RuntimeError, applications().NotInstalled) as error:
                failed.append(f"{name}: {error}")
            else:
                tell(found[-1], everything=given.verbose)
    for text in failed:
        print(f"NOT MEASURED {text}", file=sys.stderr)
    if given.markdown:
        for row in [HEAD, ("---",) * len(HEAD), *map(cells, found)]:
            print(MARKDOWN.format(" | ".join(row)))
    else:
        table = Table(*HEAD, title="verify on real releases")
        for one in found:
            table.add_row(*cells(one))
        Console(width=150).print(table)
    sys.exit(bool(failed) or not all(m.right for m in found))


HEAD = ("releases", "tables", "blue on new: found/true", "green on old: found/true", "tables hit along", "false alarms", "undecided", "unproved", "seconds")


def cells(m: Measured) -> tuple[str, ...]:
    """A pair's line."""
    by = {(s.release, s.schema): s for s in m.sides}
    blue, green = by["blue", "new"], by["green", "old"]
    return (
        m.pair.title, str(m.tables), *(f"{len(s.expected - s.missed)}/{len(s.expected)}" for s in (blue, green)),
        "/".join(str(sum(map(len, n))) for n in ([s.along - s.missed_along for s in m.sides], [s.along for s in m.sides])),
        str(sum(len(s.false) for s in m.sides)), str(sum(len(s.undecided) for s in m.sides)), str(len({t for s in m.sides for t in s.unproved})), f"{m.seconds:.1f}",
    )


def tell(m: Measured, *, everything: bool) -> None:
    """What is not as it should be."""
    for text in m.lies:
        print(f"{m.pair.name}: {text}", file=sys.stderr)
    for s in m.sides:
        where = f"{m.pair.name}: {s.release} on the {s.schema} schema"
        for word, names in (("MISSED", s.missed), ("MISSED along", s.missed_along), ("FALSE ALARM", s.false), ("unproved", s.unproved)):
            if names:
                print(f"{where}: {word} {', '.join(sorted(names))}", file=sys.stderr)
        for text in s.said if everything or s.false else ():
            print(f"{where}:   {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
