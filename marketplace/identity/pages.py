"""The pages of identity."""

from marketplace.identity import (
    account_pages,
    credit_flag_pages,
    demo_pages,
    organisation_pages,
    sign_in_pages,
    verification_pages,
    waiting,
)
from marketplace.identity.blueprints import pages

__all__ = [
    "account_pages",
    "credit_flag_pages",
    "demo_pages",
    "organisation_pages",
    "pages",
    "sign_in_pages",
    "verification_pages",
    "waiting",
]
