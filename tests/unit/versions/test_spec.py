"""How a version is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmigrate.errors import ConfigurationError
from bgmigrate.settings import Settings
from bgmigrate.versions.spec import Spec, parse, with_models

SETTINGS = Settings(directory=Path("/project"), models=("shop.models:Base",))


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("git:v1.2", Spec(kind="git", source="v1.2", models=("shop.models:Base",))),
        ("path:../blue#models:Base", Spec(kind="path", source="../blue", models=("models:Base",))),
        ("python:/venv/bin/python#pkg.models,pkg.db:Base", Spec(kind="python", source="/venv/bin/python", models=("pkg.models", "pkg.db:Base"))),
        ("snapshot:blue.json", Spec(kind="snapshot", source="blue.json", models=("shop.models:Base",))),
        ("deployed", Spec(kind="deployed", models=("shop.models:Base",))),
    ],
)
def test_every_form_of_the_interface_is_read(text: str, spec: Spec) -> None:
    assert parse(text, SETTINGS) == spec


@pytest.mark.parametrize("text", ["", "main", "git:", "tag:v1", "deployed:now", "path"])
def test_anything_else_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ConfigurationError, match="does not name a version") as caught:
        parse(text, SETTINGS)
    assert "git:REF" in caught.value.next


def test_without_models_the_setting_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        with_models(parse("path:.", Settings(directory=Path("/project"))))
    assert caught.value.exit_code == 2
    assert "models =" in caught.value.next
    assert "BGMIGRATE_MODELS" in caught.value.next


def test_modules_to_import_alone_do_not_say_where_the_models_are() -> None:
    with pytest.raises(ConfigurationError):
        with_models(parse("path:.#pkg.models", SETTINGS))
