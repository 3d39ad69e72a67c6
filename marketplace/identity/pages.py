"""The pages of identity."""

from marketplace.identity.blueprints import pages

__all__ = ["pages"]
