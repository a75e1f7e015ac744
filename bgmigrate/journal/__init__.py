"""What was begun and finished, who is live and what was proved: kept in schema `bgmigrate` of the service's own database."""

from bgmigrate.journal.schema import ensure, exists

__all__ = ["ensure", "exists"]
