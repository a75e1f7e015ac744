"""The ways to write models, for tests of `verify`."""

from tests.integration.styles import columns, inheritance, relations
from tests.integration.styles.style import HEAD, Style

__all__ = ["HEAD", "MODELS", "STYLES", "Style"]
STYLES = columns.STYLES | inheritance.STYLES | relations.STYLES
MODELS = HEAD + "".join(style.models for style in STYLES.values())  # all of them in one application
