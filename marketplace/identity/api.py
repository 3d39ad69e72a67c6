"""The JSON API of identity."""

from marketplace.identity.blueprints import api

__all__ = ["api"]
