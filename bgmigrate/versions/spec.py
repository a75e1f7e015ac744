"""A version as it is named on the command line: `SOURCE[#MODELS]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from bgmigrate.errors import ConfigurationError
from bgmigrate.settings import Settings

Kind = Literal["git", "path", "python", "snapshot", "deployed"]
FORMS = "git:REF, path:DIR, python:INTERPRETER, snapshot:FILE or deployed, each with an optional #module:attribute"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Where a version is (`source`: a ref, directory, interpreter or file) and what its models are called."""

    kind: Kind
    source: str = ""
    models: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.kind}:{self.source}" if self.source else self.kind
        return f"{text}#{','.join(self.models)}" if self.models else text

    @property
    def runnable(self) -> bool:
        """Whether there is code to run; a snapshot only describes."""
        return self.kind in ("git", "path", "python")


def parse(text: str, settings: Settings) -> Spec:
    """Read a SPEC; MODELS left out are the configured ones. Raises ConfigurationError for anything that is not a SPEC."""
    source, hash_, named = text.partition("#")
    kind, colon, rest = source.partition(":")
    if kind not in ("git", "path", "python", "snapshot", "deployed") or (kind == "deployed") == bool(colon) or (colon and not rest):
        raise ConfigurationError(
            f"{text!r} does not name a version", why="Guessing which code is meant would compare the wrong versions.", next=f"Write {FORMS}."
        )
    models = tuple(m.strip() for m in named.split(",") if m.strip()) if hash_ else settings.models
    return Spec(kind=cast(Kind, kind), source=rest, models=models)


def with_models(spec: Spec) -> Spec:
    """The SPEC itself when it can be loaded. Raises ConfigurationError, naming the setting, when nothing says what its models are."""
    if spec.runnable and not any(":" in m for m in spec.models):
        raise ConfigurationError(
            f"nothing says where the models of {spec} are",
            why="A version is described and run through its declarative base, registry or MetaData.",
            next='Set models = "package.models:Base" under [tool.bgmigrate] (or BGMIGRATE_MODELS), or write it after the SPEC: '
            f"{spec.kind}:{spec.source}#package.models:Base.",
        )
    return spec
