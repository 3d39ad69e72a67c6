"""The pages of deals."""

from marketplace.deals import (
    cross_licence_pages,
    deal_pages,
    enforcement_pages,
    negotiation_pages,
    quotation_pages,
    royalty_pages,
)
from marketplace.deals.blueprints import pages

__all__ = [
    "cross_licence_pages",
    "deal_pages",
    "enforcement_pages",
    "negotiation_pages",
    "pages",
    "quotation_pages",
    "royalty_pages",
]
